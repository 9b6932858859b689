"""Three programs at once on one directory, of which only one knows lifeos-db: nothing that any of them writes is lost.

A writer of plain SQL adds interactions and edits people. A program of the legacy kind loads people_entities.json,
sleeps, changes people and rewrites the whole file, again and again. `lifeos db watch` imports and exports. At the end
every interaction and every edit must be in the database, or in the table of conflicts; the JSON must be what the
database holds; and verify must be clean.

    python bench/three_programs.py [SECONDS]      60 by default; exits with 1 if anything is lost
"""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import lifeos_db
from lifeos_db.demo import write_legacy_directory

PEOPLE = "people_entities.json"
# Both append to the notes, so that an edit which came after another one still has it; the others are set anew.
EDITED_BY_SQL = "position"
EDITED_BY_BOTH = "notes"
EDITED_BY_LEGACY = "company"

Edits = dict[str, dict[str, list[str]]]
"""By person id and field, the edits in their order."""

LEGACY = """
import json, os, random, sys, time
path, until = sys.argv[1], time.time() + float(sys.argv[2])
rng, number, last = random.Random(2), 0, {}
while time.time() < until:
    with open(path) as file:
        records = json.load(file)
    for _ in range(rng.choice((1, 1, 3))):  # saves several times from one load
        time.sleep(rng.uniform(0.05, 0.6))
        record = records[rng.randrange(len(records) // 2)]
        key = rng.choice(("company", "company", "notes"))
        number += 1
        edit = f"[legacy {number}]"
        record[key] = record[key] + edit if key == "notes" else edit
        last.setdefault(record["id"], {}).setdefault(key, []).append(edit)
        with open(path + ".tmp", "w") as file:
            json.dump(records, file, indent=2)
        os.replace(path + ".tmp", path)
print(json.dumps(last))
"""


def main(seconds: float) -> int:
    """Run the load and print what became of it; returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="three-programs-") as name:
        path = Path(name) / "data"
        write_legacy_directory(path)
        lifeos_db.migrate(path, backup=False)
        program = Path(sys.executable).with_name("lifeos")
        watch = subprocess.Popen(
            [program, "db", "watch", "--data-dir", path, "--format", "json", "--max-delay", "2"],
            stdout=subprocess.PIPE,
            text=True,
        )
        legacy = subprocess.Popen(
            [sys.executable, "-c", LEGACY, path / PEOPLE, str(seconds)], stdout=subprocess.PIPE, text=True
        )
        try:
            rows, by_sql = _write_sql(path, seconds)
            by_legacy = json.loads(legacy.communicate(timeout=60)[0])
            time.sleep(1)
            watch.send_signal(signal.SIGTERM)
            lines = [json.loads(line) for line in watch.communicate(timeout=60)[0].splitlines()]
        finally:
            for process in (watch, legacy):
                if process.poll() is None:
                    process.kill()
                    process.wait()
        return _judge(path, rows, by_sql, by_legacy, lines, watch.returncode)


def _write_sql(path: Path, seconds: float) -> tuple[int, Edits]:
    """Interactions in batches, and now and then an edit; returns the rows written and the edits of each field."""
    rng, rows = random.Random(1), 0
    edits: Edits = {}
    until = time.monotonic() + seconds
    with closing(sqlite3.connect(path / "interactions.db", timeout=30)) as conn:
        people = [row[0] for row in conn.execute("SELECT id FROM people ORDER BY rowid")]
        while time.monotonic() < until:
            batch = [
                (f"load-{rows + n}", rng.choice(people), "2026-01-01T00:00:00+00:00", rng.choice(("gmail", "sms")), "t")
                for n in range(rng.randrange(1, 40))
            ]
            conn.executemany(
                "INSERT OR IGNORE INTO interactions (id, person_id, timestamp, source_type, title) "
                "VALUES (?, ?, ?, ?, ?)",
                batch,
            )
            rows += len(batch)
            if rng.random() < 0.3:
                person, column = rng.choice(people[: len(people) // 2]), rng.choice((EDITED_BY_SQL, EDITED_BY_BOTH))
                edit = f"[sql {rows}]"
                edits.setdefault(person, {}).setdefault(column, []).append(edit)
                value = "notes || ?" if column == EDITED_BY_BOTH else "?"
                conn.execute(f"UPDATE people SET {column} = {value} WHERE id = ?", (edit, person))
            conn.commit()
            time.sleep(rng.uniform(0, 0.1))
    return rows, edits


def _judge(path: Path, rows: int, by_sql: Edits, by_legacy: Edits, lines: list[dict[str, object]], code: int) -> int:
    with closing(sqlite3.connect(path / "interactions.db")) as conn:
        written = conn.execute("SELECT count(*) FROM interactions WHERE id LIKE 'load-%'").fetchone()[0]
        columns = (EDITED_BY_SQL, EDITED_BY_BOTH, EDITED_BY_LEGACY)
        query = f"SELECT id, {', '.join(columns)} FROM people"
        values = {(row[0], key): [value or ""] for row in conn.execute(query) for key, value in zip(columns, row[1:])}
        conflicts = conn.execute("SELECT record_id, key, theirs, ours FROM import_conflicts").fetchall()
    for person, key, theirs, ours in conflicts:
        values[person, key] += [json.loads(theirs), json.loads(ours)]
    lost = []
    for who, edits in (("SQL", by_sql), ("the legacy program", by_legacy)):
        for person, fields in edits.items():
            for key, made in fields.items():
                wanted = made if key == EDITED_BY_BOTH else made[-1:]
                lost += [
                    f"the edit {edit} of {key} of {person} by {who}"
                    for edit in wanted
                    if not any(edit in value for value in values[person, key])
                ]
    if written != rows:
        lost.append(f"{rows - written} of {rows} interactions")
    if lifeos_db.check_export(path).status != "fresh":
        lost.append("the JSON is not what the database holds")
    report = lifeos_db.verify(path, deep=True)
    if {check.name for check in report.checks if check.found} - {"orphans"}:  # the demo's directory has some
        lost.append(f"verify: {report.status}")
    if code:
        lost.append(f"watch ended with {code}")
    print(f"{rows:,} interactions, {_count(by_sql)} edits by SQL, {_count(by_legacy)} edits by the legacy program")
    print(f"{len(lines)} lines of watch; {len(conflicts)} conflicts kept; {len(lost)} lost")
    for item in lost:
        print(f"  lost: {item}")
    return 1 if lost else 0


def _count(edits: Edits) -> int:
    return sum(len(made) for fields in edits.values() for made in fields.values())


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 60))

"""What keeping relationships costs: prints the ratios that docs/relationships.md quotes.

python bench/relationships.py [ROWS [PEOPLE]]   (default 50000 rows, 3000 people; scratch files in $TMPDIR)

The load is like a mailbox, in rows of 300 bytes: 35 % of the rows are mail threads of up to 20 people, 15 % events of
up to 30, the rest direct. The people of one thread or event are of one circle of 60, of which a third is shared with
the next circle; each is in it with one row, which is the dearest kind. The same schema without the evidence is the
measure: the people triggers alone.
"""

from __future__ import annotations

import random
import re
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from lifeos_db.migrations import steps
from sqlite_utils import Database

from lifeos_db.evidence import count_pairs, rebuild_evidence
from lifeos_db.relationships import strongest
from lifeos_db.schema_objects import apply, differences, expected

INSERT = f"""INSERT {{}} INTO interactions
(id, person_id, timestamp, source_type, title, source_id, snippet, source_link, created_at)
VALUES (?, ?, ?, ?, ?, ?, '{"what was said, " * 7}', 'https://mail.example.com/u/0/#inbox/17c2b9f0a1d3e5', 0)"""
EVIDENCE = re.compile(r"\s*UPDATE evidence_changes.*?;", re.DOTALL)


def person(number: int) -> str:
    return f"5e1f{number:04x}-9c23-4dc1-b840-{number * 7919 % 2**32:012x}"


def mailbox(rows: int, people: int) -> list[tuple[str, ...]]:
    """Rows of the load, in the order in which a sync would write them."""
    dice = random.Random(1)
    found: list[tuple[str, ...]] = []
    written = {"gmail": 0, "calendar": 0, "direct": 0}
    number = 0
    while len(found) < rows:
        number += 1
        circle = int(dice.random() ** 2 * people / 40) * 40
        stamp = f"20{dice.randint(10, 25)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}T10:00:00+00:00"
        share = {"gmail": 0.35, "calendar": 0.15, "direct": 0.5}
        kind = max(share, key=lambda name: share[name] * len(found) - written[name])
        size = {"gmail": 20, "calendar": 30, "direct": 1}[kind]
        for one in {(circle + dice.randrange(60)) % people for _ in range(dice.randint(1, size))}:
            written[kind] += 1
            identity = f"{dice.getrandbits(128):032x}"
            if kind == "gmail":
                row = ("gmail", f"← what thread {number} is about", f"<{number}@mail>:cc:{one}")
            elif kind == "calendar":
                row = ("calendar", "Meeting", f"event{number}:{one}")
            else:
                row = (dice.choice(["imessage", "whatsapp", "phone", "slack"]), "→ hello", f"message{number}")
            found.append((identity, person(one), stamp, *row))
    return found[:rows]


def database(path: Path, people: int, evidence: bool) -> sqlite3.Connection:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("PRAGMA journal_mode = WAL")
    conn.execute(next(item.sql for item in expected("table") if item.name == "interactions"))
    steps.apply(Database(conn, recursive_triggers=False, execute_plugins=False))
    apply(conn, differences(conn))
    if not evidence:
        for item in expected("trigger"):
            if EVIDENCE.search(item.sql):
                conn.execute(f"DROP TRIGGER {item.name}")
                conn.execute(EVIDENCE.sub("", item.sql))
    conn.execute("INSERT INTO settings (key, value) VALUES ('owner_id', ?)", (person(0),))
    conn.execute("BEGIN")
    conn.executemany("INSERT INTO people (id) VALUES (?)", ((person(number),) for number in range(people)))
    conn.execute("COMMIT")
    return conn


def insert(conn: sqlite3.Connection, rows: list[tuple[str, ...]], policy: str, commit: int) -> float:
    """Processor seconds a million rows, that is microseconds a row."""
    started = time.process_time()
    for first in range(0, len(rows), commit or len(rows)):
        conn.execute("BEGIN")
        conn.executemany(INSERT.format(policy), rows[first : first + (commit or len(rows))])
        conn.execute("COMMIT")
    return (time.process_time() - started) / len(rows) * 1e6


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    people = int(sys.argv[2]) if len(sys.argv) > 2 else 3_000
    rows = mailbox(count, people)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        print(f"{count:,} rows, {people:,} people; microseconds a row: people alone, with relationships, ratio")
        for policy in ("OR IGNORE", ""):
            for commit in (0, 500):
                best = [9e9, 9e9]
                for _ in range(2):
                    for evidence in (False, True):
                        conn = database(path, people, evidence)
                        best[evidence] = min(best[evidence], insert(conn, rows, policy, commit))
                        if not evidence or (policy, commit) != ("", 500):
                            conn.close()
                what = f"INSERT {policy}".strip() + (f", commits of {commit}" if commit else ", one transaction")
                print(f"  {what:<36}{best[0]:>7.1f}{best[1]:>7.1f}{best[1] / best[0]:>7.2f}", flush=True)
        pairs = count_pairs(conn)
        started = time.perf_counter()
        conn.execute("BEGIN")
        rebuild_evidence(conn)
        conn.execute("COMMIT")
        print(f"backfill: {time.perf_counter() - started:.1f} s for {pairs:,} pairs")
        lookups = []
        for number in range(0, people, max(1, people // 50)):
            started = time.perf_counter()
            strongest(conn, person(number))
            lookups.append((time.perf_counter() - started) * 1e3)
        lookups.sort()
        print(f"one person, with dates: median {lookups[len(lookups) // 2]:.2f} ms, worst {lookups[-1]:.2f} ms")
        conn.close()


if __name__ == "__main__":
    main()

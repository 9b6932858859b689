"""Many programs at once: nobody is locked out, no row is lost, and no export goes back in time."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lifeos_db.directory import PEOPLE_FILE
from tests.prove.frame import Effort, Row
from tests.prove.grounds import Grounds, half_written, unsound
from tests.prove.warm import LIFEOS
from tests.recount import assert_exact

TITLE = "Many at once"
WRITERS = 8
FULL_SECONDS = 60.0

WRITER = """
import json, random, sqlite3, sys, time
path, name, people, until, holds = sys.argv[1], sys.argv[2], sys.argv[3].split(","), *map(float, sys.argv[4:6])
rng, mine, waits, number = random.Random(name), {}, 0, 0
conn = sqlite3.connect(path, timeout=60, isolation_level=None)
columns = "(id, person_id, timestamp, source_type, title, source_id)"
while time.time() < until:
    conn.execute("BEGIN IMMEDIATE" if holds else rng.choice(("BEGIN", "BEGIN IMMEDIATE")))
    made, gone = [], []
    for _ in range(rng.randrange(1, 30)):
        number += 1
        row = (f"{name}-{number}", rng.choice(people), "2025-01-01", rng.choice(("gmail", "sms", "slack")), "t",
               f"{name}-{number // 3}:{number}")
        conn.execute(f"{rng.choice(('INSERT', 'INSERT OR IGNORE', 'INSERT OR REPLACE'))} INTO interactions {columns} "
                     "VALUES (?, ?, ?, ?, ?, ?)", row)
        made.append(row[0])
    if mine and rng.random() < 0.4:
        gone = rng.sample(sorted(mine), min(len(mine), 5))
        conn.executemany("DELETE FROM interactions WHERE id = ?", [(one,) for one in gone])
    conn.execute("INSERT INTO people (id, canonical_name, source_entity_count) VALUES (?, ?, ?) ON CONFLICT (id) "
                 "DO UPDATE SET source_entity_count = excluded.source_entity_count", (f"p-{name}", name, number))
    if holds:
        time.sleep(holds)
    conn.execute("COMMIT")
    mine.update(dict.fromkeys(made))
    for one in gone:
        del mine[one]
    time.sleep(rng.uniform(0, 0.2) + holds)
print(json.dumps({"rows": sorted(mine), "number": number}))
"""


@dataclass
class _Command:
    """One of our own commands, run again and again."""

    name: str
    args: tuple[str, ...]
    codes: tuple[int, ...] = (0,)
    runs: int = 0
    process: subprocess.Popen[str] | None = None
    wrong: list[str] = field(default_factory=list)


def prove(effort: Effort) -> Iterator[Row]:
    """One load, from which several rows are read."""
    grounds = Grounds(effort.scratch)
    directory = grounds.copy(grounds.migrated)
    seconds = min(max(5.0, FULL_SECONDS * effort.share), effort.left() / 2)
    rng = random.Random(effort.seed)
    commands = [
        _Command("export", ("export",)),
        _Command("export", ("export",)),
        _Command("verify", ("verify",)),
        _Command("verify", ("verify", "--deep", "--format", "json")),
        _Command("merge", ()),
    ]
    until = time.time() + seconds
    watch = _start(directory, ("watch", "--max-delay", "1", "--format", "json"))
    writers = [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                WRITER,
                directory / "interactions.db",
                f"w{number}",
                ",".join(grounds.people[:12]),
                str(until),
                "2.5" if number == 0 else "0",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(WRITERS)
    ]
    seen = _Seen(directory / PEOPLE_FILE)
    try:
        merges = iter([(grounds.people[2 * n], grounds.people[2 * n + 1]) for n in range(8)])
        while time.time() < until:
            for command in commands:
                _step(command, directory, rng, merges)
            seen.look()
            time.sleep(0.02)
        written = [_end(process) for process in writers]
        for command in commands:
            _collect(command, wait=True)
        watch.send_signal(signal.SIGTERM)
        exports, errors = watch.communicate(timeout=60)
        seen.look()
    finally:
        for process in [watch, *writers, *(command.process for command in commands)]:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
    rows = Row("rows by 8 writers of plain SQL", sum(result["number"] for result, _ in written))
    rows.lost += [error for _, error in written if error]
    rows.lost += _missing_rows(directory, [result for result, _ in written])
    rows.lost += unsound(directory)
    yield rows
    for name in ("export", "verify", "merge"):
        mine = [command for command in commands if command.name == name]
        yield Row(
            f"{name} beside them", sum(command.runs for command in mine), [text for one in mine for text in one.wrong]
        )
    # That somebody holds the lock for longer than it likes to wait it may say; it tries again until it is done.
    wrong = [f"exit code {watch.returncode}\n{errors}"] if watch.returncode else []
    yield Row("watch beside them, and its exports", 1 + len(exports.splitlines()), wrong)
    yield Row("exports seen, never an older one", seen.number, seen.wrong)


def _start(directory: Path, args: tuple[str, ...]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [LIFEOS, "db", args[0], "--data-dir", directory, *args[1:]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "GITHUB_STEP_SUMMARY": ""},
    )


def _step(command: _Command, directory: Path, rng: random.Random, merges: Iterator[tuple[str, str]]) -> None:
    """Collect what it said, and start it again, now and then."""
    _collect(command)
    if command.process is None and rng.random() < 0.05:
        args = command.args
        if command.name == "merge":
            pair = next(merges, None)
            if pair is None:
                return
            args = ("merge", *pair)
        command.runs += 1
        command.process = _start(directory, args)


def _collect(command: _Command, wait: bool = False) -> None:
    process = command.process
    if process is None or (process.poll() is None and not wait):
        return
    out, err = process.communicate(timeout=90)
    if process.returncode not in command.codes:
        command.wrong.append(f"exit code {process.returncode}\n{err}{out[-2000:]}")
    command.process = None


def _end(process: subprocess.Popen[str]) -> tuple[dict[str, Any], str]:
    """What a writer says that it has written, and its error."""
    out, err = process.communicate(timeout=90)
    return (json.loads(out) if process.returncode == 0 else {"rows": [], "number": 0}), err


def _missing_rows(directory: Path, written: list[dict[str, Any]]) -> list[str]:
    with closing(sqlite3.connect(directory / "interactions.db")) as conn:
        assert_exact(conn)
        found = {row[0] for row in conn.execute("SELECT id FROM interactions WHERE id LIKE 'w%-%'")}
    wanted = {row for result in written for row in result["rows"]}
    lost = [f"{len(wanted - found)} rows are gone: {sorted(wanted - found)[:5]}"] if wanted - found else []
    return lost + ([f"{len(found - wanted)} deleted rows are back"] if found - wanted else [])


class _Seen:
    """Looks at one export again and again: the number that each writer counts up there never goes down."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0
        self.wrong: list[str] = []
        self.last: dict[str, int] = {}
        self.file: tuple[int, int] | None = None

    def look(self) -> None:
        """Read the file, if it is another one."""
        stat = self.path.stat()
        if (stat.st_ino, stat.st_mtime_ns) == self.file:
            return
        self.file = (stat.st_ino, stat.st_mtime_ns)
        self.number += 1
        self.wrong += half_written(self.path.parent)
        for record in json.loads(self.path.read_bytes()):
            if record["id"].startswith("p-"):
                number = record["source_entity_count"]
                if number < self.last.get(record["id"], 0):
                    self.wrong.append(f"{record['id']} went back from {self.last[record['id']]} to {number}")
                self.last[record["id"]] = number

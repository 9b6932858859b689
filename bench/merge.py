"""What a merge of somebody with 100,000 interactions costs, as a ratio to the bare UPDATE of those rows.

Run: python bench/merge.py [ROWS]. All ways are measured in one run, in turn, each on a fresh copy of the same database;
the best of three counts. Once with direct messages alone, once with a mailbox: 40 % mail in threads of eight, 20 %
meetings of their own, the rest direct. Messages are no evidence for pairs of two others; who leaves a thread or a
meeting for the survivor is counted anew in it, which is what the second load costs more.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import lifeos_db

ROUNDS = 3
LOADS = {
    "messages": ("imessage", "whatsapp", "slack", "phone"),
    "mailbox": ("gmail", "calendar", "imessage", "gmail", "phone"),
}
"""The sources of the interactions, in turn."""
OTHERS = 100_000
"""Interactions of other people, around those that move."""


def make(directory: Path, rows: int, sources: Sequence[str]) -> None:
    """A migrated directory: ``other`` has ``rows`` interactions, ``survivor`` one, two hundred people the others."""
    directory.mkdir()
    lifeos_db.migrate(directory)
    with closing(sqlite3.connect(directory / "interactions.db", isolation_level=None)) as conn:
        conn.execute("BEGIN")
        people = ["survivor", "other", *(f"person-{number:032}" for number in range(200))]
        conn.executemany("INSERT INTO people (id, canonical_name) VALUES (?, ?)", [(name, name) for name in people])
        owners = ["other"] * rows + ["survivor"] + [people[2 + number % 200] for number in range(OTHERS)]
        conn.executemany(
            "INSERT OR IGNORE INTO interactions (id, person_id, timestamp, source_type, title, snippet, source_id, "
            "created_at) VALUES (?, ?, ?, ?, ?, ?, ?, '')",
            (
                (
                    f"{number * 2654435761 % 2**32:08x}-0000-4000-8000-{number:012}",
                    owner,
                    f"20{number % 24:02}-{number % 12 + 1:02}-{number % 28 + 1:02}T10:00:00+00:00",
                    sources[number % len(sources)],
                    f"The title of thread {number // 8}",
                    "What the message begins with",
                    f"source-{number}",
                )
                for number, owner in enumerate(owners)
            ),
        )
        conn.execute("COMMIT")
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def bare(directory: Path) -> float:
    """The UPDATE alone, on the same table without triggers."""
    with closing(sqlite3.connect(directory / "interactions.db", isolation_level=None)) as conn:
        for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            conn.execute(f"DROP TRIGGER {name}")
    return timed(directory, "UPDATE interactions SET person_id = 'survivor' WHERE person_id = 'other'")


def plain(directory: Path) -> float:
    """A merge by plain SQL."""
    return timed(directory, "INSERT INTO person_merges (merged_id, survivor_id) VALUES ('other', 'survivor')")


def timed(directory: Path, statement: str) -> float:
    """The seconds from opening the database to having it closed."""
    started = time.perf_counter()
    with closing(sqlite3.connect(directory / "interactions.db", isolation_level=None)) as conn:
        conn.execute(statement)
    return time.perf_counter() - started


def command(directory: Path) -> float:
    """What `lifeos db merge` does, the export included."""
    started = time.perf_counter()
    lifeos_db.merge(directory, "survivor", "other")
    return time.perf_counter() - started


def export(directory: Path) -> float:
    """The export alone, which the command ends with, as any other writer's run does."""
    started = time.perf_counter()
    lifeos_db.export(directory, force=True)
    return time.perf_counter() - started


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    ways = {
        "bare UPDATE": bare,
        "INSERT INTO person_merges": plain,
        "lifeos db merge": command,
        "  of that, the export": export,
    }
    best: dict[str, float] = {}
    for load, sources in LOADS.items():
        best.clear()
        with tempfile.TemporaryDirectory() as name:
            original = Path(name) / "original"
            make(original, rows, sources)
            for _ in range(ROUNDS):
                for way, measure in ways.items():
                    copy = Path(shutil.copytree(original, Path(name) / "copy"))
                    best[way] = min(best.get(way, 1e9), measure(copy))
                    shutil.rmtree(copy)
        print(f"{load}: {rows:,} interactions move, best of {ROUNDS}")
        for way, seconds in best.items():
            print(f"  {way:<28}{seconds:>7.2f} s{seconds / best['bare UPDATE']:>7.2f} x")


if __name__ == "__main__":
    main()

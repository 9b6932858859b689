"""Inserting: what the triggers cost a sync, row by row."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from .data import Data
from .mailbox import INSERT, Row, interactions
from .timing import Cost, Figure, spent

_LIMITS = {("OR IGNORE ", 0): 1.6, ("", 0): 1.5, ("OR IGNORE ", 500): 1.4, ("", 500): 1.3}
FLOOR = "CREATE TRIGGER idle AFTER INSERT ON interactions BEGIN SELECT 1; END"


def insert(path: Path, rows: list[Row], policy: str = "", commit: int = 0, cache: int = -2_000) -> Cost:
    """The cost of inserting rows as a sync does, in transactions of ``commit`` rows, or one.

    ``cache`` is SQLite's ``cache_size``; without it, SQLite's own.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute(f"PRAGMA cache_size = {cache}")

        def write() -> None:
            for first in range(0, len(rows), commit or len(rows)):
                conn.execute("BEGIN")
                conn.executemany(INSERT.format(policy=policy), rows[first : first + (commit or len(rows))])
                conn.execute("COMMIT")

        return spent(write)


def measure(data: Data) -> Iterator[Figure]:
    """Three databases take the same rows in turn: the reference, the people triggers alone, everything."""
    sizes = data.sizes
    rows = list(interactions(sizes.inserts, sizes.people))
    known = rows[: sizes.inserts // 2]
    again = Figure(
        f"OR IGNORE of {len(known):,} known ids", "the same table with the legacy indexes and no triggers", 1.5
    )
    for (policy, commit), limit in _LIMITS.items():
        some = known if commit else rows
        fewer = some[: len(some) // 4]
        what = f"INSERT {policy}".strip() + " of {:,} rows, "
        what += f"commits of {commit}" if commit else "one transaction"
        bare = "the same table with the legacy indexes and " + (
            "no triggers" if policy else "one AFTER INSERT trigger that does nothing"
        )
        people = Figure(f"{what.format(len(some))}: people triggers", bare, limit)
        full = Figure(f"{what.format(len(fewer))}: relationship triggers too", "people triggers", 1.8)
        for _ in range(sizes.slow_rounds):
            paths = fresh(data, floor=not policy)
            reference = insert(paths["bare"], some, policy, commit)
            people.add(insert(paths["people"], some, policy, commit), reference)
            if (policy, commit) == ("OR IGNORE ", 0):
                reference = insert(paths["bare"], known, policy)
                again.add(insert(paths["people"], known, policy), reference)
            paths = fresh(data, floor=False)
            reference = insert(paths["people"], fewer, policy, commit)
            full.add(insert(paths["full"], fewer, policy, commit), reference)
        yield people
        yield full
    yield again


def fresh(data: Data, floor: bool) -> dict[str, Path]:
    """New databases without interactions, by what they have triggers for."""
    sources = {"bare": data.legacy(0), "people": data.people_only(0), "full": data.migrated(0)}
    paths = {}
    for name, source in sources.items():
        paths[name] = data.place / f"{name}.db"
        for suffix in ("-wal", "-shm"):
            paths[name].with_name(paths[name].name + suffix).unlink(missing_ok=True)
        shutil.copyfile(source / "interactions.db", paths[name])
    if floor:
        with closing(sqlite3.connect(paths["bare"])) as conn:
            conn.execute(FLOOR)
    return paths

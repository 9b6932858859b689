"""How costs grow with the number of interactions."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import lifeos_db
from lifeos_db.lookup import resolve

from .checks import MOST_MEMORY
from .data import Data
from .inserts import insert
from .mailbox import interactions
from .timing import Figure, lifeos, spent

_LOOKUPS = 200
_NOTHING = 50


@dataclass
class Curve:
    """One curve: by number of interactions, what it costs in ``unit``."""

    name: str
    title: str
    unit: str
    points: dict[int, float] = field(default_factory=dict)


def measure(data: Data, curves: list[Curve]) -> Iterator[Figure]:
    """Fills ``curves``."""
    sizes = data.sizes
    inserts = Curve("insert", "Insert of 10,000 rows, relationship triggers too", "µs a row")
    lookup = Curve("lookup", "One person by email, with counts", "µs")
    verify = Curve("verify", "verify --only counts, whole process", "s")
    export = Curve("export", "Export of everything, whole process", "s")
    nothing = Curve("nothing", "Export with nothing to do", "ms")
    curves += [inserts, lookup, verify, export, nothing]
    rows = list(interactions(min(10_000, sizes.growth[0]), sizes.people, seed=3))
    memory = Figure(f"peak memory of export, {sizes.large:,} rows", "", MOST_MEMORY, "MB")
    for size in sizes.growth:
        directory = data.migrated(size)
        database = directory / "interactions.db"
        copy = data.place / "growing.db"
        costs = []
        for _ in range(sizes.rounds):
            shutil.copyfile(database, copy)
            costs.append(insert(copy, rows).processor / len(rows) * 1e6)
        inserts.points[size] = median(costs)
        copy.unlink()
        lookup.points[size] = _lookup(database, sizes.people) * 1e6
        checks = [lifeos("db", "verify", "--only", "counts", "--data-dir", directory) for _ in range(sizes.rounds)]
        verify.points[size] = median(check.processor for check in checks)
        exported = lifeos("db", "export", "--force", "--data-dir", directory)  # writes the same files again
        export.points[size], memory.values = exported.processor, [exported.memory]
        idle = [spent(lambda: lifeos_db.export(directory)).elapsed for _ in range(_NOTHING)]  # noqa: B023
        nothing.points[size] = median(idle) * 1e3
    idle_figure = Figure("export with nothing to do, in process, at every size", "", 2, "ms")
    idle_figure.values = [max(nothing.points.values())]
    yield from (memory, idle_figure)
    smallest, middle, largest = sizes.growth
    for curve, least, limit in ((inserts, smallest, 2.0), (lookup, smallest, 2.0), (nothing, smallest, 2.0)):
        figure = Figure(f"growth: {curve.title}, {largest:,} rows", f"the same with {least:,} rows", limit)
        figure.values = [curve.points[largest] / curve.points[least]]
        yield figure
    # Linear or less: what a process costs to start weighs less on the larger, and no difference of two can be negative.
    linear = Figure(f"growth: {verify.title}, {largest:,} rows, a row", f"the same with {middle:,} rows", 1.5)
    linear.values = [verify.points[largest] / largest / (verify.points[middle] / middle)]
    yield linear


def _lookup(database: Path, people: int) -> float:
    """Processor seconds to find one person by email and read the counts."""
    with closing(sqlite3.connect(database)) as conn:

        def look() -> None:
            for number in range(_LOOKUPS):
                person = resolve(conn, f"person{number * 37 % people}@example.com")
                conn.execute("SELECT * FROM people WHERE id = ?", (person.id,)).fetchall()

        look()  # the pages come into memory
        return spent(look).processor / _LOOKUPS

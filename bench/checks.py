"""Verifying, migrating, starting: whole processes against what SQLite and Python alone need; memory and size."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import lifeos_db

from .data import Data
from .people_only import EVIDENCE_TABLES
from .timing import Cost, Figure, lifeos, program

_GROUP = "SELECT count(*) FROM (SELECT person_id, count(*), sum(source_type = 'gmail') FROM interactions GROUP BY 1)"
_ROOT = Path(__file__).parent.parent
MOST_MEMORY = 300
_BACKUP = f"""
import sqlite3, sys
source, copy = sqlite3.connect(sys.argv[1]), sqlite3.connect(sys.argv[2])
source.backup(copy)
copy.execute("DROP INDEX idx_interactions_person_timestamp")
copy.execute("CREATE INDEX idx_interactions_person_timestamp ON interactions (person_id, timestamp DESC, source_type)")
copy.execute({_GROUP!r}).fetchall()
copy.commit()
"""
_BARE = f"""
import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute({_GROUP!r}).fetchall())
"""


def measure(data: Data) -> Iterator[Figure]:
    yield from _starts(data)
    yield from _verify(data)
    yield from _migrate(data)
    yield _size(data)


def shell(database: Path, sql: str) -> Cost:
    """What the sqlite3 shell needs for it, or Python's sqlite3 where there is no shell."""
    if found := shutil.which("sqlite3"):
        return program([found, database, sql])
    code = (
        "import sqlite3, sys\nfor sql in sys.argv[2].split(';'): sqlite3.connect(sys.argv[1]).execute(sql).fetchall()"
    )
    return program([sys.executable, "-c", code, database, sql])


def _starts(data: Data) -> Iterator[Figure]:
    sample = data.place / "sample"
    shutil.copytree(_ROOT / "tests" / "data" / "sample-legacy", sample)
    lifeos_db.migrate(sample, backup=False)
    version = Figure("lifeos --version", 'python -c "import typer"', 1.5)
    verify = Figure("lifeos db verify of the sample", "a Python script with a bare sqlite3 GROUP BY", 3)
    for _ in range(3 * data.sizes.rounds):  # short, so what else the machine does weighs more
        version.add(lifeos("--version"), program([sys.executable, "-c", "import typer"]))
        bare = program([sys.executable, "-c", _BARE, sample / "interactions.db"])
        verify.add(lifeos("db", "verify", "--data-dir", sample), bare)
    yield version
    yield verify


def _verify(data: Data) -> Iterator[Figure]:
    large, rows = data.migrated(data.sizes.large), data.sizes.legacy
    database = large / "interactions.db"
    counts = Figure(
        f"verify --only counts, {data.sizes.large:,} rows", "the sqlite3 shell with one covering GROUP BY", 2.5
    )
    whole = Figure(
        f"verify, all default checks, {data.sizes.large:,} rows: with relationships",
        "PRAGMA quick_check and that GROUP BY",
        2.5,
    )
    people = Figure(f"verify, all default checks but relationships, {data.sizes.large:,} rows", whole.reference, None)
    legacy = Figure(f"verify --only counts, {rows:,} rows", "legacy load and verify", 5, "x faster")
    memory = Figure(f"peak memory of verify, {data.sizes.large:,} rows", "", MOST_MEMORY, "MB")
    others = ["--only", "schema,counts,identity,orphans,source_types,export,sqlite"]
    for _ in range(data.sizes.slow_rounds):
        one = lifeos("db", "verify", "--only", "counts", "--data-dir", large)
        counts.add(one, shell(database, _GROUP))
        check = shell(database, f"PRAGMA quick_check; {_GROUP}")
        all_checks = lifeos("db", "verify", "--data-dir", large)
        whole.add(all_checks, check)
        people.add(lifeos("db", "verify", *others, "--data-dir", large), check)
        memory.values.append(all_checks.memory)
        old = program([sys.executable, Path(__file__).with_name("legacy.py"), data.legacy(rows)])
        legacy.add(lifeos("db", "verify", "--only", "counts", "--data-dir", data.migrated(rows)), old)
    yield from (counts, legacy, whole, people, memory)


def _migrate(data: Data) -> Iterator[Figure]:
    large = data.sizes.large
    what = f"migrate {large:,} rows and {data.sizes.people:,} people"
    reference = "backup copy, the index built, one GROUP BY"
    people = Figure(f"{what}: without relationships", reference, 3)
    whole = Figure(f"{what}: with relationships", reference, None)
    memory = Figure(f"peak memory of migrate, {large:,} rows", "", MOST_MEMORY, "MB")
    data.migrated(large)
    for place in range(data.sizes.slow_rounds):
        target = data.place / "backup.db"
        bare = program([sys.executable, "-c", _BACKUP, data.legacy(large) / "interactions.db", target])
        target.unlink()
        with data.copy(data.legacy(large)) as copy:
            people.add(program([sys.executable, "-m", "bench.people_only", "migrate", copy]), bare)
        if place:  # pairs take their time: once is enough for what has no limit
            continue
        whole.add(data.migrations[large], bare)
        memory.values.append(data.migrations[large].memory)
    yield from (people, whole, memory)


def _size(data: Data) -> Figure:
    """Pages in use, with the tables of evidence emptied, in a transaction that is rolled back."""
    figure = Figure(
        f"size of the database, {data.sizes.large:,} rows, without relationships", "the legacy interactions.db", 1.15
    )
    with closing(sqlite3.connect(data.migrated(data.sizes.large) / "interactions.db", isolation_level=None)) as conn:
        conn.execute("BEGIN")
        for table in EVIDENCE_TABLES:
            conn.execute(f"DELETE FROM {table}")
        pages, free, size = (
            conn.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        conn.execute("ROLLBACK")
    old = (data.legacy(data.sizes.large) / "interactions.db").stat().st_size
    figure.values.append((pages - free) * size / old)
    return figure

"""From one new message, or from everything, to files that are right."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, nullcontext
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import lifeos_db

from . import legacy
from .data import Data
from .mailbox import INSERT, Row, interactions, person_id
from .people_only import without_pairs
from .timing import Cost, Figure, program, spent

_EXPORT = "import sys, lifeos_db; lifeos_db.export(sys.argv[2], force=True)"
_MESSAGES = 100


def measure(data: Data) -> Iterator[Figure]:
    rows, people = data.sizes.legacy, data.sizes.people
    old = Path(shutil.copytree(data.legacy(rows), data.place / "old"))
    new = {
        "people triggers": Path(shutil.copytree(data.people_only(rows), data.place / "new-people-only")),
        "with relationships": Path(shutil.copytree(data.migrated(rows), data.place / "new")),
    }
    messages = interactions(1_000_000, people, seed=2)
    refresh = f"legacy refresh of one person, {people:,} people"
    count = Figure("one new message until the count is right", refresh, 10_000, "x faster")
    sessions = {
        name: Figure(f"one new message until the JSON is right, {people:,} people: {name}", refresh, 10, "x faster")
        for name in new
    }
    everything = {
        name: Figure(
            f"export of everything, {people:,} people: {name}",
            "legacy save" if name == "people triggers" else "legacy save of people and relationships",
            8,
            "x faster",
        )
        for name in new
    }
    memory = {
        name: Figure(f"peak memory of an export, as a multiple of its files: {name}", "the size of the files", 3)
        for name in new
    }
    for place in range(data.sizes.slow_rounds):
        refreshed = spent(lambda: legacy.refresh(old, [person_id(7)]))
        with closing(sqlite3.connect(new["with relationships"] / "interactions.db", isolation_level=None)) as conn:
            conn.execute("BEGIN")
            written = spent(partial(_write, conn, list(islice(messages, _MESSAGES))))
            count.add(Cost(written.elapsed / _MESSAGES, written.processor / _MESSAGES), refreshed)
            conn.execute("ROLLBACK")
        for name, directory in new.items():
            with without_pairs() if name == "people triggers" else nullcontext():
                sessions[name].add(spent(partial(_session, directory, next(messages))), refreshed)
                loaded = legacy.load(directory), legacy.load_relationships(directory)
                saved = spent(partial(_save, data.place, *loaded))
                del loaded
                everything[name].add(spent(partial(lifeos_db.export, directory, force=True)), saved)
            if place:
                continue
            how = ["-m", "bench.people_only"] if name == "people triggers" else ["-c", _EXPORT]
            peak = program([sys.executable, *how, "export", directory]).memory
            size = sum((directory / file).stat().st_size for file in ("people_entities.json", "relationships.json"))
            memory[name].values.append(peak * 1e6 / size)
    yield count
    yield from (*sessions.values(), *everything.values(), *memory.values())


def _write(conn: sqlite3.Connection, rows: list[Row]) -> None:
    """One message after the other, in the script's transaction; the commit is its own affair, with counts or without.

    Several, because the clean-up before each measurement empties the processor's caches.
    """
    for row in rows:
        conn.execute(INSERT.format(policy=""), row)
        conn.execute("SELECT message_count FROM people WHERE id = ?", (row[1],)).fetchone()


def _session(directory: Path, row: Row) -> None:
    with lifeos_db.session(directory) as conn:
        conn.execute(INSERT.format(policy=""), row)


def _save(place: Path, people: dict[str, Any], relationships: list[legacy.Record]) -> None:
    legacy.save_people(place / "saved-people.json", people.values())
    if relationships:
        legacy.save(place / "saved-relationships.json", relationships)

"""Moving, merging and deleting the interactions of one person who has very many."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import lifeos_db
from lifeos_db import changing

from .data import Data
from .mailbox import INSERT, interactions, person_id
from .timing import Cost, Figure, spent

_SURVIVOR, _OTHER = person_id(1), person_id(2)
_MOVE = f"UPDATE interactions SET person_id = '{_SURVIVOR}' WHERE person_id = '{_OTHER}'"
_DELETE = f"DELETE FROM interactions WHERE person_id = '{_OTHER}'"
_MERGE = f"INSERT INTO person_merges (merged_id, survivor_id) VALUES ('{_OTHER}', '{_SURVIVOR}')"


def measure(data: Data) -> Iterator[Figure]:
    """Each way on a fresh copy of the same database: every second row of a mailbox is the one person's."""
    rows = data.sizes.moves
    originals = {"bare": data.legacy(0), "people": data.people_only(0), "full": data.migrated(0)}
    filled = {name: _fill(data, name, original) for name, original in originals.items()}
    bare_move, bare_delete = "the bare UPDATE, without triggers", "the bare DELETE, without triggers"
    move = Figure(f"move of {rows:,} rows: people triggers", bare_move, 2)
    merge = Figure(f"merge of a person with {rows:,} interactions: people triggers", bare_move, 2)
    delete = Figure(f"delete of {rows:,} rows: people triggers", bare_delete, 1.5)
    full_move = Figure(f"move of {rows:,} rows: relationship triggers too", bare_move, None)
    full_merge = Figure(f"merge of a person with {rows:,} interactions: relationship triggers too", bare_move, None)
    full_delete = Figure(f"delete of {rows:,} rows: relationship triggers too", bare_delete, None)
    unmerge = Figure(f"lifeos db unmerge of {rows:,} interactions, without the export", bare_move, None)
    for place in range(data.sizes.slow_rounds):
        moved, deleted = (_cost(data, filled["bare"], statement) for statement in (_MOVE, _DELETE))
        for name, figures in (("people", (move, merge, delete)), ("full", (full_move, full_merge, full_delete))):
            if name == "full" and place:  # takes its time: once is enough for what has no limit
                continue
            for figure, statement in zip(figures, (_MOVE, _MERGE, _DELETE)):
                figure.add(_cost(data, filled[name], statement), deleted if statement == _DELETE else moved)
            if name == "full":
                unmerge.add(_unmerge(data, filled[name]), moved)
    yield from (move, merge, delete, full_move, full_merge, full_delete, unmerge)


def _fill(data: Data, name: str, original: Path) -> Path:
    directory = Path(shutil.copytree(original, data.place / f"moves-{name}"))
    with closing(sqlite3.connect(directory / "interactions.db", isolation_level=None)) as conn:
        conn.execute("BEGIN")
        rows = interactions(2 * data.sizes.moves, data.sizes.people)
        given = ((row[0], _OTHER, *row[2:]) if place % 2 else row for place, row in enumerate(rows))
        conn.executemany(INSERT.format(policy=""), given)
        conn.execute("COMMIT")
    return directory


def _on_copy(data: Data, directory: Path, action: Callable[[Path], Cost]) -> Cost:
    with data.copy(directory) as copy:
        return action(copy)


def _cost(data: Data, directory: Path, statement: str) -> Cost:
    """From opening the database, with default settings, to having it closed."""

    def run(copy: Path) -> None:
        with closing(sqlite3.connect(copy / "interactions.db", isolation_level=None)) as conn:
            conn.execute(statement)

    return _on_copy(data, directory, lambda copy: spent(lambda: run(copy)))


def _unmerge(data: Data, directory: Path) -> Cost:
    """The command up to its commit; the export after it costs what any export does."""

    def run(copy: Path) -> Cost:
        with closing(sqlite3.connect(copy / "interactions.db", isolation_level=None)) as conn:
            conn.execute(_MERGE)
        with patch.object(changing, "export_locked"):
            return spent(lambda: lifeos_db.unmerge(copy, _OTHER))

    return _on_copy(data, directory, run)

"""Interactions whose person does not exist: who is missing, giving the rows to somebody, or deleting them."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .changing import changing, looking
from .database import DEFAULT_TIMEOUT, any_text, plain
from .directory import DataDirectory
from .errors import BadValue, ExportPending, IdentityRefused
from .exporting import sync_directory
from .lookup import Person, resolve
from .moments import INSTANT_SQL


@dataclass(frozen=True)
class Missing:
    """One id that is neither a person nor merged, and what is written under it.

    ``sources`` maps each source type to its number of interactions. ``first`` and ``last`` are instants, ISO 8601 in
    UTC; None where no row is dated. Future rows count.
    """

    person_id: str
    interactions: int
    sources: dict[str, int]
    first: str | None
    last: str | None


@dataclass(frozen=True)
class OrphansReport:
    """The missing ids, those with the most rows first; and what was done with their rows.

    ``assigned`` is who has them now, ``file`` where they were written before they were deleted.
    """

    missing: list[Missing]
    assigned: Person | None = None
    file: str | None = None

    @property
    def interactions(self) -> int:
        """How many rows there are in all."""
        return sum(item.interactions for item in self.missing)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "interactions": self.interactions,
            "orphans": [asdict(item) for item in self.missing],
            "assigned_to": self.assigned.id if self.assigned else None,
            "file": self.file,
        }


def orphans(
    data_dir: str | os.PathLike[str] | None = None, ids: Sequence[str] = (), *, timeout: float = DEFAULT_TIMEOUT
) -> OrphansReport:
    """The orphaned interactions by missing id; of ``ids`` only, if given.

    Raises IdentityRefused for one of ``ids`` that no orphan is under, and what opening raises.
    """
    with looking(data_dir, timeout) as conn:
        return OrphansReport(_missing(conn, ids))


def assign_orphans(
    data_dir: str | os.PathLike[str] | None,
    person: str,
    ids: Sequence[str] = (),
    *,
    timeout: float = DEFAULT_TIMEOUT,
) -> OrphansReport:
    """Give the orphaned interactions, or those of ``ids``, to a person.

    Raises IdentityRefused for one of ``ids`` that no orphan is under, BadValue for an orphan's id that is no text,
    what finding a person raises, and what changing raises.
    """
    with changing(data_dir, "assigned", timeout) as conn:
        found = resolve(conn, person)
        missing = _writable(conn, _missing(conn, ids))
        conn.executemany(
            "UPDATE interactions SET person_id = ? WHERE person_id = ?",
            [(found.id, item.person_id) for item in missing],
        )
        return OrphansReport(missing, assigned=found)


def delete_orphans(
    data_dir: str | os.PathLike[str] | None = None, ids: Sequence[str] = (), *, timeout: float = DEFAULT_TIMEOUT
) -> OrphansReport:
    """Delete the orphaned interactions, or those of ``ids``, once every row is on disk in a file of backups/.

    The file is JSON lines, one object a row with every column; bytes are ``{"hex": ...}``.

    Raises IdentityRefused for one of ``ids`` that no orphan is under, BadValue for an orphan's id that is no text,
    and what changing raises. Unless only the export failed (ExportPending, whose ``details`` name the file), nothing is
    deleted then.
    """
    directory = DataDirectory.locate(data_dir)
    folder: Path | None = None
    deleted = False
    try:
        with changing(data_dir, "deleted", timeout) as conn:
            missing = _writable(conn, _missing(conn, ids))
            if not missing:
                return OrphansReport([])
            folder = directory.new_backup("orphans")
            file = _keep(conn, missing, directory, folder)
            conn.executemany("DELETE FROM interactions WHERE person_id = ?", [(item.person_id,) for item in missing])
            deleted = True  # from here on the file may be the only place that has the rows, so it stays
        return OrphansReport(missing, file=str(file))
    except ExportPending as error:
        error.details = (f"the rows are in {file}",)
        raise
    except BaseException:
        if folder is not None and not deleted:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _missing(conn: sqlite3.Connection, ids: Sequence[str]) -> list[Missing]:
    """The missing ids in order of their number of rows. Raises IdentityRefused for one of ``ids`` that has none."""
    found: dict[str, Missing] = {}
    factory, conn.text_factory = conn.text_factory, any_text
    try:
        rows = conn.execute(
            f"""SELECT person_id, source_type, count(*), min(instant), max(instant)
            FROM (SELECT person_id, source_type, {INSTANT_SQL} AS instant FROM orphan_interactions)
            GROUP BY person_id, source_type ORDER BY person_id, source_type"""
        ).fetchall()
    finally:
        conn.text_factory = factory
    for person_id, source, number, first, last in rows:
        person_id, source = (plain(value) if isinstance(value, bytes) else value for value in (person_id, source))
        old = found.get(person_id, Missing(person_id, 0, {}, None, None))
        found[person_id] = Missing(
            person_id,
            old.interactions + number,
            old.sources | {source: number},
            min(filter(None, (old.first, first)), default=None),
            max(filter(None, (old.last, last)), default=None),
        )
    for name in ids:
        if name not in found:
            raise IdentityRefused(
                f"{name!r}: no orphaned interactions are under this id",
                "See 'lifeos db orphans' for the ids that have.",
            )
    wanted = [item for item in found.values() if not ids or item.person_id in ids]
    return sorted(wanted, key=lambda item: (-item.interactions, item.person_id))


def _writable(conn: sqlite3.Connection, missing: list[Missing]) -> list[Missing]:
    """The same, if every id can be named in SQL. Raises BadValue."""
    for item in missing:
        try:
            item.person_id.encode()
        except (UnicodeEncodeError, AttributeError):
            blob = (
                item.person_id.encode("utf-8", "surrogateescape") if isinstance(item.person_id, str) else item.person_id
            )
            query = "SELECT rowid, id FROM interactions WHERE CAST(person_id AS BLOB) = ? LIMIT 1"
            row = conn.execute(query, (blob,)).fetchone()
            raise BadValue("interactions", row[0], row[1], "person_id", "is not UTF-8 text") from None
    return missing


def _keep(conn: sqlite3.Connection, missing: Sequence[Missing], directory: DataDirectory, folder: Path) -> Path:
    """Write the rows, whole, to a new file that is private to its owner and on disk when this returns."""
    directory.backups.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700)
    path = folder / "interactions.jsonl"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    factory, conn.text_factory = conn.text_factory, any_text
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            for item in missing:
                cursor = conn.execute(
                    "SELECT * FROM interactions WHERE person_id = ? ORDER BY timestamp, rowid", (item.person_id,)
                )
                names = [column[0] for column in cursor.description]
                for row in cursor:
                    values = [{"hex": value.hex()} if isinstance(value, bytes) else value for value in row]
                    file.write(json.dumps(dict(zip(names, values))) + "\n")
            file.flush()
            os.fsync(file.fileno())
    finally:
        conn.text_factory = factory
    for place in (folder, directory.backups, directory.path):
        sync_directory(place)
    return path

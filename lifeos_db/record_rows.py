"""Legacy records as rows of the database: reading a person's, inserting new ones, and changing single fields."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .errors import BadValue
from .legacy_form import COUNT_KEYS, PERSON_KEYS, Json, Key, decode, encode

_KEYS = {key.name: key for key in PERSON_KEYS}
PERSON_COLUMNS = ", ".join(_KEYS)
"""The columns of people for every known key, as SQL."""


def read_people(conn: sqlite3.Connection, where: str = "", values: Sequence[Any] = ()) -> Iterator[dict[str, Json]]:
    """People as legacy records with all known keys, then the unknown ones they have, in the order of the table.

    ``where`` is a clause of SQL, with its parameters in ``values``. Raises BadValue.
    """
    for rowid, extra, *cells in conn.execute(
        f"SELECT people.rowid, extra, {PERSON_COLUMNS} FROM people {where} ORDER BY people.rowid", values
    ):
        record: dict[str, Json] = {}
        for key, cell in zip(PERSON_KEYS, cells):
            try:
                record[key.name] = decode(key, cell)
            except ValueError as error:
                raise BadValue("people", rowid, cells[0], key.name, str(error)) from None
        if extra is not None:
            record |= unknown_keys("people", rowid, cells[0], extra)
        yield record


def read_person(conn: sqlite3.Connection, identity: str) -> dict[str, Json] | None:
    """One person's record, or None. Raises BadValue."""
    return next(read_people(conn, "WHERE id = ?", (identity,)), None)


def unknown_keys(table: str, row: int, identity: object, extra: str | None) -> dict[str, Json]:
    """The keys that this program does not know, from the column ``extra``. Raises BadValue."""
    if extra is None:
        return {}
    try:
        value = json.loads(extra)
    except (ValueError, TypeError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise BadValue(table, row, identity, "extra", "must be a JSON object or NULL")
    return value


def insert_records(
    conn: sqlite3.Connection, table: str, keys: Sequence[Key], records: Iterable[Mapping[str, Json]]
) -> None:
    """Insert legacy records in order: a missing key means its default, unknown keys go into ``extra`` as JSON."""
    known = {key.name for key in keys}
    names = [key.name for key in keys]

    def row(record: Mapping[str, Json]) -> list[Any]:
        values = [encode(key, record.get(key.name, key.default)) for key in keys]
        unknown = {name: value for name, value in record.items() if name not in known}
        values.append(json.dumps(unknown) if unknown else None)
        return values

    marks = ", ".join("?" * (len(names) + 1))
    conn.executemany(f"INSERT INTO {table} ({', '.join(names)}, extra) VALUES ({marks})", map(row, records))


def insert_person(conn: sqlite3.Connection, record: Mapping[str, Json]) -> None:
    """Insert one person, in the caller's transaction; the triggers count."""
    insert_records(conn, "people", PERSON_KEYS, [{key: record[key] for key in record if key not in COUNT_KEYS}])


def change_person(conn: sqlite3.Connection, identity: str, changes: Mapping[str, Json], gone: Iterable[str]) -> None:
    """Write fields of one person, known and unknown, and take the unknown keys ``gone`` away.

    In the caller's transaction. The person must be there. Raises BadValue where ``extra`` holds no object.
    """
    columns = {name: encode(_KEYS[name], value) for name, value in changes.items() if name in _KEYS}
    unknown = {name: value for name, value in changes.items() if name not in _KEYS}
    lost = set(gone)
    if unknown or lost:
        row, text = conn.execute("SELECT rowid, extra FROM people WHERE id = ?", (identity,)).fetchone()
        kept = {**unknown_keys("people", row, identity, text), **unknown}
        kept = {name: value for name, value in kept.items() if name not in lost}
        columns["extra"] = json.dumps(kept) if kept else None
    if columns:
        conn.execute(
            f"UPDATE people SET {', '.join(f'{name} = ?' for name in columns)} WHERE id = ?",
            (*columns.values(), identity),
        )

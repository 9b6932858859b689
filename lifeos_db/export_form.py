"""The bytes of the three JSON files, from the database: indent 2, ASCII-escaped, as ``json.dumps`` would write them."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from json.encoder import encode_basestring_ascii
from typing import Any

import orjson

from .errors import BadSetting, BadValue
from .legacy_form import (
    OPTIONAL_LAST_KEY,
    PERSON_KEYS,
    RELATIONSHIP_KEYS,
    Json,
    Key,
    decode,
)
from .record_rows import unknown_keys
from .relationships import all_rows

Note = Callable[[dict[str, Json]], None]
"""Is shown each record as the database declares it, before sources are derived from interactions."""

_RECORDS_AT_A_TIME = 500
# A number that Python or orjson writes in exponent form, behind a key or on a line of its own: they differ in these.
_EXPONENT = re.compile(rb'(?:": |\n +)-?(?:\d[\d.]*e|0\.0000)')
_TO_ESCAPE = re.compile("[^\x00-\x7e]+")


def no_note(record: dict[str, Json]) -> None:
    """For renderings that nobody remembers."""


def people_json(conn: sqlite3.Connection, note: Note = no_note) -> Iterator[bytes]:
    """people_entities.json in pieces: one record a person, in the order of the table, with the keys that were imported.

    ``sources`` is what is declared, then the source types that the person has interactions of, in order of name.
    Raises BadValue.
    """
    active: dict[str, list[str]] = {}
    query = (
        "SELECT CAST(person_id AS BLOB), CAST(source_type AS BLOB) FROM interactions GROUP BY person_id, source_type"
    )
    for person_id, source_type in conn.execute(query):
        # As bytes, because a client may have written what is no text; whoever is no person is not looked up below.
        try:
            active.setdefault(person_id.decode("utf-8", "surrogateescape"), []).append(source_type.decode("utf-8"))
        except UnicodeDecodeError:
            where = "WHERE CAST(person_id AS BLOB) = ? AND CAST(source_type AS BLOB) = ?"
            row = conn.execute(f"SELECT rowid FROM interactions {where} LIMIT 1", (person_id, source_type)).fetchone()
            raise BadValue("interactions", row[0], f"rowid {row[0]}", "source_type", "is not UTF-8 text") from None

    def with_sources(record: dict[str, Json]) -> dict[str, Json]:
        note(record)
        found = active.get(record["id"])
        if found and "sources" in record:
            declared = record["sources"] or []
            if added := sorted(set(found) - set(declared)):
                record["sources"] = declared + added
        return record

    keys = people_keys(conn)
    rows = _decoded(conn, "people", _columns(PERSON_KEYS, keys))
    return _array(map(with_sources, _records("people", rows, PERSON_KEYS, keys)))


def relationships_json(conn: sqlite3.Connection, note: Note = no_note) -> Iterator[bytes]:
    """relationships.json in pieces: the pairs that are kept in their order, then the others. Raises BadValue."""
    keys = relationship_keys(conn)
    rows = all_rows(conn, _columns(RELATIONSHIP_KEYS, keys))
    return _array(_noted(_records("relationship_records", rows, RELATIONSHIP_KEYS, keys), note))


def merges_json(conn: sqlite3.Connection, note: Note = no_note) -> Iterator[bytes]:
    """merged_person_ids.json: merged id to survivor id, flat, in the order of the table.

    ``note`` is shown each as {"merged_id", "survivor_id"}.
    """
    merges: dict[str, str] = {}
    for row, merged, survivor in conn.execute("SELECT rowid, merged_id, survivor_id FROM person_merges ORDER BY rowid"):
        for column, value in (("merged_id", merged), ("survivor_id", survivor)):
            if not isinstance(value, str):
                raise BadValue("person_merges", row, merged, column, "is a BLOB")
        merges[merged] = survivor
        note({"merged_id": merged, "survivor_id": survivor})
    yield json.dumps(merges, indent=2).encode("ascii")


def _noted(records: Iterable[dict[str, Json]], note: Note) -> Iterator[dict[str, Json]]:
    for record in records:
        note(record)
        yield record


def people_keys(conn: sqlite3.Connection) -> list[str]:
    """The keys of people_entities.json, in order. Raises BadSetting."""
    return _keys(conn, "people_keys", PERSON_KEYS)


def relationship_keys(conn: sqlite3.Connection) -> list[str]:
    """The keys of relationships.json, in order. Raises BadSetting."""
    return _keys(conn, "relationship_keys", RELATIONSHIP_KEYS)


def _keys(conn: sqlite3.Connection, setting: str, known: Iterable[Key]) -> list[str]:
    row = conn.execute("SELECT value FROM settings WHERE key = ?", (setting,)).fetchone()
    if row is None:
        return [key.name for key in known]
    try:
        names = json.loads(row[0])
        if isinstance(names, list) and "id" in names and all(isinstance(name, str) for name in names):
            return names
    except (ValueError, TypeError):
        pass
    raise BadSetting(setting, "must be a JSON array of key names with 'id' among them")


def _columns(known: Iterable[Key], names: Iterable[str]) -> list[str]:
    """What _records wants of a row: rowid, id and extra, then the known ones of the given keys."""
    by_name = {key.name for key in known}
    return ["rowid", "id", "extra", *(name for name in names if name in by_name)]


def _records(
    table: str, rows: Iterable[tuple[Any, ...]], known: Iterable[Key], names: list[str]
) -> Iterator[dict[str, Json]]:
    """One dict a row of _columns, with the given keys in order; unknown ones come from ``extra`` where it has them.

    ``table`` is where a bad value is to be corrected.
    """
    by_name = {key.name: key for key in known}
    wanted = [by_name.get(name) for name in names]
    for rowid, identity, extra_text, *row in rows:
        cells = iter(row)
        extra = unknown_keys(table, rowid, identity, extra_text)
        record: dict[str, Json] = {}
        for name, key in zip(names, wanted):
            if key is None:
                if name in extra:
                    record[name] = extra[name]
                continue
            try:
                value = decode(key, next(cells), orjson.loads)
            except ValueError as error:
                raise BadValue(table, rowid, identity, name, str(error)) from None
            if value is not None or name != OPTIONAL_LAST_KEY:
                record[name] = value
        yield record


def _decoded(conn: sqlite3.Connection, table: str, columns: list[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a table in order. Raises BadValue for the first that is not UTF-8; sqlite3 alone names no row."""
    try:
        yield from conn.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY rowid")
    except sqlite3.OperationalError as error:
        if "decode" not in str(error):
            raise
        as_bytes = ", ".join(f"CAST({name} AS BLOB)" for name in columns)
        for row in conn.execute(f"SELECT rowid, {as_bytes} FROM {table} ORDER BY rowid"):
            for name, value in zip(columns, row[1:]):
                try:
                    (value or b"").decode("utf-8")
                except UnicodeDecodeError:
                    raise BadValue(table, row[0], f"rowid {row[0]}", name, "is not UTF-8 text") from None
        raise


def _array(records: Iterator[dict[str, Json]]) -> Iterator[bytes]:
    """A JSON array of the records, in pieces of a few hundred, so that the file is never whole in memory."""
    lead = b"[\n"
    while piece := list(islice(records, _RECORDS_AT_A_TIME)):
        yield lead + dump_records(piece)[2:-2]
        lead = b",\n"
    yield b"[]" if lead == b"[\n" else b"\n]"


def dump_records(records: list[dict[str, Json]]) -> bytes:
    """The bytes of ``json.dumps(records, indent=2)`` for a list that is not empty, several times faster."""
    try:
        data = orjson.dumps(records, option=orjson.OPT_INDENT_2)
    except TypeError:  # an integer of more than 64 bits in a key we do not know
        return json.dumps(records, indent=2).encode("ascii")
    if _EXPONENT.search(data):
        return json.dumps(records, indent=2).encode("ascii")
    if data.isascii() and b"\x7f" not in data:
        return data
    return _TO_ESCAPE.sub(_escape, data.decode("utf-8")).encode("ascii")


def _escape(match: re.Match[str]) -> str:
    return encode_basestring_ascii(match.group())[1:-1]


RENDERERS: dict[str, Callable[[sqlite3.Connection, Note], Iterator[bytes]]] = {
    "people_entities.json": people_json,
    "relationships.json": relationships_json,
    "merged_person_ids.json": merges_json,
}

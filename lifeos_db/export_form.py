"""The bytes of the three JSON files, from the database: indent 2, ASCII-escaped, as ``json.dumps`` would write them."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import orjson

from .errors import BadValue
from .legacy_form import (
    OPTIONAL_LAST_KEY,
    PERSON_KEYS,
    RELATIONSHIP_KEYS,
    Json,
    Key,
    decode,
)

_RECORDS_AT_A_TIME = 500
# A number that Python or orjson writes in exponent form, at the start of a line or behind a key: they differ in these.
_EXPONENT = re.compile(rb'^ *(?:".*": )?-?(?:\d[\d.]*e|0\.0000)', re.MULTILINE)
_TO_ESCAPE = re.compile("[^\x00-\x7e]")


def people_json(conn: sqlite3.Connection) -> Iterator[bytes]:
    """people_entities.json in pieces: one record a person, in the order of the table, with the keys that were imported.

    ``sources`` is what is declared, then the source types that the person has interactions of, in order of name.
    Raises BadValue.
    """
    active: dict[str, list[str]] = {}
    query = "SELECT person_id, source_type FROM interactions GROUP BY person_id, source_type"
    for person_id, source_type in conn.execute(query):
        active.setdefault(person_id, []).append(source_type)

    def with_sources(record: dict[str, Json]) -> dict[str, Json]:
        found = active.get(record["id"])
        if found and "sources" in record:
            declared = record["sources"] or []
            if added := sorted(set(found) - set(declared)):
                record["sources"] = declared + added
        return record

    return _array(map(with_sources, _records(conn, "people", PERSON_KEYS, _keys(conn, "people_keys", PERSON_KEYS))))


def relationships_json(conn: sqlite3.Connection) -> Iterator[bytes]:
    """relationships.json in pieces, in the order of the table. Raises BadValue."""
    keys = _keys(conn, "relationship_keys", RELATIONSHIP_KEYS)
    return _array(_records(conn, "relationships", RELATIONSHIP_KEYS, keys))


def merges_json(conn: sqlite3.Connection) -> Iterator[bytes]:
    """merged_person_ids.json: merged id to survivor id, flat, in the order of the table."""
    rows = conn.execute("SELECT merged_id, survivor_id FROM person_merges ORDER BY rowid")
    yield json.dumps(dict(rows.fetchall()), indent=2).encode("ascii")


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
    raise BadValue("settings", setting, "value", "must be a JSON array of key names with 'id' among them")


def _records(conn: sqlite3.Connection, table: str, known: Iterable[Key], names: list[str]) -> Iterator[dict[str, Json]]:
    """One dict a row, with the given keys in order; unknown ones come from the column ``extra`` where it has them."""
    by_name = {key.name: key for key in known}
    wanted = [by_name.get(name) for name in names]
    columns = ", ".join(key.name for key in wanted if key)
    place = names.index("id")
    for row in conn.execute(f"SELECT extra, {columns} FROM {table} ORDER BY rowid"):
        cells = iter(row)
        extra = _extra(next(cells), table, row[1 + sum(key is not None for key in wanted[:place])])
        record: dict[str, Json] = {}
        for name, key in zip(names, wanted):
            if key is None:
                if name in extra:
                    record[name] = extra[name]
                continue
            try:
                value = decode(key, next(cells), orjson.loads)
            except ValueError as error:
                raise BadValue(table, str(record.get("id")), name, str(error)) from None
            if value is not None or name != OPTIONAL_LAST_KEY:
                record[name] = value
        yield record


def _extra(text: str | None, table: str, identity: str) -> dict[str, Json]:
    if text is None:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise BadValue(table, identity, "extra", "must be a JSON object or NULL")
    return value


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
    return json.dumps(match.group())[1:-1]


RENDERERS: dict[str, Callable[[sqlite3.Connection], Iterator[bytes]]] = {
    "people_entities.json": people_json,
    "relationships.json": relationships_json,
    "merged_person_ids.json": merges_json,
}

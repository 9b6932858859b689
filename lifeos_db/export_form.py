"""The bytes of the three JSON files, from the database: indent 2, ASCII-escaped, as ``json.dumps`` would write them."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from json.encoder import encode_basestring_ascii
from typing import Any

import orjson

from .database import rows_of
from .directory import MERGES_FILE, PEOPLE_FILE, RELATIONSHIPS_FILE
from .errors import BadSetting, BadValue
from .legacy_form import (
    OPTIONAL_LAST_KEY,
    PERSON_KEYS,
    RELATIONSHIP_KEYS,
    Json,
    Key,
    decode,
    decode_column,
)
from .record_rows import unknown_keys
from .relationships import all_rows

Note = Callable[[dict[str, Json]], None]
"""Is shown each record as the database declares it, before sources are derived from interactions."""

_RECORDS_AT_A_TIME = 500
_ABSENT = object()
# A number that Python or orjson writes in exponent form, behind a key or on a line of its own: they differ in these.
_EXPONENT = re.compile(rb'(?:": |\n +)-?(?:\d[\d.]*e|0\.0000)')
_TO_ESCAPE = re.compile("[^\x00-\x7e]+")


_SOURCE_TYPES = """
    WITH RECURSIVE found (source_type) AS (
        SELECT min(source_type) FROM interactions
        UNION ALL
        SELECT (SELECT min(source_type) FROM interactions WHERE source_type > found.source_type)
        FROM found WHERE found.source_type IS NOT NULL
    )
    SELECT CAST(source_type AS BLOB) FROM found WHERE source_type IS NOT NULL
"""
"""Every source type that occurs: a step of the index each, not a scan."""


@dataclass(frozen=True)
class _Piece:
    """Some records, at least one; ``any_numbers`` is whether there may be numbers that need an exponent."""

    records: list[dict[str, Json]]
    any_numbers: bool


def no_note(record: dict[str, Json]) -> None:
    """For renderings that nobody remembers."""


def people_json(conn: sqlite3.Connection, note: Note) -> Iterator[bytes]:
    """people_entities.json in pieces: one record a person, in the order of the table, with the keys that were imported.

    ``sources`` is what is declared, then the source types that the person has interactions of, in order of name.
    Raises BadValue.
    """
    active = active_sources(conn)

    def with_sources(pieces: Iterator[_Piece]) -> Iterator[_Piece]:
        for piece in pieces:
            for record in piece.records:
                note(record)
                found = active.get(record["id"])
                if found and "sources" in record:
                    record["sources"] = all_sources(record["sources"] or [], found)
            yield piece

    keys = people_keys(conn)
    rows = _decoded(conn, "people", _columns(PERSON_KEYS, keys))
    return _array(with_sources(_pieces("people", rows, PERSON_KEYS, keys)))


def all_sources(declared: list[str], derived: list[str]) -> list[str]:
    """``sources`` as the file has it: what is declared, then what interactions add."""
    return declared + [source for source in derived if source not in declared]


def active_sources(conn: sqlite3.Connection) -> dict[str, list[str]]:
    """The source types that each person id has interactions of, in order of name.

    As bytes, because a client may have written what is no text. Raises BadValue where a source type is not UTF-8.
    """
    sources = {}
    for (source_type,) in conn.execute(_SOURCE_TYPES):
        try:
            sources[source_type] = source_type.decode("utf-8")
        except UnicodeDecodeError:
            where = "WHERE CAST(source_type AS BLOB) = ?"
            row = conn.execute(f"SELECT rowid FROM interactions {where} LIMIT 1", (source_type,)).fetchone()
            raise BadValue("interactions", row[0], f"rowid {row[0]}", "source_type", "is not UTF-8 text") from None
    name = "source_type"
    if any(b"," in source_type for source_type in sources):
        name = "hex(source_type)"
        sources = {source_type.hex().upper().encode(): text for source_type, text in sources.items()}
    known: dict[bytes, list[str]] = {}  # most people have one of a few sets of source types
    active: dict[str, list[str]] = {}
    query = f"""SELECT CAST(person_id AS BLOB), CAST(group_concat(DISTINCT {name}) AS BLOB)
        FROM interactions WHERE source_type IS NOT NULL AND person_id IS NOT NULL GROUP BY person_id"""
    for person_id, found in conn.execute(query):
        if found not in known:
            try:
                known[found] = sorted({sources[source_type] for source_type in found.split(b",")})
            except KeyError:  # one index has a source type that the other has not
                raise sqlite3.DatabaseError("malformed: the indexes of interactions differ") from None
        identity = person_id.decode("utf-8", "surrogateescape")  # whoever is no person is not looked up
        before = active.get(identity)  # under the same id as a BLOB
        active[identity] = sorted({*before, *known[found]}) if before else known[found]
    return active


def relationships_json(conn: sqlite3.Connection, note: Note) -> Iterator[bytes]:
    """relationships.json in pieces: the pairs that are kept in their order, then the others. Raises BadValue."""
    keys = relationship_keys(conn)
    rows = all_rows(conn, _columns(RELATIONSHIP_KEYS, keys))
    return _array(_noted(_pieces("relationship_records", rows, RELATIONSHIP_KEYS, keys), note))


def merges_json(conn: sqlite3.Connection, note: Note) -> Iterator[bytes]:
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


def _noted(pieces: Iterator[_Piece], note: Note) -> Iterator[_Piece]:
    for piece in pieces:
        for record in piece.records:
            note(record)
        yield piece


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
    """What _pieces wants of a row: rowid, id and extra, then the known ones of the given keys."""
    by_name = {key.name for key in known}
    return ["rowid", "id", "extra", *(name for name in names if name in by_name)]


def _pieces(table: str, rows: Iterable[tuple[Any, ...]], known: Iterable[Key], names: list[str]) -> Iterator[_Piece]:
    """A dict for each row of _columns, with the given keys in order, some hundred a piece.

    Unknown keys come from ``extra`` where it has them. ``table`` is where a bad value is to be corrected. Values are
    decoded column by column, which is much faster. Raises BadValue.
    """
    by_name = {key.name: key for key in known}
    stored = [by_name[name] for name in names if name in by_name]
    unknown = [name for name in names if name not in by_name]
    remaining = iter(rows)
    while piece := list(islice(remaining, _RECORDS_AT_A_TIME)):
        rowids, ids, extras, *cells = zip(*piece)
        try:
            others = [unknown_keys(table, *row) for row in zip(rowids, ids, extras)]
            columns = {key.name: decode_column(key, column, orjson.loads) for key, column in zip(stored, cells)}
        except (BadValue, ValueError):
            raise _first_bad_value(table, piece, stored) from None
        for name in unknown:
            columns[name] = [extra.get(name, _ABSENT) for extra in others]
        records = [dict(zip(names, values)) for values in zip(*(columns[name] for name in names))]
        for name in (OPTIONAL_LAST_KEY, *unknown):
            absent = None if name == OPTIONAL_LAST_KEY else _ABSENT
            for record in records if name in columns else ():
                if record[name] is absent:
                    del record[name]
        numbers = chain.from_iterable(columns[key.name] for key in stored if key.kind == "number")
        yield _Piece(records, any(others) or not all(map(_is_short, numbers)))


def _is_short(number: float | None) -> bool:
    """Whether Python and orjson write the number alike, without an exponent."""
    return not number or 0.0001 <= abs(number) < 1e15


def _first_bad_value(table: str, rows: Iterable[tuple[Any, ...]], keys: Sequence[Key]) -> BadValue:
    """The error for the first row that has a value which is none of its key."""
    for rowid, identity, extra, *cells in rows:
        unknown_keys(table, rowid, identity, extra)
        for key, cell in zip(keys, cells):
            try:
                decode(key, cell, orjson.loads)
            except ValueError as error:
                return BadValue(table, rowid, identity, key.name, str(error))
    raise AssertionError("a column has a fault that none of its values has")


def _decoded(conn: sqlite3.Connection, table: str, columns: list[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a table in order. Raises BadValue for the first that is not UTF-8; sqlite3 alone names no row."""
    try:
        yield from rows_of(conn.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY rowid"))
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


def _array(pieces: Iterable[_Piece]) -> Iterator[bytes]:
    """A JSON array of the records, in pieces of a few hundred, so that the file is never whole in memory."""
    lead = b"[\n"
    for piece in pieces:
        yield lead + dump_records(piece.records, piece.any_numbers)[2:-2]
        lead = b",\n"
    yield b"[]" if lead == b"[\n" else b"\n]"


def dump_records(records: list[dict[str, Json]], any_numbers: bool = True) -> bytes:
    """The bytes of ``json.dumps(records, indent=2)``, several times faster."""
    try:
        data = orjson.dumps(records, option=orjson.OPT_INDENT_2)
    except TypeError:  # an integer of more than 64 bits in a key we do not know
        return json.dumps(records, indent=2).encode("ascii")
    if any_numbers and _EXPONENT.search(data):
        return json.dumps(records, indent=2).encode("ascii")
    if data.isascii() and b"\x7f" not in data:
        return data
    return _TO_ESCAPE.sub(_escape, data.decode("utf-8")).encode("ascii")


def _escape(match: re.Match[str]) -> str:
    return encode_basestring_ascii(match.group())[1:-1]


RENDERERS: dict[str, Callable[[sqlite3.Connection, Note], Iterator[bytes]]] = {
    PEOPLE_FILE: people_json,
    RELATIONSHIPS_FILE: relationships_json,
    MERGES_FILE: merges_json,
}

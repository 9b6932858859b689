"""Reading the legacy files: strictly, whole, and with every problem named by file, place, id and key."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .database import open_reader, translated_errors
from .directory import MERGES_FILE, PEOPLE_FILE, RELATIONSHIPS_FILE, DataDirectory
from .errors import BrokenDatabase
from .legacy_form import PERSON_KEYS, RELATIONSHIP_KEYS, Json, Key, fault, json_name, keys_in_order
from .merges import last_survivor

_DEEPEST = 100


@dataclass(frozen=True)
class FileState:
    """What a file held when it was read: the hash of its bytes (None if it was not there), bytes, nanoseconds."""

    sha256: str | None
    size: int | None
    mtime_ns: int | None


ABSENT = FileState(None, None, None)


@dataclass(frozen=True)
class Problem:
    """One thing that cannot be imported. ``place`` is a record number from 1, a key of a map, or empty for the file."""

    file: str
    place: str
    text: str
    record: str = ""
    """The record as JSON text, verbatim in value; empty where the whole file is meant."""

    def __str__(self) -> str:
        return f"{self.file}: {self.place}: {self.text}" if self.place else f"{self.file}: {self.text}"


@dataclass
class LegacyFile:
    """The good records of one file, in order, with the keys seen and the problems found."""

    state: FileState = ABSENT
    records: list[dict[str, Json]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    """For each record as it was read, its number in the file, from 1."""
    keys: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was understood and set right on the way, for the report."""


@dataclass
class LegacyData:
    """Everything that a legacy directory says beside interactions.db."""

    people: LegacyFile
    relationships: LegacyFile
    merges: LegacyFile
    """records holds one object: the flat map of merged id to survivor id."""

    @property
    def problems(self) -> list[Problem]:
        return self.people.problems + self.relationships.problems + self.merges.problems

    @property
    def notes(self) -> list[str]:
        return self.people.notes + self.relationships.notes + self.merges.notes


def read_legacy(directory: DataDirectory) -> LegacyData:
    """Read people, relationships and merges. Raises StorageFailure; what is wrong inside a file is in ``problems``."""
    return LegacyData(
        people=read_people(directory.path / PEOPLE_FILE),
        relationships=read_relationships(directory),
        merges=read_merges(directory.path / MERGES_FILE),
    )


class _UnreadableError(ValueError):
    """A file that is not JSON at all; its text is the reason."""


def _parse(path: Path) -> tuple[FileState, Json]:
    """The parsed file; None where it is absent, empty or only white space. Raises _UnreadableError, StorageFailure."""
    with translated_errors(path):
        try:
            with path.open("rb") as file:  # size and time are of the very file that is read, if another takes its place
                data, stat = file.read(), os.fstat(file.fileno())
        except FileNotFoundError:
            return ABSENT, None
        state = FileState(hashlib.sha256(data).hexdigest(), len(data), stat.st_mtime_ns)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _UnreadableError(f"is not UTF-8: byte {error.start + 1} cannot be read") from error
    if not text.strip():
        return state, None
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise _UnreadableError(f"is not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise _UnreadableError(f"is nested more than {_DEEPEST} levels deep") from error
    except ValueError as error:  # an integer of more digits than Python converts
        raise _UnreadableError("holds a number of too many digits to be read") from error
    return state, value


def _read_array(path: Path, keys: Sequence[Key]) -> LegacyFile:
    """An array of records whose ids are non-empty strings; known keys checked, unknown keys taken as they are."""
    result = LegacyFile()
    name = path.name
    try:
        result.state, value = _parse(path)
    except _UnreadableError as error:
        result.problems.append(Problem(name, "", str(error)))
        return result
    if value is not None and not isinstance(value, list):
        result.problems.append(Problem(name, "", f"must be a JSON array of records, not {json_name(value)}"))
        return result
    _check(result, name, value or [], keys)
    result.keys = keys_in_order([record for record in value or [] if isinstance(record, dict)], keys)
    return result


def _check(result: LegacyFile, file: str, values: Sequence[Json], keys: Sequence[Key]) -> None:
    """Put the good records, with their numbers, and the problems of the others into the result."""
    problems = result.problems
    known = {key.name: key for key in keys}
    for number, record in enumerate(values, 1):
        place = f"record {number}"
        if not isinstance(record, dict):
            problems.append(Problem(file, place, f"must be an object, not {json_name(record)}", json.dumps(record)))
            continue
        identity = record.get("id")
        faults = []
        if "id" not in record:
            faults.append("has no id")
        elif not isinstance(identity, str) or not identity:
            faults.append(f"id must be a non-empty string, not {json.dumps(identity)[:80]}")
        else:
            place += f" (id {identity!r})"
            faults += [f"id {problem}" for problem in [fault(known["id"], identity)] if problem]
        for name, item in record.items():
            if name == "id":
                continue
            if name in known:
                if problem := fault(known[name], item):
                    faults.append(f"{name} {problem}")
            elif problem := _unknown_fault(name, item):
                faults.append(f"{name!r} {problem}")
        if faults:
            text = json.dumps(record)
            problems += [Problem(file, place, problem, text) for problem in faults]
        else:
            result.records.append(record)
            result.numbers.append(number)


def _unknown_fault(name: str, value: Json) -> str | None:
    """A key we do not know must still survive: it must be storable as JSON text, and be written again as it came."""
    if _depth(value) > _DEEPEST:
        return f"is nested more than {_DEEPEST} levels deep"
    try:
        json.dumps({name: value}, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except UnicodeEncodeError:
        return "has a lone surrogate, which is no text"
    except ValueError:
        return "holds a number that is not finite"
    return None


def _depth(value: Json) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        following: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                following += item.values()
            elif isinstance(item, list):
                following += item
        level = following
    return depth


def read_people(path: Path) -> LegacyFile:
    """people_entities.json. Of records with one id the last wins, at the place of the first, as in legacy readers."""
    result = _read_array(path, PERSON_KEYS)
    by_id: dict[str, dict[str, Json]] = {}
    for record in result.records:
        by_id[record["id"]] = record
    if repeated := len(result.records) - len(by_id):
        result.notes.append(f"{path.name}: {repeated} repeated id(s); the last record of each was taken")
    result.records = list(by_id.values())
    return result


def read_relationships(directory: DataDirectory) -> LegacyFile:
    """relationships.json, or else the relationships table of crm.db."""
    path = directory.path / RELATIONSHIPS_FILE
    if path.exists() or not directory.crm.exists():
        return read_relationships_file(path)
    return _as_pairs(_read_crm(directory.crm), directory.crm)


def read_relationships_file(path: Path) -> LegacyFile:
    """relationships.json, as pairs."""
    return _as_pairs(_read_array(path, RELATIONSHIP_KEYS), path)


def _as_pairs(result: LegacyFile, path: Path) -> LegacyFile:
    """The records of a file as pairs.

    Pairs are turned so that person_a_id sorts before person_b_id. Pairs of a person with themselves, which the legacy
    nightly job has produced, are no relationship and are left out. Of two records of one pair the last wins.
    """
    pairs: dict[tuple[str, str], dict[str, Json]] = {}
    ids: set[str] = set()
    left_out = turned = repeated = 0
    for number, record in zip(result.numbers, result.records):
        given = record.get("person_a_id"), record.get("person_b_id")
        place = f"record {number} (id {record['id']!r})"
        if not all(given):
            text = "has no person_a_id or no person_b_id"
            result.problems.append(Problem(path.name, place, text, json.dumps(record)))
            continue
        a, b = sorted(map(str, given))
        if a == b:
            left_out += 1
            continue
        if (a, b) in pairs:
            repeated += 1
            ids.discard(pairs[a, b]["id"])
        if record["id"] in ids:
            text = "has the id of another pair's record"
            result.problems.append(Problem(path.name, place, text, json.dumps(record)))
            continue
        turned += given != (a, b)
        ids.add(record["id"])
        pairs[a, b] = {**record, "person_a_id": a, "person_b_id": b}
    for count, what in (
        (left_out, "pair(s) of a person with themselves left out"),
        (turned, "pair(s) turned so that person_a_id comes first"),
        (repeated, "repeated pair(s); the last record of each was taken"),
    ):
        if count:
            result.notes.append(f"{path.name}: {count} {what}")
    result.records = list(pairs.values())
    return result


def _read_crm(path: Path) -> LegacyFile:
    """The relationships table of crm.db, as records in the form of the JSON file."""
    result = LegacyFile()
    try:
        with translated_errors(path), closing(open_reader(path)) as conn:
            conn.row_factory = sqlite3.Row
            if not conn.execute("PRAGMA table_info('relationships')").fetchall():
                return result
            rows = [dict(row) for row in conn.execute("SELECT * FROM relationships ORDER BY rowid")]
    except BrokenDatabase as error:
        result.problems.append(Problem(path.name, "", str(error)))
        return result
    for row in rows:
        for key in RELATIONSHIP_KEYS:
            value = row.get(key.name)
            if key.kind == "boolean" and value in (0, 1):
                row[key.name] = bool(value)
            elif key.kind == "list" and isinstance(value, str):
                try:
                    row[key.name] = json.loads(value)
                except (ValueError, RecursionError):
                    pass  # stays a string, which the check below names
    rows = [{key: value.hex() if isinstance(value, bytes) else value for key, value in row.items()} for row in rows]
    _check(result, path.name, rows, RELATIONSHIP_KEYS)
    result.keys = [key.name for key in RELATIONSHIP_KEYS]
    return result


def read_merges(path: Path) -> LegacyFile:
    """merged_person_ids.json, flattened: every merged id leads to a survivor that is not merged itself.

    An entry that leads to itself, or into a cycle, has no survivor and is left out.
    """
    result = LegacyFile(records=[{}])
    try:
        result.state, value = _parse(path)
    except _UnreadableError as error:
        result.problems.append(Problem(path.name, "", str(error)))
        return result
    if value is None:
        return result
    if not isinstance(value, dict):
        text = f"must be a JSON object of merged id to survivor id, not {json_name(value)}"
        result.problems.append(Problem(path.name, "", text))
        return result
    text_key = Key("survivor id", "text")
    survivors: dict[str, str] = {}
    for merged, survivor in value.items():
        for name, text in (("merged id", merged), ("survivor id", survivor)):
            if problem := fault(text_key, text) or ("" if text else "must be a non-empty string"):
                record = json.dumps({merged: survivor})
                result.problems.append(Problem(path.name, f"key {merged!r}", f"{name} {problem}", record))
                break
        else:
            survivors[merged] = survivor
    left_out = []
    for merged in survivors:
        end = last_survivor(survivors, merged)
        if end is None:
            left_out.append(merged)
        else:
            result.records[0][merged] = end
    if left_out:
        names = ", ".join(repr(name) for name in left_out[:5]) + (", ..." if len(left_out) > 5 else "")
        result.notes.append(f"{path.name}: {len(left_out)} merge(s) that lead back to themselves left out: {names}")
    return result

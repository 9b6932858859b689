"""What is written down about pairs of people: uniting it when one is merged into the other, and giving it back.

The one place that knows in which table the records of relationships are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from typing import Any

from .errors import BadValue
from .legacy_form import RELATIONSHIP_KEYS, Column, decode
from .person_union import without_repeats, write_list

TABLE = "relationship_records"
Record = dict[str, Any]
"""A row of the table, with its rowid under ``rowid``."""
Change = dict[str, Any]
"""One record that a merge changed: ``before`` and ``after``; after is None where the merge removed it."""

_COLUMNS = (
    "rowid",
    "id",
    "person_a_id",
    "person_b_id",
    "relationship_type",
    "shared_contexts",
    "is_linkedin_connection",
    "created_at",
    "updated_at",
    "extra",
)
_CONTEXTS = next(key for key in RELATIONSHIP_KEYS if key.name == "shared_contexts")


class PairBook:
    """The records of some people, in memory: merges are done and undone here, and then written at once."""

    def __init__(self, conn: sqlite3.Connection, people: Collection[str], ids: Collection[str] = ()) -> None:
        """Read every record of ``people``, and those with one of ``ids``. Raises BadValue for a BLOB."""
        self._records: dict[str, Record] = {}
        for person_id in people:
            self._read(conn, "person_a_id = ?1 OR person_b_id = ?1", person_id)
        for identity in ids:
            self._read(conn, "id = ?1", identity)
        self._found = deepcopy(self._records)

    def _read(self, conn: sqlite3.Connection, condition: str, value: str) -> None:
        query = f"SELECT {', '.join(_COLUMNS)} FROM {TABLE} WHERE {condition} ORDER BY rowid"
        for row in conn.execute(query, (value,)):
            record = dict(zip(_COLUMNS, row))
            for name, cell in record.items():
                if isinstance(cell, bytes):
                    raise BadValue(TABLE, record["rowid"], record["id"], name, "is a BLOB")
            self._records[record["id"]] = record

    def unite(self, survivor_id: str, merged_id: str) -> list[Change]:
        """Make the merged person's records the survivor's; returns what changed.

        Where the survivor has a record with the same person, the two become that one: flags OR-ed, contexts united,
        of the rest what the survivor's says, else what the other says. The record between the two goes.
        """
        changes: list[Change] = []
        mine = {_other_end(record, survivor_id): record for record in self._of(survivor_id)}
        for record in list(self._of(merged_id)):
            end = _other_end(record, merged_id)
            if end == survivor_id:
                changes.append({"before": record, "after": None})
            elif end in mine:
                changes.append({"before": record, "after": None})
                changes.append({"before": mine[end], "after": _united(mine[end], record)})
            else:
                changes.append({"before": record, "after": record | _pair(survivor_id, end)})
        for change in changes:
            if change["after"] is None:
                del self._records[change["before"]["id"]]
            else:
                self._records[change["after"]["id"]] = change["after"]
        return changes

    def give_back(self, changes: list[Change], survivor_id: str, merged_id: str) -> list[str]:
        """Undo what ``unite`` did; returns a sentence for every record where a newer value is kept."""
        kept: list[str] = []
        for change in changes:
            before, after = change["before"], change["after"]
            there = self._records.get(before["id"])
            if merged_id not in _ends(before):  # the survivor's own, united with one of the merged person's
                if there == after:
                    self._records[before["id"]] = before
                elif there is not None:
                    self._records[before["id"]] = _without_gift(before, after, there)
                    kept.append(f"{_name(there)}: edited since the merge; what was edited is kept")
            elif after is None:
                if there is None:
                    self._put(before, kept)
                else:
                    kept.append(f"{_name(there)}: written again since the merge, and kept as it is")
            elif there is None:
                kept.append(f"{_name(before)}: deleted since the merge, and not brought back")
            elif survivor_id not in _ends(there):
                kept.append(f"{_name(there)}: given to other people since the merge, and kept as it is")
            elif there == after:
                self._put(before, kept)
            else:
                self._put(there | _pair(merged_id, _other_end(there, survivor_id)), kept)
                kept.append(f"{_name(there)}: edited since the merge; what was edited is kept")
        return kept

    def lead_back(self, ids: Collection[str], survivor_id: str, merged_id: str) -> list[str]:
        """Give records that were led to the survivor as they were back to the merged person; returns as give_back."""
        kept: list[str] = []
        for identity in ids:
            there = self._records.get(identity)
            if there is not None and survivor_id in _ends(there) and merged_id not in _ends(there):
                self._put(there | _pair(merged_id, _other_end(there, survivor_id)), kept)
        return kept

    def write(self, conn: sqlite3.Connection) -> None:
        """Write what has changed, inside the caller's transaction."""
        gone = self._found.keys() - self._records.keys()
        new = [record for identity, record in self._records.items() if identity not in self._found]
        changed = [
            record
            for identity, record in self._records.items()
            if identity in self._found and record != self._found[identity]
        ]
        conn.executemany(f"DELETE FROM {TABLE} WHERE id = ?", [(identity,) for identity in gone])
        for record in changed:
            names = [name for name in record if name not in ("rowid", "id")]
            conn.execute(
                f"UPDATE {TABLE} SET {', '.join(f'{name} = ?' for name in names)} WHERE id = ?",
                [*(record[name] for name in names), record["id"]],
            )
        for record in new:
            _insert(conn, record)

    def _of(self, person_id: str) -> Iterator[Record]:
        return (record for record in self._records.values() if person_id in _ends(record))

    def _put(self, record: Record, kept: list[str]) -> None:
        """Put a record into the book, unless the two have another one by now, or are one person."""
        ends = _ends(record)
        other = next(
            (found for found in self._of(ends[0]) if _ends(found) == ends and found["id"] != record["id"]), None
        )
        if other is None and ends[0] != ends[1]:
            self._records[record["id"]] = record
        else:
            kept.append(f"{_name(record)}: the two have another relationship since the merge, which is kept")


def record_ids(changes: list[Change]) -> set[str]:
    """The ids of the records that a merge changed."""
    return {change["before"]["id"] for change in changes}


def _without_gift(before: Record, after: Record, there: Record) -> Record:
    """A united record that was edited since, column by column: what is still as the merge left it goes back."""
    result = dict(there)
    for name in before:
        if there[name] == after[name]:
            result[name] = before[name]
    return result


def _united(mine: Record, theirs: Record) -> Record:
    united = {name: value if value is not None else theirs[name] for name, value in mine.items()}
    if theirs["is_linkedin_connection"] == 1:
        united["is_linkedin_connection"] = 1
    contexts, others = _contexts(mine), _contexts(theirs)
    if contexts is not None and others is not None:
        both = without_repeats([*contexts, *others], str)
        united["shared_contexts"] = mine["shared_contexts"] if both == contexts else write_list(both)
    return united


def _contexts(record: Record) -> list[str] | None:
    """The contexts of a record; None where the column holds no JSON array of strings."""
    try:
        return decode(_CONTEXTS, record["shared_contexts"]) or []
    except ValueError:
        return None


def _ends(record: Mapping[str, Column]) -> tuple[str, str]:
    return str(record["person_a_id"]), str(record["person_b_id"])


def _other_end(record: Mapping[str, Column], person_id: str) -> str:
    a, b = _ends(record)
    return b if a == person_id else a


def _pair(one: str, other: str) -> dict[str, str]:
    a, b = sorted((one, other), key=lambda text: text.encode())  # as SQLite sorts them
    return {"person_a_id": a, "person_b_id": b}


def _insert(conn: sqlite3.Connection, record: Record) -> None:
    """Insert a record at its old place, or last if that is taken."""
    names = [name for name in record if name != "rowid"]
    if not conn.execute(f"SELECT 1 FROM {TABLE} WHERE rowid = ?", (record["rowid"],)).fetchone():
        names.append("rowid")
    conn.execute(
        f"INSERT INTO {TABLE} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
        [record[name] for name in names],
    )


def _name(record: Mapping[str, Column]) -> str:
    return f"relationship {record['person_a_id']} - {record['person_b_id']}"

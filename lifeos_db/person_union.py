"""What two people's fields become when one is merged into the other, and how that is taken apart again.

The rules are in docs/identity.md. Every function works on column values as the table people has them.
"""

from __future__ import annotations

import json
import sqlite3
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .contacts import fold_email, fold_phone
from .errors import BadValue
from .legacy_form import COUNT_KEYS, PERSON_KEYS, Column, decode

Row = Mapping[str, Column]
"""A row of people: column name to value, with the rowid under ``rowid``."""
State = Mapping[str, Any]
"""What a merge wrote down of itself: ``other`` is the merged person's row, ``before`` and ``after`` the survivor's."""

COLUMNS = (*(key.name for key in PERSON_KEYS if key.name not in COUNT_KEYS), "extra")
"""The columns of people that are the writer's; the counts are the triggers'."""
LISTS: dict[str, Callable[[str], str]] = {
    "emails": fold_email,
    "phone_numbers": fold_phone,
    "aliases": lambda text: unicodedata.normalize("NFC", text).casefold().strip(),
    "tags": str,
    "sources": str,
    "vault_contexts": str,
    "related_notes": str,
}
"""The columns that hold lists, with what makes two of their items the same."""
FILLED = ("company", "position", "linkedin_url", "birthday", "phone_primary")
"""The columns that the merged person's value fills where the survivor's is empty."""
UNITED = (*LISTS, "category", "notes", *FILLED, "first_seen", "last_seen")
"""Every column that a merge may change in the survivor."""
RULE = "\n\n---\n\n"
"""What stands between two people's notes."""
_CATEGORIES = ("self", "family", "work", "personal")
_UNDATED = "1970-01-01T00:00:00.000Z"
_KEYS = {key.name: key for key in PERSON_KEYS}


def read_row(conn: sqlite3.Connection, person_id: str) -> dict[str, Column] | None:
    """The whole row of a person, counts apart; None where there is none. Raises BadValue for a BLOB."""
    cursor = conn.execute(f"SELECT rowid, {', '.join(COLUMNS)} FROM people WHERE id = ?", (person_id,))
    row = cursor.fetchone()
    if row is None:
        return None
    values: dict[str, Column] = dict(zip(("rowid", *COLUMNS), row))
    for name, value in values.items():
        if isinstance(value, bytes):
            raise BadValue("people", row[0], person_id, name, "is a BLOB")
    return values


def read_list(row: Row, column: str) -> list[str]:
    """A list column as a list; NULL is the empty one. Raises BadValue where it holds no JSON array of strings."""
    return _strings(row, column, row[column])


def write_list(items: Sequence[str]) -> str:
    """A list as the table has it."""
    return json.dumps(items, ensure_ascii=False)


def without_repeats(items: Sequence[str], same: Callable[[str], str]) -> list[str]:
    """The items, each once, in their order; what ``same`` makes equal is the same."""
    found: dict[str, str] = {}
    for item in items:
        found.setdefault(same(item), item)
    return list(found.values())


def unite(conn: sqlite3.Connection, survivor: Row, other: Row) -> dict[str, Column]:
    """What each of the UNITED columns of the survivor becomes. Raises BadValue. ``conn`` reads dates, no table."""
    return {column: unite_column(conn, column, survivor, survivor[column], other) for column in UNITED}


def unite_column(conn: sqlite3.Connection, column: str, survivor: Row, mine: Column, other: Row) -> Column:
    """What one column becomes, where the survivor's value is ``mine``. Raises BadValue."""
    theirs = other[column]
    if column in LISTS:
        before = _strings(survivor, column, mine)
        same = LISTS[column]
        needless = {"", same(str(survivor["canonical_name"] or ""))} if column == "aliases" else set()
        added = [item for item in _offered(other, column) if same(item) not in needless]
        items = without_repeats([*before, *added], same)
        return mine if items == before else write_list(items)
    if column == "category":
        return theirs if _rank(theirs) < _rank(mine) else mine
    if column == "notes":
        if _empty(theirs) or theirs == mine:
            return mine
        return theirs if _empty(mine) else f"{mine}{RULE}{theirs}"
    if column in FILLED:
        return theirs if _empty(mine) and not _empty(theirs) else mine
    return _by_instant(conn, column, mine, theirs)


def take_back(column: str, before: Column, after: Column, now: Column, later: Sequence[State]) -> tuple[Column, bool]:
    """What becomes of a column that a merge made ``after`` of ``before``, and that was edited to ``now`` since.

    Of a list, and of notes, what the merge gave is taken out; of the rest, the newer value is kept. ``later`` are the
    states of later merges into the same survivor: the first of them that has the same item is its giver from now on.
    Returns the value, and whether something could be taken out.
    """
    if column in LISTS:
        try:
            mine, given, items = (decode(_KEYS[column], value) or [] for value in (before, after, now))
        except ValueError:
            return now, False
        same = LISTS[column]
        taken = {same(item) for item in given} - {same(item) for item in mine}
        for state in later:
            _leave_out(state["before"], column, taken)
            taken -= {same(item) for item in _offered(state["other"], column)}
            _leave_out(state["after"], column, taken)
        left = [item for item in items if same(item) not in taken]
        return (write_list(left) if left != items else now), True
    if column == "notes" and isinstance(now, str) and isinstance(after, str) and not _empty(before):
        piece = after[len(str(before)) :]
        if now.count(piece) == 1:
            return now.replace(piece, ""), True
    return now, False


def _leave_out(row: dict[str, Column], column: str, taken: set[str]) -> None:
    items = decode(_KEYS[column], row[column]) or []
    left = [item for item in items if LISTS[column](item) not in taken]
    if left != items:
        row[column] = write_list(left)


def _offered(other: Row, column: str) -> list[str]:
    """The items that a merged person brings: their own, and their name as an alias."""
    items = _strings(other, column, other[column])
    return [str(other["canonical_name"] or ""), *items] if column == "aliases" else items


def _strings(row: Row, column: str, value: Column) -> list[str]:
    try:
        return decode(_KEYS[column], value) or []
    except ValueError as error:
        raise BadValue("people", int(row["rowid"] or 0), row["id"], column, str(error)) from None


def _empty(value: Column) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _rank(category: Column) -> int:
    """The lower, the stronger; a category that is not one of the legacy ones is stronger than none."""
    if _empty(category) or category == "unknown":
        return len(_CATEGORIES) + 1
    return _CATEGORIES.index(str(category)) if category in _CATEGORIES else len(_CATEGORIES)


def _by_instant(conn: sqlite3.Connection, column: str, mine: Column, theirs: Column) -> Column:
    """The earlier first_seen, the later last_seen, as text that came in; what is no date, or undated, gives way."""
    one, other = (_instant(conn, value) for value in (mine, theirs))
    if other is None:
        return theirs if _empty(mine) and not _empty(theirs) else mine
    if one is None:
        return theirs
    return theirs if (other < one if column == "first_seen" else other > one) else mine


def _instant(conn: sqlite3.Connection, value: Column) -> str | None:
    """A date as the instant it is, in UTC, the way the view person_activity reads timestamps."""
    row = conn.execute(
        """SELECT strftime('%Y-%m-%dT%H:%M:%fZ', ?1)
        WHERE ?1 GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'""",
        (value,),
    ).fetchone()
    return row[0] if row and row[0] != _UNDATED else None

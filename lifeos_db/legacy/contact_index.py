"""Who has an email, a phone number or a name, and which emails and phone numbers are blocked."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Literal

ContactKind = Literal["email", "phone", "name"]

_COLUMNS = {"email": ("emails",), "phone": ("phone_numbers",), "name": ("aliases", "canonical_name")}


def find_ids(conn: sqlite3.Connection, kind: ContactKind, value: str) -> list[str]:
    """The ids of the people who have it, in their order; emails and names in any case. Merged and hidden ones too."""
    wanted = value.lower()
    columns = _COLUMNS[kind]
    found = []
    for identity, *cells in conn.execute(f"SELECT id, {', '.join(columns)} FROM people ORDER BY rowid"):
        values = [*json.loads(cells[0] or "[]"), *cells[1:]]
        if any(item is not None and item.lower() == wanted for item in values):
            found.append(identity)
    return found


def is_blocked(conn: sqlite3.Connection, identifier: str) -> bool:
    """Whether an email or a phone number is one of a hidden person's."""
    hidden = {row[0] for row in conn.execute("SELECT id FROM people WHERE hidden = 1")}
    return any(not hidden.isdisjoint(find_ids(conn, kind, identifier)) for kind in ("email", "phone"))


def block(conn: sqlite3.Connection, person_ids: Iterable[str]) -> None:
    """Block the emails and phone numbers of these people, in the caller's transaction: being hidden does it."""

"""Hiding people: the soft delete of the legacy fields, and the list of contacts that must not come back."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timezone

from .changing import changing
from .contacts import fold_email, fold_phone
from .database import DEFAULT_TIMEOUT
from .lookup import Person, resolve


def hide(
    data_dir: str | os.PathLike[str] | None,
    person: str,
    *,
    reason: str | None = None,
    timeout: float = DEFAULT_TIMEOUT,
) -> tuple[Person, bool]:
    """Hide a person and block their emails and phone numbers. Returns who it was, and whether anything changed.

    Of somebody who is hidden already, a new ``reason`` replaces the old one, and new contacts are blocked. Raises
    what finding a person raises, and what changing raises.
    """
    with changing(data_dir, "hidden", timeout) as conn:
        found = resolve(conn, person)
        before = conn.total_changes
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        conn.execute(
            "UPDATE people SET hidden = 1, hidden_at = ?, hidden_reason = ? WHERE id = ? AND hidden IS NOT 1",
            (now, reason or "", found.id),
        )
        if reason is not None:
            conn.execute(
                "UPDATE people SET hidden_reason = ? WHERE id = ? AND hidden_reason IS NOT ?",
                (reason, found.id, reason),
            )
        block(conn, [found.id])
        return found, conn.total_changes > before


def unhide(
    data_dir: str | os.PathLike[str] | None, person: str, *, timeout: float = DEFAULT_TIMEOUT
) -> tuple[Person, bool]:
    """Show a hidden person again, and block their contacts no more. Returns who it was, and whether anything changed.

    Raises what finding a person raises, and what changing raises.
    """
    with changing(data_dir, "shown again", timeout) as conn:
        found = resolve(conn, person)
        before = conn.total_changes
        conn.execute(
            "UPDATE people SET hidden = 0, hidden_at = NULL, hidden_reason = '' WHERE id = ? AND hidden = 1",
            (found.id,),
        )
        conn.execute("DELETE FROM blocked_contacts WHERE person_id = ?", (found.id,))
        return found, conn.total_changes > before


def is_blocked(conn: sqlite3.Connection, *, email: str | None = None, phone: str | None = None) -> bool:
    """Whether this email or this phone number is a hidden person's, or was when they were hidden, in any spelling.

    Who was hidden by another program counts too, and who was shown again by one does not. A few look-ups in indexes.
    Raises sqlite3.Error where ``conn`` has none of the tables.
    """
    wanted = [("email", fold_email(email or "")), ("phone", fold_phone(phone or ""))]
    return any(
        conn.execute(
            """SELECT 1 FROM blocked_contacts LEFT JOIN people ON people.id = person_id
            WHERE kind = ?1 AND value = ?2 AND (people.id IS NULL OR people.hidden = 1)
            UNION ALL
            SELECT 1 FROM person_contacts CROSS JOIN people ON people.id = person_id
            WHERE kind = ?1 AND value = ?2 AND people.hidden = 1
            LIMIT 1""",
            contact,
        ).fetchone()
        for contact in wanted
    )


def block(conn: sqlite3.Connection, person_ids: Iterable[str]) -> None:
    """Block the emails and phone numbers of these people, inside the caller's transaction."""
    conn.executemany(
        """INSERT INTO blocked_contacts (kind, value, person_id)
        SELECT kind, value, person_id FROM person_contacts
        WHERE person_id = ? AND kind IN ('email', 'phone')
        ON CONFLICT (kind, value, person_id) DO NOTHING""",
        [(person_id,) for person_id in person_ids],
    )


def block_hidden(conn: sqlite3.Connection) -> None:
    """Block the contacts of everybody who is hidden, inside the caller's transaction."""
    block(conn, [row[0] for row in conn.execute("SELECT id FROM people WHERE hidden = 1").fetchall()])

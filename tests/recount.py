"""The counts as a plain program would count them: the yardstick that knows nothing of triggers or views."""

from __future__ import annotations

import sqlite3
from collections import Counter

COUNTERS = ("email", "meeting", "mention", "message")
ROWS = (
    "SELECT rowid, id, person_id, timestamp, source_type, title, source_id, source_account, attendee_count "
    "FROM interactions ORDER BY rowid"
)
"""Without created_at, whose default is the clock: two databases may insert on either side of a second."""


def actual_counts(conn: sqlite3.Connection) -> dict[str, tuple[int, ...]]:
    """Person id to the four counts, for every row of people, counted in Python from every row of interactions."""
    counter_of = dict(conn.execute("SELECT source_type, counter FROM source_types"))
    counted: Counter[tuple[str, str]] = Counter()
    for person, source in conn.execute("SELECT person_id, source_type FROM interactions"):
        if counter := counter_of.get(source):
            counted[person, counter] += 1
    people = [row[0] for row in conn.execute("SELECT id FROM people")]
    return {person: tuple(counted[person, counter] for counter in COUNTERS) for person in people}


def cached_counts(conn: sqlite3.Connection) -> dict[str, tuple[int, ...]]:
    """Person id to the four counts as the table people has them."""
    rows = conn.execute("SELECT id, email_count, meeting_count, mention_count, message_count FROM people")
    return {row[0]: tuple(row[1:]) for row in rows}


def assert_exact(conn: sqlite3.Connection) -> None:
    """Cached counts are the recount, the views agree, merges are flat, and no row rests under a merged id."""
    assert cached_counts(conn) == actual_counts(conn)
    assert conn.execute("SELECT * FROM person_count_drift").fetchall() == []
    merges = dict(conn.execute("SELECT merged_id, survivor_id FROM person_merges"))
    assert not merges.keys() & set(merges.values())
    resting = "SELECT id FROM interactions WHERE person_id IN (SELECT merged_id FROM person_merges)"
    assert conn.execute(resting).fetchall() == []

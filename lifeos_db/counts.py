"""Setting the cached counts right from the aggregate: for migration and for repair."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

COUNTERS = ("email", "meeting", "mention", "message")


@dataclass(frozen=True)
class CountDrift:
    """One cached count that is not the actual one. ``cached`` may be anything a program put into the column."""

    person_id: str
    name: str | None
    counter: str
    cached: object
    actual: int


def find_drift(conn: sqlite3.Connection, person_id: str | None = None) -> list[CountDrift]:
    """Every cached count that is wrong, in order of person; of one person, if given.

    Reads the views person_counts and person_count_drift: one scan of the covering index for everybody, one range of it
    for one person.
    """
    if person_id is not None:
        return _drift_of(conn, person_id)
    rows = conn.execute(
        """SELECT person_id, canonical_name, counter, cached, actual
        FROM person_count_drift JOIN people ON people.id = person_count_drift.person_id
        ORDER BY people.rowid, counter"""
    )
    return [CountDrift(*row) for row in rows]


def _drift_of(conn: sqlite3.Connection, person_id: str) -> list[CountDrift]:
    """What person_count_drift has of one person, without aggregating everybody, as SQLite does for the view."""
    columns = ", ".join(f"{counter}_count" for counter in COUNTERS)
    row = conn.execute(f"SELECT canonical_name, {columns} FROM people WHERE id = ?", (person_id,)).fetchone()
    if row is None:
        return []
    actual = conn.execute(f"SELECT {columns} FROM person_counts WHERE person_id = ?", (person_id,)).fetchone()
    return [
        CountDrift(person_id, row[0], counter, cached, number)
        for counter, cached, number in zip(COUNTERS, row[1:], actual or (0,) * len(COUNTERS))
        if cached != number
    ]


def correct_counts(conn: sqlite3.Connection) -> list[CountDrift]:
    """Write the actual count wherever the cached one is wrong; returns what was wrong.

    Inside the caller's transaction; marks the exports as stale if anything was.
    """
    drift = find_drift(conn)
    for counter in COUNTERS:
        conn.executemany(
            f"UPDATE people SET {counter}_count = ? WHERE id = ?",
            [(item.actual, item.person_id) for item in drift if item.counter == counter],
        )
    if drift:
        conn.execute("UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured")
    return drift

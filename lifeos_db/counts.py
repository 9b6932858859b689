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

    Reads the views person_counts and person_count_drift: one scan of the covering index for everybody.
    """
    where = "WHERE person_count_drift.person_id = ?" if person_id is not None else ""
    rows = conn.execute(
        f"""SELECT person_id, canonical_name, counter, cached, actual
        FROM person_count_drift JOIN people ON people.id = person_count_drift.person_id
        {where} ORDER BY people.rowid, counter""",
        (person_id,) if person_id is not None else (),
    )
    return [CountDrift(*row) for row in rows]


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

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


def flatten_merges(conn: sqlite3.Connection) -> list[str]:
    """Lead every merge to its last survivor, and drop those that lead back to themselves, which have none.

    Inside the caller's transaction. Returns what was done, a sentence a merge.
    """
    merges = dict(conn.execute("SELECT merged_id, survivor_id FROM person_merges").fetchall())
    done = []
    for merged, survivor in merges.items():
        seen, end = {merged}, survivor
        while end in merges and end not in seen:
            seen.add(end)
            end = merges[end]
        if end in seen:
            conn.execute("DELETE FROM person_merges WHERE merged_id = ?", (merged,))
            done.append(f"removed the merge {merged} -> {survivor}, which leads back to itself")
        elif end != survivor:
            conn.execute("UPDATE person_merges SET survivor_id = ? WHERE merged_id = ?", (end, merged))
            done.append(f"flattened the merge {merged} -> {survivor}: it leads to {end}")
    return done


def move_merged_rows(conn: sqlite3.Connection) -> int:
    """Move interactions that rest under a merged id to the survivor; returns how many.

    Inside the caller's transaction. The triggers do not count such a move: correct the counts afterwards.
    """
    cursor = conn.execute(
        """UPDATE interactions
        SET person_id = (SELECT survivor_id FROM person_merges WHERE merged_id = interactions.person_id)
        WHERE person_id IN (SELECT merged_id FROM person_merges)"""
    )
    return cursor.rowcount


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

"""Merges of people: where a chain of them leads, and putting right what no trigger has seen."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping


def last_survivor(merges: Mapping[str, str], merged: str) -> str | None:
    """Follow a map of merged id to survivor id from ``merged`` to its end; None where it leads back to itself."""
    seen, end = {merged}, merges[merged]
    while end in merges and end not in seen:
        seen.add(end)
        end = merges[end]
    return None if end in seen else end


def flatten_merges(conn: sqlite3.Connection) -> list[str]:
    """Lead every merge to its last survivor, and drop those that lead back to themselves, which have none.

    Inside the caller's transaction. Returns what was done, a sentence a merge.
    """
    merges = dict(conn.execute("SELECT merged_id, survivor_id FROM person_merges").fetchall())
    done = []
    for merged, survivor in merges.items():
        end = last_survivor(merges, merged)
        if end is None:
            conn.execute("DELETE FROM person_merges WHERE merged_id = ?", (merged,))
            done.append(f"removed the merge {merged} -> {survivor}, which leads back to itself")
        elif end != survivor:
            conn.execute("UPDATE person_merges SET survivor_id = ? WHERE merged_id = ?", (end, merged))
            done.append(f"flattened the merge {merged} -> {survivor}: it leads to {end}")
    return done


def move_merged_rows(conn: sqlite3.Connection) -> int:
    """Move interactions that rest under a merged id to the survivor; returns how many.

    Inside the caller's transaction. The triggers do not count such a move: correct the counts afterwards. What moves
    is remembered, so that the merge can be taken back.
    """
    conn.execute(
        r"""INSERT INTO merge_moves (merged_id, survivor_id, interactions, relationships)
        SELECT person_merges.merged_id, person_merges.survivor_id, '[' || group_concat(
            CASE typeof(interactions.id)
                WHEN 'text' THEN '"' || replace(replace(interactions.id, '\', '\\'), '"', '\"') || '"'
                ELSE interactions.rowid
            END
        ) || ']', '[]'
        FROM interactions
        JOIN person_merges ON person_merges.merged_id = interactions.person_id
        GROUP BY person_merges.merged_id ORDER BY person_merges.rowid"""
    )
    cursor = conn.execute(
        """UPDATE interactions
        SET person_id = (SELECT survivor_id FROM person_merges WHERE merged_id = interactions.person_id)
        WHERE person_id IN (SELECT merged_id FROM person_merges)"""
    )
    return cursor.rowcount


def record_merges(conn: sqlite3.Connection) -> None:
    """Record merges that no trigger has seen, in their order, so that they can be taken back.

    Inside the caller's transaction. They are flat: what they were before cannot be told.
    """
    conn.execute(
        """INSERT INTO merge_records (merged_id, survivor_id)
        SELECT merged_id, survivor_id FROM person_merges
        WHERE merged_id NOT IN (SELECT merged_id FROM merge_records) ORDER BY rowid"""
    )

"""Which interactions a merge gave to its survivor: read from what the triggers wrote down, and forgotten again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, field

Name = str | bytes | int
"""The id of an interaction, or the rowid of one without an id (in merge_moves also of one whose id is a BLOB)."""


@dataclass
class Gifts:
    """``rows`` are the rowids of what is still where the merge put it; ``lost`` maps who has the others, None for
    nobody, to their names. ``records`` are the ids of the merged person's records of relationships, by the survivor
    they were led to; none where they were united by `lifeos db merge`."""

    rows: list[int] = field(default_factory=list)
    records: dict[str, list[str]] = field(default_factory=dict)
    lost: dict[str | None, list[Name]] = field(default_factory=dict)


def find_gifts(conn: sqlite3.Connection, merged_id: str, within: Collection[str]) -> Gifts:
    """What came with the merge of ``merged_id``, and was written under that id since; or under those ``within`` it.

    Only what came with ``merged_id`` itself can be lost: the others have their own merges.
    """
    ours = {merged_id, *within}
    givers: dict[tuple[Name, str], str] = {}
    gifts = Gifts()
    for moved_id, survivor_id, text, records in conn.execute(
        """SELECT merged_id, survivor_id, interactions, relationships FROM merge_moves
        WHERE number >= (SELECT min(number) FROM merge_moves WHERE merged_id = ?) ORDER BY number""",
        (merged_id,),
    ):
        givers.update(dict.fromkeys(((name, survivor_id) for name in json.loads(text, strict=False)), moved_id))
        if moved_id == merged_id:
            gifts.records.setdefault(survivor_id, []).extend(json.loads(records, strict=False))
    for name, survivor_id, written_id in conn.execute(
        "SELECT interaction, survivor_id, merged_id FROM merged_interactions"
    ):
        if written_id in ours or (name, survivor_id) in givers:
            givers[name, survivor_id] = written_id
    for (name, survivor_id), giver in givers.items():
        if giver not in ours:
            continue
        if not isinstance(name, int):
            row = conn.execute("SELECT rowid, person_id FROM interactions WHERE id = ?", (name,)).fetchone()
        else:
            row = conn.execute(
                "SELECT rowid, person_id FROM interactions WHERE rowid = ? AND typeof(id) <> 'text'", (name,)
            ).fetchone()
        if row and row[1] == survivor_id:
            gifts.rows.append(row[0])
        elif giver == merged_id:
            gifts.lost.setdefault(row[1] if row else None, []).append(name)
    return gifts


def forget_gifts(conn: sqlite3.Connection, merged_id: str, within: Collection[str], survivor_id: str) -> None:
    """The merge gave nothing any more, inside the caller's transaction.

    What came under an id within it went to ``survivor_id`` on the way, and is with ``merged_id`` now.
    """
    for table in ("merge_moves", "merged_interactions"):
        conn.execute(f"DELETE FROM {table} WHERE merged_id = ?", (merged_id,))
    for name in within:
        conn.execute(
            "UPDATE merge_moves SET survivor_id = ? WHERE merged_id = ? AND survivor_id = ?",
            (merged_id, name, survivor_id),
        )
        conn.execute(
            """INSERT INTO merged_interactions (interaction, survivor_id, merged_id)
            SELECT interaction, ?1, merged_id FROM merged_interactions WHERE merged_id = ?2 AND survivor_id = ?3
            ON CONFLICT (interaction, survivor_id) DO UPDATE SET merged_id = excluded.merged_id""",
            (merged_id, name, survivor_id),
        )
        conn.execute("DELETE FROM merged_interactions WHERE merged_id = ? AND survivor_id = ?", (name, survivor_id))

"""What a script changed: aggregates of people and interactions, taken before and after, and their difference."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass, field

from .database import any_text
from .record_rows import PERSON_COLUMNS


@dataclass(frozen=True)
class Snapshot:
    """Aggregates of one moment. ``interactions`` has, by person and source type, the rows and the sum of rowids."""

    interactions: dict[tuple[str, str], tuple[int, int]]
    last_row: int
    people: dict[str, int]
    """By person id, a number that differs when one of the person's fields does."""
    orphans: dict[str, int]
    """By missing person id, the rows."""


@dataclass(frozen=True)
class ChangeReport:
    """The difference of two snapshots.

    ``added`` and ``removed`` are interactions by source type. ``touched`` is the number of people with a changed field
    or changed interactions, the new ones apart; ``orphans`` the number of interactions that have no person and did
    before, or were not there.
    """

    added: dict[str, int] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    touched: int = 0
    new: int = 0
    gone: int = 0
    orphans: int = 0


def take_snapshot(conn: sqlite3.Connection) -> Snapshot:
    """Read the aggregates, of one state of the database: one scan of a covering index and one of people."""
    conn.text_factory = any_text
    conn.execute("BEGIN")
    try:
        interactions = {
            (person, source): (number, rows)
            for person, source, number, rows in conn.execute(
                "SELECT person_id, source_type, count(*), sum(rowid) FROM interactions GROUP BY person_id, source_type"
            )
        }
        last_row = conn.execute("SELECT coalesce(max(rowid), 0) FROM interactions").fetchone()[0]
        people = {row[0]: hash(row) for row in conn.execute(f"SELECT {PERSON_COLUMNS}, extra FROM people")}
        merged = {row[0] for row in conn.execute("SELECT merged_id FROM person_merges")}
    finally:
        conn.execute("ROLLBACK")
    orphans: Counter[str] = Counter()
    for (person, _), (number, _) in interactions.items():
        if person not in people and person not in merged:
            orphans[person] += number
    return Snapshot(interactions, last_row, people, dict(orphans))


def find_changes(conn: sqlite3.Connection, before: Snapshot, after: Snapshot) -> ChangeReport:
    """The difference. What was added is counted by its rowids, which are higher than all before.

    Where the newest rows were deleted first, SQLite gives their rowids again: as many rows are then neither counted as
    removed nor as added.
    """
    query = "SELECT source_type, count(*) FROM interactions WHERE rowid > ? GROUP BY source_type"
    added = Counter(dict(conn.execute(query, (before.last_row,)).fetchall()))
    removed: Counter[str] = Counter()
    change: Counter[str] = Counter()
    touched: set[str] = set()
    for key in before.interactions.keys() | after.interactions.keys():
        old, new = before.interactions.get(key, (0, 0)), after.interactions.get(key, (0, 0))
        if old != new:
            touched.add(key[0])
            change[key[1]] += new[0] - old[0]
    for source in added.keys() | change.keys():
        lost = added[source] - change[source]
        if lost >= 0:
            removed[source] = lost
        else:  # rows were given this source type
            added[source] -= lost
    touched |= {person for person, value in after.people.items() if before.people.get(person) != value}
    return ChangeReport(
        added={source: added[source] for source in sorted(added, key=str) if added[source]},
        removed={source: removed[source] for source in sorted(removed, key=str) if removed[source]},
        touched=len(touched & before.people.keys() & after.people.keys()),
        new=len(after.people.keys() - before.people.keys()),
        gone=len(before.people.keys() - after.people.keys()),
        orphans=sum(max(0, rows - before.orphans.get(person, 0)) for person, rows in after.orphans.items()),
    )

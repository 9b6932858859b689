"""A person's strongest ties, for people to look at: hidden people are not listed."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from .relationships import COUNTERS, count_ties, edge_weight, strongest


@dataclass(frozen=True)
class Tie:
    """One relationship, seen from one side: the other person, the counts by name, and since when (ISO 8601)."""

    person_id: str
    name: str | None
    relationship_type: str
    edge_weight: int
    counts: dict[str, int]
    is_linkedin_connection: bool
    first_seen_together: str | None
    last_seen_together: str | None


def ties_of(conn: sqlite3.Connection, person_id: str, limit: int) -> tuple[list[Tie], int]:
    """A person's strongest ties, at most ``limit``, and how many more they have; with people who are not hidden."""
    ties = []
    for row in strongest(conn, person_id, limit, hidden=False):
        named = conn.execute(
            "SELECT coalesce(nullif(display_name, ''), canonical_name) FROM people WHERE id = ?", (row["other_id"],)
        ).fetchone()
        ties.append(
            Tie(
                row["other_id"],
                named[0] if named else None,
                row["relationship_type"],
                edge_weight(row["raw"]),
                {counter: row[f"shared_{counter}_count"] for counter in COUNTERS},
                bool(row["is_linkedin_connection"]),
                row["first_seen_together"],
                row["last_seen_together"],
            )
        )
    return ties, count_ties(conn, person_id) - len(ties)

"""A person's strongest ties, for people to look at: hidden people are not listed."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import asdict, dataclass
from typing import Any

from .changing import looking
from .database import DEFAULT_TIMEOUT
from .errors import PersonMerged, PersonNotFound
from .lookup import resolve
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


@dataclass(frozen=True)
class PersonTies:
    """A person and their strongest ties; ``unlisted`` is how many more they have with people who are not hidden."""

    person_id: str
    name: str | None
    ties: list[Tie]
    unlisted: int

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)


def ties_of(
    data_dir: str | os.PathLike[str] | None, person: str, *, limit: int = 10, timeout: float = DEFAULT_TIMEOUT
) -> PersonTies:
    """The ties of the person that is meant by ``person`` (``lookup.resolve``); a merged id stands for its survivor.

    Raises PersonNotFound, PersonAmbiguous, DatabaseMissing, NotMigrated, OlderSchema, NewerSchema, Locked.
    """
    with looking(data_dir, timeout) as conn:
        try:
            person_id = resolve(conn, person).id
        except PersonMerged as error:
            person_id = error.survivor_id
        row = conn.execute(
            "SELECT coalesce(nullif(display_name, ''), canonical_name) FROM people WHERE id = ?", (person_id,)
        ).fetchone()
        if row is None:
            raise PersonNotFound(person, [])
        return _ties(conn, person_id, row[0], limit)


def _ties(conn: sqlite3.Connection, person_id: str, name: str | None, limit: int) -> PersonTies:
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
    return PersonTies(person_id, name, ties, count_ties(conn, person_id) - len(ties))

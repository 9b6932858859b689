"""A person's strongest ties, for people to look at: hidden people are not listed."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

from .database import DEFAULT_TIMEOUT, open_reader, translated_errors
from .directory import DataDirectory
from .errors import PersonAmbiguous, PersonNotFound
from .relationships import COUNTERS, count_ties, edge_weight, strongest
from .schema_objects import require_current


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
    """The ties of the person with this id, else of the one who is not hidden and has this name, in any case.

    A merged id stands for its survivor. Raises PersonNotFound, PersonAmbiguous, DatabaseMissing, NotMigrated,
    OlderSchema, NewerSchema, Locked.
    """
    directory = DataDirectory.locate(data_dir)
    path = directory.existing_database()
    with translated_errors(path, timeout), closing(open_reader(path, timeout)) as conn:
        require_current(conn, path)
        rows = conn.execute(
            """SELECT id, coalesce(nullif(display_name, ''), canonical_name) FROM people
            WHERE id = coalesce((SELECT survivor_id FROM person_merges WHERE merged_id = :person), :person)""",
            {"person": person},
        ).fetchall()
        rows = (
            rows
            or conn.execute(
                """SELECT id, coalesce(nullif(display_name, ''), canonical_name) FROM people
            WHERE :person IN (lower(display_name), lower(canonical_name)) AND hidden IS NOT 1 ORDER BY id""",
                {"person": person.lower()},
            ).fetchall()
        )
        if not rows:
            raise PersonNotFound(person, [])
        if len(rows) > 1:
            raise PersonAmbiguous(person, len(rows), [f"{person_id}  {name}" for person_id, name in rows[:10]])
        person_id, name = rows[0]
        return _ties(conn, person_id, name, limit)


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

"""Pairs of people who may be the same: they share an email, a phone number or a name."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, groupby
from operator import itemgetter
from typing import Any

from .changing import looking
from .contacts import Contact
from .database import DEFAULT_TIMEOUT, any_text

ALL_PAIRS_UP_TO = 8
"""Of more people who share one value, each is paired only with the one who would survive: a common name must not make
a number of pairs that grows with its square. Merging those pairs joins them all."""
WEIGHTS = {"email": 4, "phone": 2, "name": 1}
"""How much one kind of evidence is worth: an email more than a phone number and a name together."""


@dataclass(frozen=True)
class Candidate:
    """One of the two people, with their number of interactions."""

    id: str
    name: str
    interactions: int


@dataclass(frozen=True)
class DuplicatePair:
    """Two people who may be the same. ``survivor`` is the one with more behind them; ``shared`` is folded."""

    survivor: Candidate
    other: Candidate
    shared: tuple[Contact, ...]

    @property
    def arguments(self) -> tuple[str, str]:
        """What to give to ``merge``."""
        return self.survivor.id, self.other.id

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, the command apart."""
        return {
            "survivor": vars(self.survivor).copy(),
            "other": vars(self.other).copy(),
            "shared": [{"kind": kind, "value": value} for kind, value in self.shared],
        }


def duplicates(
    data_dir: str | os.PathLike[str] | None = None, *, timeout: float = DEFAULT_TIMEOUT
) -> list[DuplicatePair]:
    """Pairs that share an email, phone number or name (case and accents folded), the best evidence first.

    People who are merged or hidden are left out. Read from the index of contacts. Raises what opening raises.
    """
    with looking(data_dir, timeout) as conn:
        conn.text_factory = any_text
        people = _people(conn)
        place = {person_id: number for number, person_id in enumerate(people)}
        shared: dict[tuple[str, str], list[Contact]] = {}
        for contact, ids in _groups(conn, people):
            ids.sort(key=place.__getitem__)
            for pair in combinations(ids, 2) if len(ids) <= ALL_PAIRS_UP_TO else ((ids[0], one) for one in ids[1:]):
                shared.setdefault(pair, []).append(contact)
    found = [DuplicatePair(people[one], people[two], tuple(values)) for (one, two), values in shared.items()]

    def evidence(pair: DuplicatePair) -> tuple[object, ...]:
        kinds = {kind for kind, _ in pair.shared}
        return (
            -sum(WEIGHTS[kind] for kind in kinds),
            -len(pair.shared),
            place[pair.survivor.id],
            place[pair.other.id],
        )

    return sorted(found, key=evidence)


def _people(conn: sqlite3.Connection) -> dict[str, Candidate]:
    """Everybody who may be merged, the best survivor first: the owner, who has more interactions, who is older."""
    rows = conn.execute(
        """SELECT people.id, people.canonical_name, coalesce(numbers.total, 0)
        FROM people
        LEFT JOIN (SELECT person_id, count(*) AS total FROM interactions GROUP BY person_id) AS numbers
            ON numbers.person_id = people.id
        WHERE people.hidden IS NOT 1 AND people.id NOT IN (SELECT merged_id FROM person_merges)
        ORDER BY people.category IS 'self' DESC, 3 DESC, people.rowid"""
    )
    return {row[0]: Candidate(row[0], row[1] or "", row[2]) for row in rows}


def _groups(conn: sqlite3.Connection, people: dict[str, Candidate]) -> Iterator[tuple[Contact, list[str]]]:
    """Every contact that several of these people have, with their ids; emails first, then phone numbers, then names."""
    for kind in WEIGHTS:
        rows = conn.execute(
            """SELECT value, person_id FROM person_contacts
            WHERE kind = ?1 AND value IN (
                SELECT value FROM person_contacts WHERE kind = ?1 GROUP BY value HAVING count(*) > 1
            )
            ORDER BY value""",
            (kind,),
        )
        for value, group in groupby(rows, key=itemgetter(0)):
            ids = [person_id for _, person_id in group if person_id in people]
            if len(ids) > 1:
                yield (kind, value), ids

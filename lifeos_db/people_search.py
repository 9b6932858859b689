"""Searching people: by any part of a name, email or phone number, by when they were last met, the closest first."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from .changing import looking
from .contacts import fold_email, fold_phone, name_folder
from .counts import COUNTERS
from .database import DEFAULT_TIMEOUT, any_text, plain
from .directory import utc_now
from .lookup import strings
from .moments import INSTANT_SQL, TEXT_AFTER_SQL, TEXT_BEFORE_SQL, moment_back
from .relationships import edge_weight, owner_id, raw_strengths

Order = Literal["closeness", "name", "last", "total", "email", "meeting", "mention", "message"]
ORDERS: tuple[Order, ...] = get_args(Order)

_LATEST = f"""SELECT timestamp FROM interactions
    WHERE person_id = people.id AND timestamp < {TEXT_AFTER_SQL.format(":now")} AND {INSTANT_SQL} <= :now
    ORDER BY timestamp DESC LIMIT 1"""
_PEOPLE = f"""
    SELECT id, name, category, tags, hidden, email_count, meeting_count, mention_count, message_count,
        (SELECT count(*) FROM interactions WHERE person_id = chosen.id) AS total,
        (
            SELECT max(instant) FROM (
                SELECT {INSTANT_SQL} AS instant FROM interactions
                WHERE person_id = chosen.id
                    AND timestamp BETWEEN {TEXT_BEFORE_SQL.format("chosen.latest")} AND chosen.latest
            ) WHERE instant <= :now
        ) AS last
    FROM (
        SELECT people.*, coalesce(nullif(display_name, ''), canonical_name) AS name, ({_LATEST}) AS latest
        FROM people
        WHERE NOT EXISTS (SELECT 1 FROM person_merges WHERE merged_id = people.id)
            AND (:hidden OR hidden IS NOT 1)
            AND (:category IS NULL OR lower(category) = lower(:category))
            {{found}}
    ) AS chosen
"""
"""The last contact is the latest instant, as in view person_activity, but up to now. It is found without looking at all
of a person's rows: it can only be near the latest text, because texts differ from instants by an offset."""


@dataclass(frozen=True)
class FoundPerson:
    """Somebody who was found. ``total`` is all their interactions, ``last_contact`` the latest instant up to now.

    The four counts are the cached ones. ``closeness`` is the edge weight of their relationship with the owner, from 0
    to 100 (docs/relationships.md); None for the owner, and for everybody where there is no owner.
    """

    person_id: str
    name: str | None
    category: str | None
    tags: list[str]
    hidden: bool
    email: Any
    meeting: Any
    mention: Any
    message: Any
    total: int
    last_contact: str | None
    closeness: int | None


@dataclass(frozen=True)
class PeopleReport:
    """The people found, in order, as far as the limit; ``found`` is how many there are without it."""

    people: list[FoundPerson]
    found: int
    owner_id: str | None
    now: str

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)


def people(
    data_dir: str | os.PathLike[str] | None = None,
    query: str = "",
    *,
    order: Order = "closeness",
    not_since: str | None = None,
    category: str | None = None,
    tag: str | None = None,
    hidden: bool = False,
    limit: int | None = None,
    timeout: float = DEFAULT_TIMEOUT,
) -> PeopleReport:
    """Search the people of a data directory; read-only.

    ``query``: every word of it is part of a name, alias or email, or all of it part of a phone number, with accents
    and case folded. ``order`` is one of ORDERS: names from a to z, everything else the closest, latest or most first.
    ``not_since`` is as in ``moments.moment_back`` and leaves out who was met since then, and the owner. ``hidden``
    brings hidden people in.

    Raises ValueError for a ``not_since`` that says nothing or lies in the future, and what opening raises.
    """
    now = utc_now()
    cutoff = moment_back(not_since, now) if not_since is not None else None
    with looking(data_dir, timeout) as conn:
        conn.text_factory = any_text
        to_name = name_folder(conn)
        owner = owner_id(conn)
        found = find_people(conn, query, now, category=category, hidden=hidden)
    if tag is not None:
        wanted = to_name(tag)
        found = [person for person in found if wanted in map(to_name, person.tags)]
    if cutoff is not None:
        found = [
            person
            for person in found
            if person.person_id != owner and (person.last_contact is None or person.last_contact < cutoff)
        ]
    found.sort(key=lambda person: _by_name(person, to_name))
    if order != "name":
        found.sort(key=lambda person: _by_value(person, order), reverse=True)  # who is alike stays in order of name
    return PeopleReport(found[:limit], len(found), owner, now)


def find_people(
    conn: sqlite3.Connection, query: str, now: str, *, category: str | None = None, hidden: bool = False
) -> list[FoundPerson]:
    """Those whom the query means, in no order. Merged people are left out."""
    owner = owner_id(conn)
    condition, values = matching(query, name_folder(conn))
    raw = raw_strengths(conn, owner) if owner is not None else {}
    rows = conn.execute(
        _PEOPLE.format(found=f"AND ({condition})"), {"now": now, "hidden": hidden, "category": category, **values}
    )
    return [
        FoundPerson(
            person_id=plain(row[0]),
            name=None if row[1] is None else plain(row[1]),
            category=None if row[2] is None else plain(row[2]),
            tags=strings(row[3]),
            hidden=bool(row[4]),
            **{name: plain(value) if isinstance(value, bytes) else value for name, value in zip(COUNTERS, row[5:9])},
            total=row[9],
            last_contact=row[10],
            closeness=None if owner is None or row[0] == owner else edge_weight(raw.get(row[0], 0)),
        )
        for row in rows
    ]


def matching(query: str, to_name: Callable[[str], str]) -> tuple[str, dict[str, str]]:
    """The condition on the table people that somebody is meant by the query, and its values."""
    values: dict[str, str] = {}
    words = []
    for number, word in enumerate(query.split()):
        values |= {f"name{number}": to_name(word), f"email{number}": fold_email(word)}
        words.append(
            f"""id IN (SELECT person_id FROM person_contacts
            WHERE kind = 'name' AND instr(value, :name{number}) OR kind = 'email' AND instr(value, :email{number}))"""
        )
    condition = " AND ".join(words) or "true"
    if words and (phone := fold_phone(query)).lstrip("+").isdecimal():
        values["phone"] = phone
        condition = f"""{condition}
            OR id IN (SELECT person_id FROM person_contacts WHERE kind = 'phone' AND instr(value, :phone))"""
    return condition, values


def _by_name(person: FoundPerson, to_name: Callable[[str], str]) -> tuple[bool, str, str]:
    name = to_name(person.name or "")
    return not name, name, person.person_id


def _by_value(person: FoundPerson, order: Order) -> tuple[bool, Any, int]:
    """For the highest first: those that have the value, by it; who is alike, by the number of interactions."""
    value = person.last_contact if order == "last" else getattr(person, order)
    has_value = isinstance(value, str if order == "last" else int)
    return has_value, value if has_value else 0, person.total

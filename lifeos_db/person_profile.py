"""One person, to look at: who they are, their interactions by source and month, their ties, and how they came to be."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from .changing import looking
from .counts import COUNTERS
from .database import DEFAULT_TIMEOUT, any_text, plain
from .directory import DataDirectory, utc_now
from .errors import PersonMerged, PersonNotFound
from .lookup import resolve, strings
from .moments import INSTANT_SQL, parse_instant
from .relationships import edge_weight, owner_id, raw_strengths
from .ties import Tie, ties_of
from .verification import look

MONTHS = 24
"""How many months the timeline has; the present one is the last."""
_LISTS = ("emails", "phone_numbers", "aliases", "tags")
_TEXTS = ("category", "company", "position", "linkedin_url", "birthday", "phone_primary", "hidden_at", "hidden_reason")


@dataclass(frozen=True)
class PersonSource:
    """A person's interactions of one source type; ``last`` is the latest instant up to now."""

    source_type: str
    counter: str | None
    interactions: int
    last: str | None


@dataclass(frozen=True)
class Month:
    """A month, as 2026-01 and in UTC, and the interactions in it up to now."""

    month: str
    interactions: int


@dataclass(frozen=True)
class MergedPerson:
    """Somebody who was merged into the person; ``name`` and ``merged_at`` as far as they were written down."""

    person_id: str
    name: str | None
    merged_at: str | None


@dataclass(frozen=True)
class WrongCount:
    """A cached count that is not the actual one."""

    counter: str
    cached: Any
    actual: int


@dataclass(frozen=True)
class Interaction:
    """One interaction: its instant in UTC; ``title`` only where titles were asked for."""

    at: str
    source_type: str
    title: str | None


@dataclass(frozen=True)
class PersonProfile:
    """What ``lifeos db show`` shows of somebody.

    ``identity`` has the columns of people that say who it is, lists as lists. ``counts`` are the cached ones; where
    they are wrong, ``drift`` says how and ``reasons`` why that may be. ``first``, ``last`` and ``next`` are instants,
    as in view person_activity, but up to and from now. ``unlisted`` is how many more ties they have with people who
    are not hidden. ``closeness`` is the edge weight of their relationship with the owner; None for the owner.
    """

    person_id: str
    name: str | None
    ties: list[Tie]
    unlisted: int
    identity: dict[str, Any]
    is_owner: bool
    closeness: int | None
    counts: dict[str, Any]
    drift: list[WrongCount]
    reasons: list[str]
    interactions: int
    undated: int
    future: int
    first: str | None
    last: str | None
    next: str | None
    sources: list[PersonSource]
    months: list[Month]
    merged: list[MergedPerson]
    latest: list[Interaction]
    now: str

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)


def profile(
    data_dir: str | os.PathLike[str] | None,
    person: str,
    *,
    limit: int = 10,
    titles: bool = False,
    timeout: float = DEFAULT_TIMEOUT,
) -> PersonProfile:
    """The person that is meant by ``person`` (``lookup.resolve``); a merged id stands for its survivor. Read-only.

    ``limit`` is how many ties and how many of the latest interactions to give. Raises PersonNotFound,
    PersonAmbiguous, and what opening raises.
    """
    now = utc_now()
    directory = DataDirectory.locate(data_dir)
    with looking(directory.path, timeout) as conn:
        conn.text_factory = any_text
        try:
            person_id = resolve(conn, person).id
        except PersonMerged as error:
            person_id = error.survivor_id
        columns = ("canonical_name", "display_name", "hidden", *_LISTS, *_TEXTS)
        cached = [f"{counter}_count" for counter in COUNTERS]
        row = conn.execute(f"SELECT {', '.join((*columns, *cached))} FROM people WHERE id = ?", (person_id,)).fetchone()
        if row is None:
            raise PersonNotFound(person, [])
        found = {
            name: plain(value) if isinstance(value, bytes) else value for name, value in zip((*columns, *cached), row)
        }
        owner = owner_id(conn)
        ties, unlisted = ties_of(conn, person_id, limit)
        wrong, reasons = _drift(conn, directory, person_id)
        return PersonProfile(
            person_id=person_id,
            name=found["display_name"] or found["canonical_name"],
            ties=ties,
            unlisted=unlisted,
            identity={
                "canonical_name": found["canonical_name"],
                "display_name": found["display_name"],
                **{name: strings(found[name]) for name in _LISTS},
                **{name: found[name] for name in _TEXTS},
                "hidden": bool(found["hidden"]),
            },
            is_owner=person_id == owner,
            closeness=_closeness(conn, person_id, owner),
            counts={counter: found[f"{counter}_count"] for counter in COUNTERS},
            drift=wrong,
            reasons=reasons,
            merged=_merged(conn, person_id),
            latest=_latest(conn, person_id, now, limit, titles),
            now=now,
            **activity(conn, person_id, now),
        )


def _closeness(conn: sqlite3.Connection, person_id: str, owner: str | None) -> int | None:
    if owner is None or person_id == owner:
        return None
    return edge_weight(raw_strengths(conn, owner, person_id).get(person_id, 0))


def activity(conn: sqlite3.Connection, person_id: str, now: str) -> dict[str, Any]:
    """Everything that follows from one pass over the person's range of idx_interactions_person_timestamp."""
    rows = conn.execute(
        f"""SELECT source_type, instant > :now, substr(instant, 1, 7), count(*), min(instant), max(instant)
        FROM (SELECT source_type, {INSTANT_SQL} AS instant FROM interactions WHERE person_id = :person)
        GROUP BY 1, 2, 3""",
        {"person": person_id, "now": now},
    ).fetchall()
    counters = dict(conn.execute("SELECT source_type, counter FROM source_types"))
    past = [row for row in rows if row[1] == 0]
    by_source: Counter[Any] = Counter()
    by_month: Counter[str] = Counter()
    last: dict[Any, str] = {}
    for source, _, _, number, _, _ in rows:
        by_source[source] += number
    for source, _, month, number, _, latest in past:
        by_month[month] += number
        last[source] = max(latest, last.get(source, ""))
    return {
        "interactions": by_source.total(),
        "undated": sum(row[3] for row in rows if row[1] is None),
        "future": sum(row[3] for row in rows if row[1] == 1),
        "first": min((row[4] for row in past), default=None),
        "last": max((row[5] for row in past), default=None),
        "next": min((row[4] for row in rows if row[1] == 1), default=None),
        "sources": [
            PersonSource(plain(source), counters.get(source), number, last.get(source))
            for source, number in sorted(by_source.items(), key=lambda item: (-item[1], str(item[0])))
        ],
        "months": [Month(month, by_month[month]) for month in _last_months(now)],
    }


def _last_months(now: str) -> list[str]:
    present = parse_instant(now)
    last = present.year * 12 + present.month - 1
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(last - MONTHS + 1, last + 1)]


def _latest(conn: sqlite3.Connection, person_id: str, now: str, limit: int, titles: bool) -> list[Interaction]:
    rows = conn.execute(
        f"""SELECT latest.instant, interactions.source_type, iif(:titles, interactions.title, NULL)
        FROM (
            SELECT rowid AS number, instant
            FROM (SELECT rowid, {INSTANT_SQL} AS instant FROM interactions WHERE person_id = :person)
            WHERE instant <= :now
            ORDER BY instant DESC, number DESC LIMIT :limit
        ) AS latest
        JOIN interactions ON interactions.rowid = latest.number
        ORDER BY latest.instant DESC, latest.number DESC""",
        {"person": person_id, "now": now, "limit": limit, "titles": titles},
    )
    return [Interaction(at, plain(source), None if title is None else plain(title)) for at, source, title in rows]


def _merged(conn: sqlite3.Connection, person_id: str) -> list[MergedPerson]:
    """Who was merged into the person, in order. The name of somebody who left people is in merge_records."""
    rows = conn.execute(
        """SELECT person_merges.merged_id, person_merges.merged_at, merge_records.state,
            coalesce(nullif(people.display_name, ''), people.canonical_name)
        FROM person_merges
        LEFT JOIN merge_records ON merge_records.merged_id = person_merges.merged_id
        LEFT JOIN people ON people.id = person_merges.merged_id
        WHERE person_merges.survivor_id = ? ORDER BY person_merges.rowid""",
        (person_id,),
    )
    return [
        MergedPerson(merged_id, name or _recorded_name(state), None if at is None else plain(at))
        for merged_id, at, state, name in rows
    ]


def _recorded_name(state: str | None) -> str | None:
    try:
        other = json.loads(state)["other"] if state else {}
        return other.get("display_name") or other.get("canonical_name")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _drift(conn: sqlite3.Connection, directory: DataDirectory, person_id: str) -> tuple[list[WrongCount], list[str]]:
    """The person's wrong counts, and why they may be wrong; the ways in which they can are in docs/looking.md."""
    (counts,) = look(conn, directory, ["counts"], person=person_id)
    wrong = [
        WrongCount(item["counter"], item["cached"], item["actual"]) for item in counts.findings if "counter" in item
    ]
    if not wrong:
        return [], []
    (schema,) = look(conn, directory, ["schema"])
    reasons = []
    for item in schema.findings:
        if item["problem"] == "uncovered":
            reasons.append(f"{item['detail']}: REPLACE deletes rows that they cannot see")
        elif item["type"] == "trigger" and item["problem"] == "extra":
            reasons.append(f"{item['detail']}, and may write counts")
        elif item["type"] == "trigger":
            reasons.append(f"{item['detail']}, so what was written since is not counted")
    reasons += [
        f"a program wrote {value.cached!r} into {value.counter}_count, which is no number of interactions"
        for value in wrong
        if not isinstance(value.cached, int) or value.cached < 0
    ]
    if not reasons:
        reasons = [
            f"a statement wrote nothing but counts (UPDATE people SET {wrong[0].counter}_count = ...), "
            "and was taken at its word",
            "or the triggers were away for a while: what rebuilds a table drops them, until they are put back",
        ]
    return wrong, reasons

"""When pairs of people met first and last, for everybody at once: one pass over the interactions, then one a person.

The same dates as view relationship_evidence gives, which reads both people's interactions for each pair.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import groupby

Dates = tuple["str | None", "str | None"]
"""First and last instant, ISO 8601 in UTC; None where nothing is dated."""

# Of a context: the owner's pairs have other dates in these, the ordinary ones in those, and notes count from two on.
_MEETING, _COMMON, _NOTE = range(3)
_SORTS = {"event": _MEETING, "thread": _MEETING, "photo": _COMMON, "group": _COMMON, "note": _NOTE}
_UNLIMITED = ("note", "group")
_EVIDENCE = """
    SELECT kind, typeof(key), CAST(key AS BLOB), iif(typeof(person_id) = 'text', CAST(person_id AS BLOB), NULL),
        replace(min(instant) FILTER (WHERE (instant > as_of) IS NOT TRUE), 'Z', '+00:00'),
        replace(max(instant) FILTER (WHERE (instant > as_of) IS NOT TRUE), 'Z', '+00:00')
    FROM (SELECT (SELECT value FROM settings WHERE key = 'as_of') AS as_of)
    CROSS JOIN interaction_evidence
    WHERE key IS NOT NULL OR kind IN ('message', 'whatsapp', 'call', 'slack')
    GROUP BY kind, key, person_id
"""
"""Who is in which context, or has direct interactions, from when to when. As bytes: clients write what is no text."""
_SHARED = """
    SELECT other.person, one.sort, count(*),
        min(min(coalesce(one.first, other.first), coalesce(other.first, one.first))),
        max(max(coalesce(one.last, other.last), coalesce(other.last, one.last)))
    FROM temp.pair_contexts AS one
    CROSS JOIN temp.pair_contexts AS other
    WHERE one.person = :person
        AND other.context = one.context AND other.person > :after AND other.person <> one.person
        AND (one.sort <> 0 OR :owner NOT IN (one.person, other.person))
    GROUP BY other.person, one.sort
"""


class PairDates:
    """Dates of pairs, by person. People are known by their place in the order of ids; ``ids`` are all of them.

    Holds the people in memory, and the contexts in a temporary table of the connection, whatever query_only says.
    """

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        rows = conn.execute("SELECT CAST(id AS BLOB) FROM people WHERE typeof(id) = 'text' ORDER BY id").fetchall()
        self._places: dict[bytes, int] = {row[0]: place for place, row in enumerate(rows)}
        self.ids = [row[0].decode("utf-8", "surrogateescape") for row in rows]
        self._with_owner: dict[int, Dates] = {}
        owner, self._most = conn.execute("SELECT CAST(owner_id AS BLOB), max_people FROM relationship_rules").fetchone()
        self._owner = self._places.get(owner, -1)
        query_only = conn.execute("PRAGMA query_only").fetchone()[0]
        conn.execute("PRAGMA query_only = 0")  # a reader may have its own scratch
        conn.execute("DROP TABLE IF EXISTS temp.pair_contexts")
        conn.execute(
            """CREATE TEMP TABLE pair_contexts (
                context INTEGER, person INTEGER, sort INTEGER, first TEXT, last TEXT, PRIMARY KEY (context, person)
            ) WITHOUT ROWID"""
        )
        conn.executemany("INSERT INTO temp.pair_contexts VALUES (?, ?, ?, ?, ?)", self._read())
        conn.execute("CREATE INDEX temp.pair_contexts_person ON pair_contexts (person, context)")
        conn.execute(f"PRAGMA query_only = {query_only}")

    def _read(self) -> Iterator[tuple[int, int, int, str | None, str | None]]:
        """The rows of pair_contexts; on the way, what there is of the owner's pairs is remembered."""
        contexts = groupby(self._conn.execute(_EVIDENCE), key=lambda row: row[:3])
        for context, ((kind, _, _), rows) in enumerate(contexts):
            everybody = [(self._places.get(person), first, last) for _, _, _, person, first, last in rows]
            known = [(person, first, last) for person, first, last in everybody if person is not None]
            sort = _SORTS.get(kind)
            if sort is not None and kind not in _UNLIMITED and len(everybody) > self._most:
                continue
            if sort in (None, _MEETING):
                for person, first, last in known:
                    if person != self._owner:
                        self._with_owner[person] = _span(self._with_owner.get(person), (first, last))
            if sort is not None and len(known) > 1:
                for person, first, last in sorted(known):
                    yield context, person, sort, first, last

    def of(self, person_id: str, after: bool = False) -> dict[str, Dates]:
        """By other person, the dates of each pair that has evidence; of those who come ``after`` in order, if asked.

        There may be dates of pairs that do not show.
        """
        person = self._places.get(person_id.encode("utf-8", "surrogateescape"))
        if person is None:
            return {}
        least = person if after else -1
        found: dict[int, Dates] = {}
        parameters = {"person": person, "after": least, "owner": self._owner}
        for other, sort, number, first, last in self._conn.execute(_SHARED, parameters):
            if sort != _NOTE or number >= 2:
                found[other] = _span(found.get(other), (first, last))
        if person == self._owner:
            for other, dates in self._with_owner.items():
                if other > least:
                    found[other] = _span(found.get(other), dates)
        elif self._owner > least and person in self._with_owner:
            found[self._owner] = _span(found.get(self._owner), self._with_owner[person])
        return {self.ids[other]: dates for other, dates in found.items()}


def _span(one: Dates | None, other: Dates) -> Dates:
    """From the first to the last of both."""
    if one is None:
        return other
    first, last = one
    if first is None or (other[0] is not None and other[0] < first):
        first = other[0]
    if last is None or (other[1] is not None and other[1] > last):
        last = other[1]
    return first, last

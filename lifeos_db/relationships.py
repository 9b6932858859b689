"""Pairs of people: reading the view relationships, with dates, and scoring them.

The definitions are in docs/relationships.md; they are implemented in schema/.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from typing import Any

COUNTERS = ("events", "threads", "messages", "whatsapp", "slack", "phone_calls", "photos", "notes")
WEIGHTS = {"events": 3, "threads": 2, "messages": 2, "whatsapp": 2, "slack": 1, "phone_calls": 4, "photos": 3}
LINKEDIN_WEIGHT = 10
STRONGEST = 10_000
"""The raw score, less one, that is worth 100."""

_COLUMNS = ", ".join(f"shared_{counter}_count" for counter in COUNTERS)


def owner_id(conn: sqlite3.Connection) -> str | None:
    """The person id of the owner, or of the survivor if the owner was merged; None without an owner."""
    row = conn.execute("SELECT owner_id FROM relationship_rules").fetchone()
    return str(row[0]) if row and row[0] is not None else None


def raw_strength(counts: Mapping[str, int], linkedin: bool) -> int:
    """The weighted sum of a pair's counts (keys as in WEIGHTS)."""
    return sum(weight * (counts[name] or 0) for name, weight in WEIGHTS.items()) + LINKEDIN_WEIGHT * bool(linkedin)


def edge_weight(raw: int) -> int:
    """The raw strength on a logarithmic scale from 0 to 100; 10,000 and more is 100."""
    return min(100, round(math.log(1 + raw) / math.log(1 + STRONGEST) * 100))


RAW_STRENGTH_SQL = (
    " + ".join(f"{weight} * shared_{name}_count" for name, weight in WEIGHTS.items())
    + f" + {LINKEDIN_WEIGHT} * is_linkedin_connection"
)
"""raw_strength as an expression over the view relationships."""

_STORED = (
    "id, person_a_id, person_b_id, relationship_type, shared_contexts, created_at, updated_at, "
    f"is_linkedin_connection, extra, {_COLUMNS}"
)


def strongest(
    conn: sqlite3.Connection, person_id: str, limit: int | None = None, hidden: bool = True
) -> list[dict[str, Any]]:
    """One person's relationships, the strongest first: the columns of the view, raw, and the other person's id.

    ``hidden=False`` leaves out pairs whose other person is hidden. Dates are computed for those returned.
    """
    visible = "" if hidden else "AND NOT EXISTS (SELECT 1 FROM people WHERE people.id = other_id AND people.hidden = 1)"
    query = f"""
        SELECT {_STORED}, other_id, {RAW_STRENGTH_SQL} AS raw FROM (
            SELECT {_STORED}, person_b_id AS other_id FROM relationships WHERE person_a_id = :person
            UNION ALL
            SELECT {_STORED}, person_a_id FROM relationships WHERE person_b_id = :person
        )
        WHERE true {visible}
        ORDER BY raw DESC, other_id LIMIT :limit"""
    cursor = conn.execute(query, {"person": person_id, "limit": -1 if limit is None else limit})
    names = [column[0] for column in cursor.description]
    found = [dict(zip(names, row)) for row in cursor.fetchall()]
    dates = _DATES_OF_A_PAIR
    if len(found) > _FEW_PAIRS:
        _date_everybody(conn)
        dates = _DATES_FOUND
    for row in found:
        seen = conn.execute(dates, (row["person_a_id"], row["person_b_id"])).fetchone()
        row["first_seen_together"], row["last_seen_together"] = seen or (None, None)
    return found


def raw_strengths(conn: sqlite3.Connection, person_id: str, other_id: str | None = None) -> dict[str, int]:
    """The raw strength of each of one person's relationships, by the other person's id; of one of them, if given."""
    query = f"""
        SELECT person_b_id, {RAW_STRENGTH_SQL} FROM relationships
        WHERE person_a_id = :person AND (:other IS NULL OR person_b_id = :other)
        UNION ALL
        SELECT person_a_id, {RAW_STRENGTH_SQL} FROM relationships
        WHERE person_b_id = :person AND (:other IS NULL OR person_a_id = :other)"""
    return dict(conn.execute(query, {"person": person_id, "other": other_id}).fetchall())


def count_ties(conn: sqlite3.Connection, person_id: str) -> int:
    """How many relationships a person has with people who are not hidden."""
    query = """
        SELECT count(*) FROM (
            SELECT person_b_id AS other_id FROM relationships WHERE person_a_id = :person
            UNION ALL
            SELECT person_a_id FROM relationships WHERE person_b_id = :person
        )
        WHERE NOT EXISTS (SELECT 1 FROM people WHERE people.id = other_id AND people.hidden = 1)"""
    return int(conn.execute(query, {"person": person_id}).fetchone()[0])


_DATES_OF_A_PAIR = """
    SELECT replace(min(instant), 'Z', '+00:00'), replace(max(instant), 'Z', '+00:00')
    FROM relationship_evidence WHERE person_a_id = ? AND person_b_id = ?
"""
"""First and last instant of a pair's evidence, ISO 8601 in UTC; NULL without any dated evidence."""
_DATES_FOUND = """
    SELECT replace(first, 'Z', '+00:00'), replace(last, 'Z', '+00:00')
    FROM temp.pair_dates WHERE person_a_id = ? AND person_b_id = ?
"""
"""The same where _date_everybody has been."""
_FEW_PAIRS = 200
"""So many pairs are dated one by one sooner than everybody at once."""
_DATED_CONTEXTS = """
    INSERT INTO temp.pair_contexts (context, person, kind, first, last)
    SELECT context, person, kind, first, last
    FROM (
        SELECT kind, number AS person,
            min(instant) FILTER (WHERE (instant > as_of) IS NOT TRUE) AS first,
            max(instant) FILTER (WHERE (instant > as_of) IS NOT TRUE) AS last,
            dense_rank() OVER (ORDER BY kind, key) AS context, count(*) OVER (PARTITION BY kind, key) AS size
        FROM (SELECT (SELECT value FROM settings WHERE key = 'as_of') AS as_of)
        CROSS JOIN interaction_evidence AS evidence
        CROSS JOIN evidence_people AS people
        WHERE people.person_id = evidence.person_id
            AND kind IN ('event', 'thread', 'photo', 'note') AND key IS NOT NULL
        GROUP BY kind, key, number
    )
    WHERE kind = 'note' OR size <= (SELECT max_people FROM relationship_rules)
    ORDER BY context, person
"""
"""Who is in which event, thread, photo or note that counts, from when to when: context is a number for kind and key."""
_ALL_DATES = """
    WITH
    owner AS MATERIALIZED (
        SELECT owner_id, coalesce((SELECT number FROM evidence_people WHERE person_id = owner_id), 0) AS number
        FROM relationship_rules WHERE owner_id IS NOT NULL
    ),
    dates AS (
        SELECT one.person AS one, other.person AS other, one.kind = 'note' AS note,
            min(coalesce(one.first, other.first), coalesce(other.first, one.first)) AS first,
            max(coalesce(one.last, other.last), coalesce(other.last, one.last)) AS last
        FROM temp.pair_contexts AS one
        CROSS JOIN temp.pair_contexts AS other
        WHERE other.context = one.context AND other.person < one.person
            AND (
                one.kind IN ('photo', 'note')
                OR ((SELECT number FROM owner) IN (one.person, other.person)) IS NOT TRUE
            )
        UNION ALL
        SELECT max(person, number), min(person, number), 0, first, last
        FROM owner CROSS JOIN temp.pair_contexts
        WHERE kind IN ('event', 'thread') AND person <> number
        UNION ALL
        SELECT max(people.number, owner.number), min(people.number, owner.number), 0, min(instant), max(instant)
        FROM owner
        CROSS JOIN interaction_evidence AS evidence
        CROSS JOIN evidence_people AS people
        WHERE people.person_id = evidence.person_id AND people.number <> owner.number
            AND kind IN ('message', 'whatsapp', 'call', 'slack')
            AND (instant > (SELECT value FROM settings WHERE key = 'as_of')) IS NOT TRUE
        GROUP BY people.number
    )
    INSERT INTO temp.pair_dates (person_a_id, person_b_id, first, last)
    SELECT
        min(one.person_id, coalesce(other.person_id, (SELECT owner_id FROM owner))) AS person_a_id,
        max(one.person_id, coalesce(other.person_id, (SELECT owner_id FROM owner))) AS person_b_id,
        pairs.first, pairs.last
    FROM (
        SELECT one, other,
            min(first) FILTER (WHERE NOT note OR number >= 2) AS first,
            max(last) FILTER (WHERE NOT note OR number >= 2) AS last
        FROM (
            SELECT one, other, note, count(*) AS number, min(first) AS first, max(last) AS last
            FROM dates GROUP BY one, other, note
        )
        GROUP BY one, other
    ) AS pairs
    CROSS JOIN evidence_people AS one ON one.number = pairs.one
    LEFT JOIN evidence_people AS other ON other.number = pairs.other
    ORDER BY person_a_id, person_b_id
"""
"""_DATES_OF_A_PAIR for everybody, in one pass over the contexts instead of one over two people's rows for each pair.

People and contexts are numbers here, because sorting those is what it costs. An owner without evidence is number 0."""
_GROUP_DATES = """
    WITH groups AS MATERIALIZED (
        SELECT key, person_id, min(instant) AS first, max(instant) AS last
        FROM (
            SELECT key, person_id,
                iif((instant > (SELECT value FROM settings WHERE key = 'as_of')) IS NOT TRUE, instant, NULL) AS instant
            FROM interaction_evidence WHERE kind = 'group'
        )
        GROUP BY key, person_id
    )
    INSERT INTO temp.pair_dates (person_a_id, person_b_id, first, last)
    SELECT pairs.person_a_id, pairs.person_b_id,
        min(min(coalesce(one.first, other.first), coalesce(other.first, one.first))),
        max(max(coalesce(one.last, other.last), coalesce(other.last, one.last)))
    FROM groups AS one
    CROSS JOIN relationship_pairs AS pairs
    CROSS JOIN groups AS other
    WHERE pairs.person_a_id = one.person_id AND other.key = one.key AND other.person_id = pairs.person_b_id
    GROUP BY pairs.person_a_id, pairs.person_b_id
    ON CONFLICT (person_a_id, person_b_id) DO UPDATE SET
        first = min(coalesce(pair_dates.first, excluded.first), coalesce(excluded.first, pair_dates.first)),
        last = max(coalesce(pair_dates.last, excluded.last), coalesce(excluded.last, pair_dates.last))
"""
"""Then what they did in common WhatsApp groups, for those pairs that there are for another reason."""


def _date_everybody(conn: sqlite3.Connection) -> None:
    """Fill temp.pair_dates: for each pair with dated evidence the first and last instant, ISO 8601 with a Z."""
    query_only = conn.execute("PRAGMA query_only").fetchone()[0]
    conn.execute("PRAGMA query_only = 0")  # a reader may have its own scratch
    conn.execute("DROP TABLE IF EXISTS temp.pair_dates")
    conn.execute(
        """CREATE TEMP TABLE pair_contexts (
            context INTEGER, person INTEGER, kind TEXT, first TEXT, last TEXT, PRIMARY KEY (context, person)
        ) WITHOUT ROWID"""
    )
    conn.execute(
        """CREATE TEMP TABLE pair_dates (
            person_a_id TEXT, person_b_id TEXT, first TEXT, last TEXT, PRIMARY KEY (person_a_id, person_b_id)
        ) WITHOUT ROWID"""
    )
    conn.execute(_DATED_CONTEXTS)
    conn.execute(_ALL_DATES)
    conn.execute(_GROUP_DATES)
    conn.execute("DROP TABLE temp.pair_contexts")
    conn.execute(f"PRAGMA query_only = {query_only}")


def all_rows(conn: sqlite3.Connection, columns: Collection[str]) -> Iterator[tuple[Any, ...]]:
    """Every row of the view relationships, in the order of the export, with the given columns.

    The pairs that are kept come first, in their order, then the others by their people. The same values as the
    view's, but dates are set-based, and contexts name each one once. rowid is that of relationship_records, or None.
    """
    stored = {"rowid": "place"}
    stored |= {f"{end}_seen_together": f"replace(dates.{end}, 'Z', '+00:00')" for end in ("first", "last")}
    _date_everybody(conn)
    rows = conn.execute(
        f"""SELECT {", ".join(stored.get(name, f"relationships.{name}") for name in columns)}
        FROM relationships
        LEFT JOIN temp.pair_dates AS dates
            ON dates.person_a_id = relationships.person_a_id AND dates.person_b_id = relationships.person_b_id
        ORDER BY place IS NULL, place, relationships.person_a_id, relationships.person_b_id"""
    )
    contexts = [place for place, name in enumerate(columns) if name == "shared_contexts"]
    for row in rows:
        values = list(row)
        for place in contexts:
            values[place] = _each_once(values[place])
        yield tuple(values)


def _each_once(contexts: str) -> str:
    """The view puts what was declared behind what is derived; where the text could not be taken apart, both may say
    the same. A text that is no JSON is given back as it is: the export names it."""
    try:
        return json.dumps(list(dict.fromkeys(json.loads(contexts))), ensure_ascii=False)
    except (ValueError, TypeError):
        return contexts

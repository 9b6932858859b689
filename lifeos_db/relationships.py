"""Pairs of people: reading the view relationships, with dates, and scoring them.

The definitions are in docs/relationships.md; they are implemented in schema/.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from itertools import count, groupby
from operator import itemgetter
from typing import Any

from .database import rows_of
from .pair_dates import PairDates

COUNTERS = ("events", "threads", "messages", "whatsapp", "slack", "phone_calls", "photos", "notes")
WEIGHTS = {"events": 3, "threads": 2, "messages": 2, "whatsapp": 2, "slack": 1, "phone_calls": 4, "photos": 3}
LINKEDIN_WEIGHT = 10
STRONGEST = 10_000
"""The raw score, less one, that is worth 100."""

_DATES_OF_A_PAIR = """
    SELECT replace(min(instant), 'Z', '+00:00'), replace(max(instant), 'Z', '+00:00')
    FROM relationship_evidence WHERE person_a_id = ? AND person_b_id = ?
"""
"""First and last instant of a pair's evidence, ISO 8601 in UTC; NULL without any dated evidence."""
_DATE_COLUMNS = ("first_seen_together", "last_seen_together")
_FEW_PAIRS = 200
"""So many pairs are dated one by one sooner than everybody at once."""
_PEOPLE_AT_A_TIME = 200
"""To ask the view costs a third less for many than for each, and what they share is in memory meanwhile."""

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
    dates = PairDates(conn).of(person_id) if len(found) > _FEW_PAIRS else None
    for row in found:
        if dates is None:
            seen = conn.execute(_DATES_OF_A_PAIR, (row["person_a_id"], row["person_b_id"])).fetchone()
        else:
            seen = dates.get(row["other_id"], (None, None))
        row["first_seen_together"], row["last_seen_together"] = seen
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


def all_rows(conn: sqlite3.Connection, columns: Collection[str]) -> Iterator[tuple[Any, ...]]:
    """Every row of the view relationships, in the order of the export, with the given columns.

    The pairs that are kept come first, in their order, then the others by their people. The same values as the
    view's, but dates are set-based, and contexts name each one once. rowid is that of relationship_records, or None.

    A few people's pairs are read at a time. Where pairs are kept, all rows wait in a temporary table for their turn.
    """
    kept, last = conn.execute("SELECT count(*), coalesce(max(rowid), 0) FROM relationship_records").fetchone()
    if not kept:
        for _, row in _rows_by_person(conn, columns):
            yield row
        return
    query_only = conn.execute("PRAGMA query_only").fetchone()[0]
    conn.execute("PRAGMA query_only = 0")  # a reader may have its own scratch
    names = ", ".join(f"value{number}" for number in range(len(columns)))
    conn.execute("DROP TABLE IF EXISTS temp.pairs_in_order")
    conn.execute(f"CREATE TEMP TABLE pairs_in_order (turn INTEGER PRIMARY KEY, {names})")
    others = count(last + 1)
    conn.executemany(
        f"INSERT INTO temp.pairs_in_order VALUES (?{', ?' * len(columns)})",
        ((next(others) if place is None else place, *row) for place, row in _rows_by_person(conn, columns)),
    )
    yield from rows_of(conn.execute(f"SELECT {names} FROM temp.pairs_in_order ORDER BY turn"))
    conn.execute("DROP TABLE temp.pairs_in_order")
    conn.execute(f"PRAGMA query_only = {query_only}")


def _rows_by_person(conn: sqlite3.Connection, columns: Collection[str]) -> Iterator[tuple[int | None, tuple[Any, ...]]]:
    """The rows of all_rows in order of their people, each with its rowid in relationship_records, if any."""
    dates = PairDates(conn)
    stored = {"rowid": "place", **dict.fromkeys(_DATE_COLUMNS, "NULL")}
    query = f"""SELECT {", ".join(stored.get(name, name) for name in columns)}, person_a_id, person_b_id, place
        FROM relationships WHERE person_a_id BETWEEN ? AND ? ORDER BY person_a_id, person_b_id"""
    names = list(columns)
    dated = [(names.index(name), end) for end, name in enumerate(_DATE_COLUMNS) if name in names]
    contexts = [place for place, name in enumerate(names) if name == "shared_contexts"]
    for first in range(0, len(dates.ids), _PEOPLE_AT_A_TIME):
        people = dates.ids[first : first + _PEOPLE_AT_A_TIME]
        found = conn.execute(query, (people[0], people[-1])).fetchall()
        for person_id, rows in groupby(found, key=itemgetter(-3)):
            seen = dates.of(person_id, after=True) if dated else {}
            for *values, _, other_id, place in rows:
                if span := seen.get(other_id):
                    for column, end in dated:
                        values[column] = span[end]
                if place is not None:  # only what was written down can say what evidence says too
                    for column in contexts:
                        values[column] = _each_once(values[column])
                yield place, tuple(values)


def _each_once(contexts: str) -> str:
    """The view puts what was declared behind what is derived; where the text could not be taken apart, both may say
    the same. A text that is no JSON is given back as it is: the export names it."""
    try:
        return json.dumps(list(dict.fromkeys(json.loads(contexts))), ensure_ascii=False)
    except (ValueError, TypeError):
        return contexts

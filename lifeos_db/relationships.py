"""Pairs of people: filling the evidence from the aggregate, finding and repairing drift, reading and scoring.

The definitions are in docs/relationships.md; they are implemented in schema/ (relationship_counts for everything at
once, the triggers on the evidence tables row by row).
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .legacy_form import RELATIONSHIP_KEYS, Column, Json, encode
from .pair_records import PairBook
from .schema_objects import expected

COUNTERS = ("events", "threads", "messages", "whatsapp", "slack", "phone_calls", "photos", "notes")
DERIVED_CONTEXTS = ("calendar", "gmail", "photos", "imessage", "whatsapp", "phone", "slack", "vault")
"""What shared_contexts says because of evidence, in the order in which it does."""
WEIGHTS = {"events": 3, "threads": 2, "messages": 2, "whatsapp": 2, "slack": 1, "phone_calls": 4, "photos": 3}
LINKEDIN_WEIGHT = 10
STRONGEST = 10_000
"""The raw score, less one, that is worth 100."""

_COLUMNS = ", ".join(f"shared_{counter}_count" for counter in COUNTERS)
_LEGACY_COUNTS = tuple(f"shared_{counter}_count" for counter in COUNTERS if counter != "notes")
_WRITTEN_DOWN = ("relationship_type", "shared_contexts", "is_linkedin_connection", "created_at", "updated_at")
_ROW_BY_ROW = (
    "evidence_members_after_insert",
    "evidence_members_after_insert_beyond",
    "evidence_members_after_delete",
    "evidence_members_after_delete_within",
)
# The tables of evidence against interactions, and the ties against the members; numbers compare faster than ids.
_WRONG_EVIDENCE = """
    WITH members AS MATERIALIZED (
        SELECT kind, key, number AS person, count(*) AS rows
        FROM interaction_evidence AS evidence
        LEFT JOIN evidence_people AS people ON people.person_id = evidence.person_id
        WHERE key IS NOT NULL AND kind <> 'group'
        GROUP BY kind, key, evidence.person_id
    ),
    groups AS (
        SELECT person_id, key AS title, count(*) AS rows
        FROM interaction_evidence WHERE kind = 'group' GROUP BY person_id, key
    ),
    direct AS (
        SELECT person_id, sum(kind = 'message') AS messages, sum(kind = 'whatsapp') AS whatsapp,
            sum(kind = 'slack') AS slack, sum(kind = 'call') AS phone_calls
        FROM interaction_evidence WHERE kind IN ('message', 'whatsapp', 'slack', 'call') GROUP BY person_id
    ),
    counted AS MATERIALIZED (
        SELECT kind, key FROM evidence_members GROUP BY kind, key
        HAVING count(*) <= (SELECT max_people FROM relationship_rules) OR kind = 'note'
    ),
    own AS (
        SELECT person, sum(counted.kind = 'event') AS events, sum(counted.kind = 'thread') AS threads
        FROM counted CROSS JOIN evidence_members AS members
        WHERE counted.kind IN ('event', 'thread') AND members.kind = counted.kind AND members.key = counted.key
        GROUP BY person
    ),
    ties AS (
        SELECT one.person AS person, other.person AS other,
            sum(one.kind = 'event') AS events, sum(one.kind = 'thread') AS threads,
            sum(one.kind = 'photo') AS photos, sum(one.kind = 'note') AS notes
        FROM counted CROSS JOIN evidence_members AS one CROSS JOIN evidence_members AS other
        WHERE one.kind = counted.kind AND one.key = counted.key
            AND other.kind = counted.kind AND other.key = counted.key AND other.person < one.person
        GROUP BY one.person, other.person
    )
    SELECT
        (SELECT count(*) FROM (
            SELECT 1 FROM (
                SELECT 1 AS side, kind, key, person, rows FROM members
                UNION ALL SELECT 2, kind, key, person, rows FROM evidence_members
            )
            GROUP BY kind, key, person, rows HAVING sum(side) <> 3
        ))
        + (SELECT count(*) FROM (
            SELECT 1 FROM (
                SELECT 1 AS side, person_id, title, rows FROM groups
                UNION ALL SELECT 2, person_id, title, rows FROM evidence_groups
            )
            GROUP BY person_id, title, rows HAVING sum(side) <> 3
        ))
        + (SELECT count(*) FROM (
            SELECT 1 FROM (
                SELECT 1 AS side, person_id, messages, whatsapp, slack, phone_calls FROM direct
                UNION ALL
                SELECT 2, person_id, messages, whatsapp, slack, phone_calls FROM evidence_people
                WHERE (messages, whatsapp, slack, phone_calls) <> (0, 0, 0, 0)
            )
            GROUP BY person_id, messages, whatsapp, slack, phone_calls HAVING sum(side) <> 3
        ))
        + (SELECT count(*) FROM (
            SELECT 1 FROM (
                SELECT 1 AS side, person, events, threads FROM own
                UNION ALL
                SELECT 2, number, events, threads FROM evidence_people WHERE (events, threads) <> (0, 0)
            )
            GROUP BY person, events, threads HAVING sum(side) <> 3
        ))
        + (SELECT count(*) FROM (
            SELECT 1 FROM (
                SELECT person, other, events, threads, photos, notes FROM ties
                UNION ALL
                SELECT max(person, other), min(person, other), -events, -threads, -photos, -notes FROM evidence_ties
            )
            GROUP BY person, other HAVING (sum(events), sum(threads), sum(photos), sum(notes)) <> (0, 0, 0, 0)
        ))
        + (SELECT count(*) FROM relationship_rules WHERE NOT EXISTS (
            SELECT 1 FROM evidence_rules WHERE id = 1 AND max_people = relationship_rules.max_people
        ))
        + (SELECT count(*) = 0 FROM evidence_changes)
"""


@dataclass(frozen=True)
class PairDrift:
    """One cached count of a pair that is not the actual one; ``cached`` may be anything a program put there."""

    person_a_id: str
    person_b_id: str
    counter: str
    cached: object
    actual: int


def find_pair_drift(conn: sqlite3.Connection, person_id: str | None = None) -> list[PairDrift]:
    """Every cached count of a pair that is wrong, in order of pair; of one person's pairs, if given.

    Reads the view relationship_count_drift: one pass over the aggregate, whoever is asked for.
    """
    where = "WHERE ? IN (person_a_id, person_b_id)" if person_id is not None else ""
    rows = conn.execute(
        f"""SELECT person_a_id, person_b_id, counter, cached, actual FROM relationship_count_drift
        {where} ORDER BY person_a_id, person_b_id, counter""",
        (person_id,) if person_id is not None else (),
    )
    return [PairDrift(*row) for row in rows]


def wrong_evidence(conn: sqlite3.Connection) -> int:
    """How many rows of the evidence tables are not what interactions and settings say. 0 when all is well."""
    return int(conn.execute(_WRONG_EVIDENCE).fetchone()[0])


def count_pairs(conn: sqlite3.Connection) -> int:
    """How many pairs have cached counts: those with ties in either direction, and one for whoever meets the owner."""
    row = conn.execute(
        """SELECT (SELECT count(*) FROM evidence_people)
            + (SELECT count(*) FROM evidence_ties AS ties WHERE person > other OR NOT EXISTS (
                SELECT 1 FROM evidence_ties AS back WHERE back.person = ties.other AND back.other = ties.person
            ))"""
    ).fetchone()
    return int(row[0])


def owner_id(conn: sqlite3.Connection) -> str | None:
    """The person id of the owner, or of the survivor if the owner was merged; None without an owner."""
    row = conn.execute("SELECT owner_id FROM relationship_rules").fetchone()
    return str(row[0]) if row and row[0] is not None else None


def import_relationships(conn: sqlite3.Connection, records: Sequence[Mapping[str, Json]]) -> None:
    """Take in legacy records, in their order: what was written down, and the counts as they were.

    Inside the caller's transaction, after the migration steps and before there are triggers. The counts are for
    wrong_imported_counts to hold against the truth. A missing key means its default; unknown keys go into extra as
    JSON.
    """
    keys = {key.name: key for key in RELATIONSHIP_KEYS}
    kept = ("id", "person_a_id", "person_b_id", *_WRITTEN_DOWN)

    def column(record: Mapping[str, Json], name: str) -> Column:
        return encode(keys[name], record.get(name, keys[name].default))

    def extra(record: Mapping[str, Json]) -> str | None:
        unknown = {name: value for name, value in record.items() if name not in keys}
        return json.dumps(unknown) if unknown else None

    conn.executemany(
        f"INSERT INTO relationship_records ({', '.join(kept)}, extra) VALUES ({', '.join('?' * len(kept))}, ?)",
        ((*(column(record, name) for name in kept), extra(record)) for record in records),
    )
    conn.executemany(
        f"INSERT INTO temp.imported_counts (person_a_id, person_b_id, {', '.join(_LEGACY_COUNTS)}) "
        f"VALUES (?, ?, {', '.join('?' * len(_LEGACY_COUNTS))})",
        (
            (record["person_a_id"], record["person_b_id"], *(column(record, name) or 0 for name in _LEGACY_COUNTS))
            for record in records
        ),
    )


def wrong_imported_counts(conn: sqlite3.Connection) -> int:
    """How many pairs came in with a count that is not the actual one; 0 if none came in on this connection."""
    if not conn.execute("SELECT 1 FROM temp.sqlite_master WHERE name = 'imported_counts'").fetchone():
        return 0
    actual = ", ".join(f"coalesce(actual.{name}, 0)" for name in _LEGACY_COUNTS)
    row = conn.execute(
        f"""SELECT count(*) FROM temp.imported_counts AS imported
        LEFT JOIN relationship_pairs AS actual
            ON actual.person_a_id = imported.person_a_id AND actual.person_b_id = imported.person_b_id
        WHERE ({", ".join(f"imported.{name}" for name in _LEGACY_COUNTS)}) <> ({actual})"""
    ).fetchone()
    conn.execute("DROP TABLE temp.imported_counts")
    return int(row[0])


def follow_merges(conn: sqlite3.Connection) -> int:
    """Give what was written down about merged people's pairs to their survivors; returns how many records went.

    Inside the caller's transaction. Records that meet unite as in a merge (``pair_records.PairBook.unite``).
    """
    under_merged_id = "person_a_id = merged_id OR person_b_id = merged_id"
    count = conn.execute(
        f"""SELECT count(*) FROM relationship_records
        WHERE EXISTS (SELECT 1 FROM person_merges WHERE {under_merged_id})"""
    ).fetchone()[0]
    if count:
        merges = conn.execute(
            f"""SELECT merged_id, survivor_id FROM person_merges
            WHERE EXISTS (SELECT 1 FROM relationship_records WHERE {under_merged_id}) ORDER BY rowid"""
        )
        for merged_id, survivor_id in merges.fetchall():
            book = PairBook(conn, [survivor_id, merged_id])
            book.unite(survivor_id, merged_id)
            book.write(conn)
    return int(count)


def rebuild_evidence(conn: sqlite3.Connection) -> None:
    """Fill the tables of evidence from interactions, set-based.

    Inside the caller's transaction, with views and triggers in place; marks the exports as stale. The triggers that
    keep the ties row by row are taken away meanwhile: the limit of people, written last, counts all ties at once. The
    connection's page cache is 64 MiB from then on: the other direction's index is filled in no order.
    """
    conn.execute("PRAGMA cache_size = -65536")
    resting = [item for item in expected("trigger") if item.name in _ROW_BY_ROW]
    for trigger in resting:
        conn.execute(f"DROP TRIGGER {trigger.name}")
    for table in ("evidence_members", "evidence_groups", "evidence_people", "evidence_changes", "evidence_rules"):
        conn.execute(f"DELETE FROM {table}")
    conn.execute("INSERT INTO evidence_changes (id) VALUES (1)")
    conn.execute(
        """INSERT INTO evidence_people (person_id, messages, whatsapp, slack, phone_calls)
        SELECT person_id,
            sum(kind = 'message'), sum(kind = 'whatsapp'), sum(kind = 'slack'), sum(kind = 'call')
        FROM interaction_evidence WHERE kind <> 'group' GROUP BY person_id"""
    )
    conn.execute(
        """INSERT INTO evidence_members (kind, key, person, rows)
        SELECT kind, key, number, count(*)
        FROM interaction_evidence AS evidence
        INNER JOIN evidence_people AS people ON people.person_id = evidence.person_id
        WHERE key IS NOT NULL AND kind <> 'group' GROUP BY kind, key, number"""
    )
    conn.execute(
        """INSERT INTO evidence_groups (person_id, title, rows)
        SELECT person_id, key, count(*) FROM interaction_evidence WHERE kind = 'group' GROUP BY person_id, key"""
    )
    for trigger in resting:
        conn.execute(trigger.sql)
    conn.execute("INSERT INTO evidence_rules (id, max_people) VALUES (1, 0)")
    conn.execute("UPDATE evidence_rules SET max_people = (SELECT max_people FROM relationship_rules)")
    conn.execute("UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured")


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

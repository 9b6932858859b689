"""The evidence about pairs: filling its tables from interactions, and finding where they are not what those say.

The definitions are in docs/relationships.md; they are implemented in schema/ (relationship_counts for everything at
once, the triggers on the evidence tables row by row).
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from .schema_objects import expected

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


def rebuild_evidence(conn: sqlite3.Connection) -> None:
    """Fill the tables of evidence from interactions, set-based.

    Inside the caller's transaction, with views and triggers in place; marks the exports as stale. The triggers that
    keep the ties row by row are taken away meanwhile: the limit of people, written last, counts all ties at once. The
    connection's page cache is 64 MiB meanwhile: the other direction's index is filled in no order.
    """
    cache_size = conn.execute("PRAGMA cache_size").fetchone()[0]
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
    conn.execute(f"PRAGMA cache_size = {cache_size}")  # sorting takes as much memory, several times at once
    conn.execute("UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured")

"""What legacy records say about pairs: taking it in, holding its counts against the truth, following merges."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

from .legacy_form import RELATIONSHIP_KEYS, Column, Json, encode
from .pair_records import PairBook
from .record_forms import relationship_form
from .relationships import COUNTERS

_LEGACY_COUNTS = tuple(f"shared_{counter}_count" for counter in COUNTERS if counter != "notes")
WRITTEN_DOWN = ("relationship_type", "shared_contexts", "is_linkedin_connection", "created_at", "updated_at")


def import_relationships(conn: sqlite3.Connection, records: Sequence[Mapping[str, Json]]) -> None:
    """Take in legacy records, in their order: what was written down, and the counts as they were.

    Inside the caller's transaction, after the migration steps and before there are triggers. The counts are for
    wrong_imported_counts to hold against the truth. A missing key means its default; unknown keys go into extra as
    JSON. A record that an export of ours has made from evidence alone is evidence still, and nothing written down.
    """
    keys = {key.name: key for key in RELATIONSHIP_KEYS}
    kept = ("id", "person_a_id", "person_b_id", *WRITTEN_DOWN)

    def column(record: Mapping[str, Json], name: str) -> Column:
        return encode(keys[name], record.get(name, keys[name].default))

    def extra(record: Mapping[str, Json]) -> str | None:
        unknown = {name: value for name, value in record.items() if name not in keys}
        return json.dumps(unknown) if unknown else None

    conn.executemany(
        f"INSERT INTO relationship_records ({', '.join(kept)}, extra) VALUES ({', '.join('?' * len(kept))}, ?)",
        (
            (*(column(record, name) for name in kept), extra(record))
            for record in records
            if not _made_from_evidence(record)
        ),
    )
    conn.executemany(
        f"INSERT INTO temp.imported_counts (person_a_id, person_b_id, {', '.join(_LEGACY_COUNTS)}) "
        f"VALUES (?, ?, {', '.join('?' * len(_LEGACY_COUNTS))})",
        (
            (record["person_a_id"], record["person_b_id"], *(column(record, name) or 0 for name in _LEGACY_COUNTS))
            for record in records
        ),
    )


def _made_from_evidence(record: Mapping[str, Json]) -> bool:
    """Whether the id is one that view relationships makes, and nobody has added anything."""
    return (
        record["id"] == f"pair:{record['person_a_id']}:{record['person_b_id']}"
        and not relationship_form(record)
        and not record.get("created_at")
        and not record.get("updated_at")
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

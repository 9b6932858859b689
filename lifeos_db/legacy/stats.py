"""The legacy functions that put counts right. The database does that itself now; they say so in the old shapes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from ..counts import COUNTERS, correct_counts
from ..database import Transaction, open_reader, open_writer, translated_errors
from ..schema_objects import require_current
from .people import current_directory


def refresh_person_stats(person_ids: Sequence[str] | None = None, save: bool = True) -> dict[str, int]:
    """Change nothing; returns how many of these people there are, and how many interactions they have.

    Of everybody without ``person_ids``. An id that was merged counts for the survivor. ``save`` is of no consequence:
    what writes interactions need not export. Raises LifeosError.
    """
    directory = current_directory()
    path = directory.existing_database()
    with translated_errors(path), closing(open_reader(path)) as conn:
        require_current(conn, path)
        if person_ids is None:
            people, interactions = conn.execute(
                "SELECT (SELECT count(*) FROM people), (SELECT count(*) FROM interactions)"
            ).fetchone()
            return {"updated": people, "total_interactions": interactions}
        updated = total = 0
        for identity in person_ids:
            found, number = conn.execute(
                """SELECT
                    EXISTS (SELECT 1 FROM people WHERE people.id = canonical.id),
                    (SELECT count(*) FROM interactions WHERE person_id = canonical.id)
                FROM (
                    SELECT coalesce((SELECT survivor_id FROM person_merges WHERE merged_id = ?1), ?1) AS id
                ) AS canonical""",
                (identity,),
            ).fetchone()
            updated += found
            total += number
        return {"updated": updated, "total_interactions": total}


def verify_person_stats(fix: bool = False) -> dict[str, dict[str, Any]]:
    """Whose cached counts are not the actual ones: by person id the name, and cached and computed counts.

    Empty where all are right. ``fix`` corrects them. Raises LifeosError.
    """
    directory = current_directory()
    path = directory.existing_database()
    columns = ", ".join(f"{name}_count" for name in COUNTERS)
    actual = ", ".join(
        f"(SELECT coalesce(sum({name}_count), 0) FROM person_counts WHERE person_id = people.id)" for name in COUNTERS
    )
    with translated_errors(path), closing(open_reader(path)) as conn:
        require_current(conn, path)
        rows = conn.execute(
            f"""SELECT id, canonical_name, {columns}, {actual} FROM people
            WHERE id IN (SELECT person_id FROM person_count_drift) ORDER BY rowid"""
        ).fetchall()
    found = {
        row[0]: {"name": row[1], "cached": dict(zip(COUNTERS, row[2:6])), "computed": dict(zip(COUNTERS, row[6:10]))}
        for row in rows
    }
    if fix and found:
        with directory.lock(30), translated_errors(path), closing(open_writer(path)) as conn, Transaction(conn):
            correct_counts(conn)
    return found

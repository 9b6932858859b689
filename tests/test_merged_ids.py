"""An interaction written under a merged id, by anyone, at any time, lands on the survivor."""

from __future__ import annotations

import sqlite3

import pytest

from tests.conftest import add_interaction, counts
from tests.recount import assert_exact


@pytest.fixture
def merged(db: sqlite3.Connection) -> sqlite3.Connection:
    """cy was merged into bob, then bob into ann; each had a mail."""
    db.execute("INSERT INTO people (id) VALUES ('ann'), ('bob'), ('cy')")
    for person in ("ann", "bob", "cy"):
        add_interaction(db, f"of-{person}", person)
    db.execute("INSERT INTO person_merges (merged_id, survivor_id) VALUES ('cy', 'bob')")
    db.execute("INSERT INTO person_merges (merged_id, survivor_id) VALUES ('bob', 'ann')")
    return db


def merges(conn: sqlite3.Connection) -> dict[str, str]:
    return dict(conn.execute("SELECT merged_id, survivor_id FROM person_merges"))


def test_one_plain_insert_moves_the_interactions_and_flattens_the_chain(merged: sqlite3.Connection) -> None:
    assert merges(merged) == {"cy": "ann", "bob": "ann"}
    assert counts(merged, "ann") == (3, 0, 0, 0)
    assert counts(merged, "bob") == (0, 0, 0, 0)
    assert_exact(merged)


def test_a_merge_into_a_merged_person_leads_on(merged: sqlite3.Connection) -> None:
    merged.execute("INSERT INTO people (id) VALUES ('dee')")
    add_interaction(merged, "of-dee", "dee", "slack")
    merged.execute("INSERT INTO person_merges (merged_id, survivor_id) VALUES ('dee', 'cy')")
    assert merges(merged)["dee"] == "ann"
    assert counts(merged, "ann") == (3, 0, 0, 1)


@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR IGNORE", "INSERT OR REPLACE"])
@pytest.mark.parametrize("person", ["bob", "cy"])
def test_rows_written_under_a_merged_id_land_on_the_survivor(
    merged: sqlite3.Connection, verb: str, person: str
) -> None:
    merged.execute(
        f"{verb} INTO interactions (id, person_id, timestamp, source_type, title) "
        f"VALUES ('late', '{person}', '2025-06-01', 'slack', 'hello')"
    )
    assert merged.execute("SELECT person_id FROM interactions WHERE id = 'late'").fetchone() == ("ann",)
    assert counts(merged, "ann") == (3, 0, 0, 1)
    assert_exact(merged)


def test_rows_moved_to_a_merged_id_land_on_the_survivor(merged: sqlite3.Connection) -> None:
    merged.execute("INSERT INTO people (id) VALUES ('dee')")
    add_interaction(merged, "of-dee", "dee", "calendar")
    merged.execute("UPDATE interactions SET person_id = 'cy' WHERE person_id = 'dee'")
    assert merged.execute("SELECT person_id FROM interactions WHERE id = 'of-dee'").fetchone() == ("ann",)
    assert counts(merged, "ann") == (3, 1, 0, 0)
    assert_exact(merged)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO person_merges (merged_id, survivor_id) VALUES ('dee', 'dee')",
        "INSERT INTO person_merges (merged_id, survivor_id) VALUES ('ann', 'bob')",
        "INSERT INTO person_merges (merged_id, survivor_id) VALUES ('ann', 'cy')",
        "INSERT OR IGNORE INTO person_merges (merged_id, survivor_id) VALUES ('ann', 'cy')",
        "INSERT OR REPLACE INTO person_merges (merged_id, survivor_id) VALUES ('ann', 'cy')",
        "UPDATE person_merges SET survivor_id = 'cy' WHERE merged_id = 'cy'",
        "UPDATE person_merges SET merged_id = 'ann' WHERE merged_id = 'cy'",
        "UPDATE OR IGNORE person_merges SET merged_id = 'ann' WHERE merged_id = 'cy'",
    ],
)
def test_self_merges_and_cycles_are_refused_by_the_database(merged: sqlite3.Connection, statement: str) -> None:
    before = merges(merged)
    with pytest.raises(sqlite3.IntegrityError, match=r"merge"):
        merged.execute(statement)
    assert merges(merged) == before
    assert_exact(merged)


def test_a_merge_removed_stops_leading_and_moves_nothing_back(merged: sqlite3.Connection) -> None:
    merged.execute("DELETE FROM person_merges WHERE merged_id = 'cy'")
    add_interaction(merged, "new", "cy", "slack")
    assert counts(merged, "cy") == (0, 0, 0, 1)
    assert counts(merged, "ann") == (3, 0, 0, 0)


def test_a_merge_led_elsewhere_keeps_chains_flat(merged: sqlite3.Connection) -> None:
    merged.execute("INSERT INTO people (id) VALUES ('eve')")
    merged.execute("UPDATE person_merges SET survivor_id = 'eve' WHERE merged_id = 'cy'")
    add_interaction(merged, "new", "cy", "slack")
    assert counts(merged, "eve") == (0, 0, 0, 1)
    assert_exact(merged)

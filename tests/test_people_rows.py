"""A person's counts start at the truth, whatever a writer puts there, and whenever the person comes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import lifeos_db
from tests.conftest import add_interaction, counts
from tests.recount import assert_exact


@pytest.fixture
def orphaned(db: sqlite3.Connection) -> sqlite3.Connection:
    """Two mails and a call of somebody who is not there yet."""
    add_interaction(db, "i1", "ann", "gmail")
    add_interaction(db, "i2", "ann", "gmail")
    add_interaction(db, "i3", "ann", "phone")
    return db


@pytest.mark.parametrize("given", ["0", "99", "NULL", "-3", "'many'"])
def test_a_person_inserted_after_their_interactions(orphaned: sqlite3.Connection, given: str) -> None:
    orphaned.execute(f"INSERT INTO people (id, email_count, message_count) VALUES ('ann', {given}, {given})")
    assert counts(orphaned, "ann") == (2, 0, 0, 0)


def test_insert_or_replace_of_a_person_keeps_the_truth(orphaned: sqlite3.Connection) -> None:
    orphaned.execute("INSERT INTO people (id) VALUES ('ann')")
    orphaned.execute("INSERT OR REPLACE INTO people (id, canonical_name) VALUES ('ann', 'Ann')")
    assert counts(orphaned, "ann") == (2, 0, 0, 0)


def test_an_upsert_of_a_whole_record_keeps_the_truth(orphaned: sqlite3.Connection) -> None:
    orphaned.execute("INSERT INTO people (id) VALUES ('ann')")
    orphaned.execute(
        "INSERT INTO people (id, canonical_name, email_count) VALUES ('ann', 'Ann', 77) "
        "ON CONFLICT (id) DO UPDATE SET canonical_name = excluded.canonical_name, email_count = excluded.email_count"
    )
    assert counts(orphaned, "ann") == (2, 0, 0, 0)


def test_a_statement_of_counts_alone_is_taken_at_its_word_and_named(orphaned: sqlite3.Connection) -> None:
    """The one thing the triggers do not mend, as the README says; repair needs a way to write counts."""
    orphaned.execute("INSERT INTO people (id) VALUES ('ann')")
    orphaned.execute("UPDATE people SET email_count = 9 WHERE id = 'ann'")
    assert orphaned.execute("SELECT * FROM person_count_drift").fetchall() == [("ann", "email", 9, 2)]


def test_deleted_and_inserted_again(orphaned: sqlite3.Connection) -> None:
    orphaned.execute("INSERT INTO people (id) VALUES ('ann')")
    orphaned.execute("DELETE FROM people WHERE id = 'ann'")
    add_interaction(orphaned, "i4", "ann", "slack")
    orphaned.execute("INSERT INTO people (id) VALUES ('ann')")
    assert counts(orphaned, "ann") == (2, 0, 0, 1)
    assert orphaned.execute("SELECT count(*) FROM interactions").fetchone() == (4,)


def test_a_person_given_another_id_takes_that_ids_counts(orphaned: sqlite3.Connection) -> None:
    orphaned.execute("INSERT INTO people (id) VALUES ('anna')")
    assert counts(orphaned, "anna") == (0, 0, 0, 0)
    orphaned.execute("UPDATE people SET id = 'ann' WHERE id = 'anna'")
    assert counts(orphaned, "ann") == (2, 0, 0, 0)


def test_update_or_replace_of_an_id(orphaned: sqlite3.Connection) -> None:
    orphaned.execute("INSERT INTO people (id) VALUES ('ann'), ('bob')")
    orphaned.execute("UPDATE OR REPLACE people SET id = 'ann' WHERE id = 'bob'")
    assert_exact(orphaned)
    assert counts(orphaned, "ann") == (2, 0, 0, 0)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("INSERT INTO source_types VALUES ('pigeon', 'mention')", (2, 0, 1, 0)),
        ("INSERT OR REPLACE INTO source_types VALUES ('gmail', 'message')", (0, 0, 0, 2)),
        ("REPLACE INTO source_types VALUES ('gmail', NULL)", (0, 0, 0, 0)),
        ("UPDATE source_types SET counter = 'meeting' WHERE source_type = 'gmail'", (0, 2, 0, 0)),
        ("UPDATE source_types SET source_type = 'pigeon' WHERE source_type = 'gmail'", (1, 0, 0, 0)),
        ("UPDATE OR REPLACE source_types SET source_type = 'gmail' WHERE source_type = 'slack'", (0, 0, 0, 2)),
        ("DELETE FROM source_types WHERE source_type = 'gmail'", (0, 0, 0, 0)),
        ("DELETE FROM source_types", (0, 0, 0, 0)),
    ],
)
def test_a_changed_source_type_recounts_the_people_it_touches(
    db: sqlite3.Connection, change: str, expected: tuple[int, ...]
) -> None:
    db.execute("INSERT INTO people (id) VALUES ('ann'), ('bob')")
    for number, source in enumerate(("gmail", "gmail", "pigeon", "phone")):
        add_interaction(db, f"i{number}", "ann", source)
    db.execute(change)
    assert counts(db, "ann") == expected
    assert_exact(db)


def test_a_source_type_counts_in_a_known_counter_or_in_none(db: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        db.execute("INSERT INTO source_types VALUES ('pigeon', 'feathers')")


@pytest.mark.parametrize("name", ["rowid", "oid", "_rowid_"])
@pytest.mark.parametrize("table", ["people", "person_merges"])
def test_update_or_replace_of_a_rowid(migrated: Path, table: str, name: str) -> None:
    """Nobody's columns change, and somebody is gone all the same."""
    with closing(sqlite3.connect(migrated / "interactions.db", isolation_level=None)) as conn:
        first, second = (row[0] for row in conn.execute(f"SELECT rowid FROM {table} ORDER BY rowid LIMIT 2"))
        conn.execute(f"UPDATE OR REPLACE {table} SET {name} = ? WHERE rowid = ?", (second, first))
        assert conn.execute(f"SELECT 1 FROM {table} WHERE rowid = ?", (first,)).fetchone() is None
        assert_exact(conn)
    assert lifeos_db.check_export(migrated).status == "stale"
    assert lifeos_db.verify(migrated, only=["identity"]).status == "ok"
    lifeos_db.export(migrated)
    assert lifeos_db.verify(migrated, deep=True, only=["export"]).status == "ok"

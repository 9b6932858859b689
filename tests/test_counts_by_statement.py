"""After every statement that any client commits, the counts are right. Statement by statement, by name."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.conftest import UNIQUE_SOURCE, add_interaction, counts, new_database
from tests.recount import assert_exact
from tests.statements import IDLE_TRIGGERS

COLUMNS = "(id, person_id, timestamp, source_type, title, source_id)"
ROW = "'2025-05-01', 'gmail', 'title'"


@pytest.fixture
def two(db: sqlite3.Connection) -> sqlite3.Connection:
    """Two people: ann with mail i1 and meeting i2, bob with message i3."""
    db.execute("INSERT INTO people (id) VALUES ('ann'), ('bob')")
    add_interaction(db, "i1", "ann", "gmail", source_id="m1")
    add_interaction(db, "i2", "ann", "calendar", source_id="e1")
    add_interaction(db, "i3", "bob", "imessage", source_id="s1")
    assert counts(db, "ann") == (1, 1, 0, 0)
    assert counts(db, "bob") == (0, 0, 0, 1)
    return db


NEW_ROW = f"INTO interactions {COLUMNS} VALUES ('i9', 'ann', {ROW}, 'm9')"
SAME_ID = f"INTO interactions {COLUMNS} VALUES ('i1', 'bob', {ROW}, 'm9')"


@pytest.mark.parametrize(
    "verb",
    [
        "INSERT",
        "INSERT OR IGNORE",
        "INSERT OR REPLACE",
        "INSERT OR FAIL",
        "INSERT OR ABORT",
        "INSERT OR ROLLBACK",
        "REPLACE",
    ],
)
def test_every_kind_of_insert_counts_a_new_row(two: sqlite3.Connection, verb: str) -> None:
    two.execute(f"{verb} {NEW_ROW}")
    assert counts(two, "ann") == (2, 1, 0, 0)


@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "REPLACE"])
def test_replace_by_id_moves_the_count(two: sqlite3.Connection, verb: str) -> None:
    two.execute(f"{verb} {SAME_ID}")
    assert counts(two, "ann") == (0, 1, 0, 0)
    assert counts(two, "bob") == (1, 0, 0, 1)


@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR FAIL", "INSERT OR ABORT", "INSERT OR ROLLBACK"])
def test_a_refused_insert_changes_nothing(two: sqlite3.Connection, verb: str) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        two.execute(f"{verb} {SAME_ID}")
    assert counts(two, "ann") == (1, 1, 0, 0)
    assert counts(two, "bob") == (0, 0, 0, 1)


@pytest.mark.parametrize("statement", [f"INSERT OR IGNORE {SAME_ID}", f"INSERT {SAME_ID} ON CONFLICT DO NOTHING"])
def test_an_ignored_insert_leaves_nothing_to_settle_later(two: sqlite3.Connection, statement: str) -> None:
    two.execute(statement)
    two.execute("UPDATE interactions SET id = 'i5' WHERE id = 'i1'")
    two.execute(f"INSERT {SAME_ID}")
    assert counts(two, "ann") == (1, 1, 0, 0)
    assert counts(two, "bob") == (1, 0, 0, 1)


def test_upsert_by_id_moves_the_count(two: sqlite3.Connection) -> None:
    two.execute(f"INSERT {SAME_ID} ON CONFLICT (id) DO UPDATE SET person_id = excluded.person_id")
    assert counts(two, "ann") == (0, 1, 0, 0)
    assert counts(two, "bob") == (1, 0, 0, 1)


def test_upsert_by_source_moves_the_count() -> None:
    with closing(new_database(UNIQUE_SOURCE)) as conn:
        conn.execute("INSERT INTO people (id) VALUES ('ann'), ('bob')")
        add_interaction(conn, "i1", "ann", source_id="m1")
        conn.execute(
            f"INSERT INTO interactions {COLUMNS} VALUES ('i9', 'bob', {ROW}, 'm1') "
            "ON CONFLICT (source_type, source_id) DO UPDATE SET person_id = excluded.person_id"
        )
        assert counts(conn, "ann") == (0, 0, 0, 0)
        assert counts(conn, "bob") == (1, 0, 0, 0)


def test_rows_of_many_values_and_of_a_select_count(two: sqlite3.Connection) -> None:
    two.execute(f"INSERT INTO interactions {COLUMNS} VALUES ('a', 'bob', {ROW}, '1'), ('b', 'bob', {ROW}, '2')")
    two.execute(f"INSERT INTO interactions {COLUMNS} SELECT id || 'x', 'ann', {ROW}, id FROM interactions")
    assert counts(two, "bob") == (2, 0, 0, 1)
    assert counts(two, "ann") == (6, 1, 0, 0)


def test_one_row_may_replace_three(recursive: bool) -> None:
    """By rowid, by id and by source at once, each of another person."""
    conn = new_database(UNIQUE_SOURCE)
    conn.execute(f"PRAGMA recursive_triggers = {int(recursive)}")
    conn.execute("INSERT INTO people (id) VALUES ('ann'), ('bob'), ('cy'), ('dee')")
    add_interaction(conn, "i1", "ann", source_id="m1")
    add_interaction(conn, "i2", "bob", source_id="m2")
    add_interaction(conn, "i3", "cy", source_id="m3")
    conn.execute(
        "INSERT OR REPLACE INTO interactions (rowid, id, person_id, timestamp, source_type, title, source_id) "
        f"VALUES (1, 'i2', 'dee', {ROW}, 'm3')"
    )
    assert conn.execute("SELECT count(*) FROM interactions").fetchone() == (1,)
    assert [counts(conn, person)[0] for person in ("ann", "bob", "cy", "dee")] == [0, 0, 0, 1]
    conn.close()


@pytest.mark.parametrize(
    ("change", "ann", "bob"),
    [
        ("person_id = 'bob' WHERE id = 'i1'", (0, 1, 0, 0), (1, 0, 0, 1)),
        ("person_id = 'bob' WHERE person_id = 'ann'", (0, 0, 0, 0), (1, 1, 0, 1)),
        ("person_id = 'bob' WHERE person_id = 'ann' AND source_type IN ('calendar')", (1, 0, 0, 0), (0, 1, 0, 1)),
        ("source_type = 'vault' WHERE id = 'i1'", (0, 1, 1, 0), (0, 0, 0, 1)),
        ("source_type = 'phone' WHERE id = 'i1'", (0, 1, 0, 0), (0, 0, 0, 1)),
        ("source_type = 'unheard-of' WHERE id = 'i1'", (0, 1, 0, 0), (0, 0, 0, 1)),
        (
            "id = 'i7', source_id = 'm7', person_id = 'bob', source_type = 'slack' WHERE id = 'i1'",
            (0, 1, 0, 0),
            (0, 0, 0, 2),
        ),
        ("id = 'i7' WHERE id = 'i1'", (1, 1, 0, 0), (0, 0, 0, 1)),
        ("rowid = 77 WHERE id = 'i1'", (1, 1, 0, 0), (0, 0, 0, 1)),
        ("source_account = 'work', attendee_count = 4 WHERE id = 'i2'", (1, 1, 0, 0), (0, 0, 0, 1)),
        ("person_id = 'nobody' WHERE id = 'i1'", (0, 1, 0, 0), (0, 0, 0, 1)),
    ],
)
def test_update_moves_the_count(
    two: sqlite3.Connection, change: str, ann: tuple[int, ...], bob: tuple[int, ...]
) -> None:
    two.execute(f"UPDATE interactions SET {change}")
    assert counts(two, "ann") == ann
    assert counts(two, "bob") == bob


@pytest.mark.parametrize("key", ["id = 'i3'", "rowid = 3"])
def test_update_or_replace_takes_out_what_it_replaces(two: sqlite3.Connection, key: str) -> None:
    two.execute(f"UPDATE OR REPLACE interactions SET {key} WHERE id = 'i1'")
    assert counts(two, "ann") == (1, 1, 0, 0)
    assert counts(two, "bob") == (0, 0, 0, 0)


@pytest.mark.skipif(sqlite3.sqlite_version_info >= (3, 54), reason="SQLite's own fault, mended in 3.54")
def test_what_sqlite_refuses_on_any_table_with_a_delete_trigger_changes_nothing() -> None:
    """The fault in docs/compatibility.md: not ours, and nothing is lost by it."""
    statement = "UPDATE OR REPLACE interactions SET rowid = 1, id = 'i4' WHERE id = 'i0'"
    for triggers in (True, False):
        with closing(new_database(UNIQUE_SOURCE, triggers=triggers)) as conn:
            conn.execute("PRAGMA recursive_triggers = 1")
            for idle in () if triggers else IDLE_TRIGGERS:
                conn.execute(idle)
            conn.execute("INSERT INTO people (id) VALUES ('ann'), ('bob')")
            add_interaction(conn, "i2", "ann", "imessage", source_id="m1")
            add_interaction(conn, "i0", "bob", source_id="m2")
            add_interaction(conn, "i4", "ann", source_id=None)
            before = conn.execute("SELECT rowid, * FROM interactions ORDER BY rowid").fetchall()
            with pytest.raises(sqlite3.IntegrityError, match=r"source_type, interactions\.source_id"):
                conn.execute(statement)
            assert conn.execute("SELECT rowid, * FROM interactions ORDER BY rowid").fetchall() == before
            assert not triggers or conn.execute("SELECT * FROM person_count_drift").fetchall() == []


def test_update_or_replace_by_the_source_key(recursive: bool) -> None:
    with closing(new_database(UNIQUE_SOURCE)) as conn:
        conn.execute(f"PRAGMA recursive_triggers = {int(recursive)}")
        conn.execute("INSERT INTO people (id) VALUES ('ann'), ('bob')")
        add_interaction(conn, "i1", "ann", source_id="m1")
        add_interaction(conn, "i2", "bob", source_id="m2")
        conn.execute("UPDATE OR REPLACE interactions SET source_id = 'm2' WHERE id = 'i1'")
        assert counts(conn, "ann") == (1, 0, 0, 0)
        assert counts(conn, "bob") == (0, 0, 0, 0)


def test_an_ignored_update_leaves_nothing_to_settle_later(two: sqlite3.Connection) -> None:
    two.execute("UPDATE OR IGNORE interactions SET id = 'i3' WHERE id = 'i1'")
    two.execute("UPDATE interactions SET title = 'other' WHERE id = 'i2'")
    two.execute("DELETE FROM interactions WHERE id = 'i3'")
    two.execute("UPDATE interactions SET source_id = 'e2' WHERE id = 'i2'")
    assert counts(two, "ann") == (1, 1, 0, 0)
    assert counts(two, "bob") == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("where", "ann", "bob"),
    [
        ("WHERE id = 'i1'", (0, 1, 0, 0), (0, 0, 0, 1)),
        ("WHERE person_id = 'ann'", (0, 0, 0, 0), (0, 0, 0, 1)),
        ("WHERE source_type = 'imessage'", (1, 1, 0, 0), (0, 0, 0, 0)),
        ("WHERE person_id IN ('ann', 'bob')", (0, 0, 0, 0), (0, 0, 0, 0)),
        ("WHERE person_id NOT IN (SELECT id FROM people WHERE id = 'ann')", (1, 1, 0, 0), (0, 0, 0, 0)),
        ("", (0, 0, 0, 0), (0, 0, 0, 0)),
    ],
)
def test_delete_takes_out_of_the_count(
    two: sqlite3.Connection, where: str, ann: tuple[int, ...], bob: tuple[int, ...]
) -> None:
    two.execute(f"DELETE FROM interactions {where}")
    assert counts(two, "ann") == ann
    assert counts(two, "bob") == bob


def test_rollback_and_savepoints_take_counts_back(two: sqlite3.Connection) -> None:
    two.execute("BEGIN")
    two.execute("DELETE FROM interactions WHERE source_type = 'gmail'")
    two.execute("SAVEPOINT a")
    two.execute("DELETE FROM interactions")
    two.execute("ROLLBACK TO a")
    assert counts(two, "ann") == (0, 1, 0, 0)
    two.execute("ROLLBACK")
    assert counts(two, "ann") == (1, 1, 0, 0)


def test_delete_all_and_reinsert_of_one_source_in_one_transaction(two: sqlite3.Connection) -> None:
    two.execute("BEGIN")
    two.execute("DELETE FROM interactions WHERE source_type = 'gmail'")
    two.executemany(
        f"INSERT OR IGNORE INTO interactions {COLUMNS} VALUES (?, ?, {ROW}, ?)",
        [(f"n{number}", "bob", f"m{number}") for number in range(500)],
    )
    two.execute("COMMIT")
    assert counts(two, "ann") == (0, 1, 0, 0)
    assert counts(two, "bob") == (500, 0, 0, 1)


def test_a_primary_key_declared_on_conflict_replace() -> None:
    """The silent REPLACE that no statement names."""
    conn = new_database({"interactions": ("PRIMARY KEY", "PRIMARY KEY ON CONFLICT REPLACE")})
    conn.execute("INSERT INTO people (id) VALUES ('ann'), ('bob')")
    add_interaction(conn, "i1", "ann")
    add_interaction(conn, "i1", "bob")
    assert counts(conn, "ann") == (0, 0, 0, 0)
    assert counts(conn, "bob") == (1, 0, 0, 0)
    conn.close()


def test_unknown_sources_and_sources_without_a_counter_are_in_no_count(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO people (id) VALUES ('ann')")
    for number, source in enumerate(("phone", "photos", "carrier-pigeon")):
        add_interaction(db, f"i{number}", "ann", source)
    assert counts(db, "ann") == (0, 0, 0, 0)
    assert_exact(db)


def test_future_and_undated_rows_count_like_any_other(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO people (id) VALUES ('ann')")
    add_interaction(db, "i1", "ann", "calendar", timestamp="2054-01-01T00:00:00+00:00")
    add_interaction(db, "i2", "ann", "vault", timestamp="1970-01-01T00:00:00+00:00")
    assert counts(db, "ann") == (0, 1, 1, 0)


def test_counts_never_go_below_zero_even_from_a_wrong_start(two: sqlite3.Connection) -> None:
    two.execute("UPDATE people SET email_count = 0 WHERE id = 'ann'")
    two.execute("DELETE FROM interactions WHERE id = 'i1'")
    assert counts(two, "ann") == (0, 1, 0, 0)

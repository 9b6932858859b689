"""person_activity: first and last interaction as true instants, undated and future rows apart."""

from __future__ import annotations

import sqlite3

import pytest

from tests.conftest import add_interaction


@pytest.fixture
def activity(db: sqlite3.Connection) -> sqlite3.Connection:
    db.row_factory = sqlite3.Row
    db.execute("INSERT INTO settings (key, value) VALUES ('as_of', '2026-01-01T00:00:00.000Z')")
    return db


def of(conn: sqlite3.Connection, person: str) -> sqlite3.Row:
    row: sqlite3.Row = conn.execute("SELECT * FROM person_activity WHERE person_id = ?", (person,)).fetchone()
    return row


def test_offsets_are_honoured_where_text_would_sort_wrong(activity: sqlite3.Connection) -> None:
    add_interaction(activity, "a", "ann", timestamp="2025-03-01T01:00:00+09:00")  # 16:00 on the day before, in UTC
    add_interaction(activity, "b", "ann", timestamp="2025-02-28T20:00:00-08:00")  # 04:00 on the day after
    add_interaction(activity, "c", "ann", timestamp="2025-02-28T23:30:00")
    row = of(activity, "ann")
    assert row["first_interaction"] == "2025-02-28T16:00:00.000Z"
    assert row["last_interaction"] == "2025-03-01T04:00:00.000Z"


@pytest.mark.parametrize(
    "timestamp", ["1970-01-01T00:00:00+00:00", "1970-01-01T01:00:00+01:00", "no date", "now", "12:00", ""]
)
def test_undated_rows_count_but_are_no_first_contact(activity: sqlite3.Connection, timestamp: str) -> None:
    add_interaction(activity, "a", "ann", "vault", timestamp=timestamp)
    add_interaction(activity, "b", "ann", "vault", timestamp="2020-05-05")
    row = of(activity, "ann")
    assert (row["total"], row["undated"], row["vault"]) == (2, 1, 2)
    assert row["first_interaction"] == "2020-05-05T00:00:00.000Z"


def test_future_rows_are_apart(activity: sqlite3.Connection) -> None:
    add_interaction(activity, "a", "ann", "calendar", timestamp="2054-07-21T12:00:00+00:00")
    add_interaction(activity, "b", "ann", "calendar", timestamp="2027-07-21T12:00:00+00:00")
    row = of(activity, "ann")
    assert (row["total"], row["future"], row["last_interaction"]) == (2, 2, None)
    assert row["next_interaction"] == "2027-07-21T12:00:00.000Z"


def test_one_number_a_source_type(activity: sqlite3.Connection) -> None:
    sources = ["gmail", "calendar", "vault", "granola", "imessage", "sms", "whatsapp", "slack", "phone", "photos"]
    for number, source in enumerate([*sources, "fax", "telex"]):
        add_interaction(activity, f"i{number}", "ann", source)
    row = of(activity, "ann")
    assert [row[source] for source in sources] == [1] * 10
    assert (row["other"], row["total"]) == (2, 12)


def test_orphans_are_neither_people_nor_merged_ids(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO people (id) VALUES ('ann')")
    db.execute("INSERT INTO person_merges (merged_id, survivor_id) VALUES ('old', 'ann')")
    for number, person in enumerate(("ann", "old", "nobody")):
        add_interaction(db, f"i{number}", person)
    assert db.execute("SELECT id, person_id FROM orphan_interactions").fetchall() == [("i2", "nobody")]

"""The legacy relationship store over the view: metadata is written, evidence is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from lifeos_db.legacy import Relationship, RelationshipRefused, RelationshipStore
from tests.relationship_recount import assert_right, open_database


@pytest.fixture
def conn() -> Iterator[sqlite3.Connection]:
    conn = open_database()
    conn.executemany("INSERT INTO people (id) VALUES (?)", [("a",), ("b",), ("c",), ("me",)])
    conn.execute("INSERT INTO settings (key, value) VALUES ('owner_id', 'me')")
    conn.executemany(
        "INSERT INTO interactions (id, person_id, timestamp, source_type, title, source_id) VALUES (?, ?, ?, ?, ?, ?)",
        [
            ("1", "a", "2024-01-01T00:00:00", "gmail", "← plan", "m1"),
            ("2", "b", "2024-01-02T00:00:00", "gmail", "→ plan", "m2"),
            ("3", "a", "2024-01-03T00:00:00", "phone", "Call", "p1"),
        ],
    )
    yield conn
    assert_right(conn)
    conn.close()


def test_between_two_people_in_either_order(conn: sqlite3.Connection) -> None:
    found = RelationshipStore(conn).get_between("b", "a")
    assert found is not None
    assert (found.person_a_id, found.shared_threads_count, found.relationship_type) == ("a", 1, "inferred")
    assert (found.shared_contexts, found.first_seen_together) == (["gmail"], "2024-01-01T00:00:00.000+00:00")
    assert RelationshipStore(conn).get_between("a", "c") is None


def test_strongest_first(conn: sqlite3.Connection) -> None:
    store = RelationshipStore(conn)
    assert [found.other_person("a") for found in store.get_for_person("a")] == ["me", "b"]
    assert [found.other_person("a") for found in store.get_for_person("a", limit=1)] == ["me"]
    assert store.get_connections("a") == ["me", "b"]


def test_scores() -> None:
    pair = Relationship("a", "b", shared_events_count=2, shared_threads_count=1, shared_phone_calls_count=3)
    assert pair.raw_strength == 20
    assert pair.edge_weight == 33
    assert pair.total_shared_interactions == 6
    assert Relationship("a", "b", is_linkedin_connection=True).edge_weight == 26
    assert Relationship("a", "b", shared_events_count=10**6).edge_weight == 100


def test_an_added_pair_stays_without_evidence_and_ignores_counts(conn: sqlite3.Connection) -> None:
    store = RelationshipStore(conn)
    added = store.add(
        Relationship("c", "b", relationship_type="friend", shared_events_count=9, shared_contexts=["gym"])
    )
    assert (added.person_a_id, added.person_b_id, added.shared_events_count) == ("b", "c", 0)
    assert (added.relationship_type, added.shared_contexts) == ("friend", ["gym"])
    assert added.id
    assert added.created_at


def test_update_takes_metadata_only_and_keeps_what_was_derived(conn: sqlite3.Connection) -> None:
    store = RelationshipStore(conn)
    pair = store.get_between("a", "b")
    assert pair is not None
    pair.shared_threads_count = 50
    pair.is_linkedin_connection = True
    pair.shared_contexts.append("linkedin")
    changed = store.update(pair)
    assert changed is not None
    assert (changed.shared_threads_count, changed.is_linkedin_connection) == (1, True)
    assert changed.shared_contexts == ["gmail", "linkedin"]
    conn.execute("DELETE FROM interactions WHERE id = '2'")
    kept = store.get_between("a", "b")
    assert kept is not None
    assert (kept.shared_threads_count, kept.shared_contexts, kept.id) == (0, ["linkedin"], changed.id)


def test_delete_forgets_what_was_written_down(conn: sqlite3.Connection) -> None:
    store = RelationshipStore(conn)
    added = store.add(Relationship("b", "c"))
    assert store.delete(added.id)
    assert not store.delete(added.id)
    assert store.get_between("b", "c") is None


def test_refusals_are_named(conn: sqlite3.Connection) -> None:
    store = RelationshipStore(conn)
    with pytest.raises(RelationshipRefused, match="two different people"):
        store.add(Relationship("a", "a"))
    store.add(Relationship("a", "b", id="x"))
    with pytest.raises(RelationshipRefused, match="another pair"):
        store.add(Relationship("a", "c", id="x"))


def test_an_id_made_for_a_pair_takes_no_other_pairs_place(conn: sqlite3.Connection) -> None:
    """Where no id is given, the one that is made may have been given to another pair."""
    conn.execute("INSERT INTO relationships (id, person_a_id, person_b_id) VALUES ('pair:a:b', 'b', 'c')")
    with pytest.raises(sqlite3.IntegrityError, match="another pair has this relationship id"):
        conn.execute("INSERT OR REPLACE INTO relationships (person_a_id, person_b_id) VALUES ('a', 'b')")
    rows = conn.execute("SELECT person_a_id, person_b_id FROM relationship_records WHERE id = 'pair:a:b'").fetchall()
    assert rows == [("b", "c")]


def test_what_was_written_down_follows_a_merge(conn: sqlite3.Connection) -> None:
    store = RelationshipStore(conn)
    store.add(Relationship("b", "c", id="x", relationship_type="family"))
    conn.execute("INSERT INTO person_merges (merged_id, survivor_id) VALUES ('c', 'a')")
    found = store.get_between("a", "b")
    assert found is not None
    assert (found.id, found.relationship_type, found.shared_threads_count) == ("x", "family", 1)

"""A pair's ties in both directions: a meeting that is taken back is taken from one of them, not from both."""

from __future__ import annotations

import sqlite3

import pytest

from tests.conftest import add_interaction


def meet(db: sqlite3.Connection, thread: str, *people: str) -> None:
    for person in people:
        add_interaction(db, f"{thread}-{person}", person, title=thread)


@pytest.fixture
def both_ways(db: sqlite3.Connection) -> sqlite3.Connection:
    """ann and bob met in two threads, into which they came in different order, and cy with both."""
    meet(db, "one", "ann", "bob", "cy")
    meet(db, "two", "cy", "bob", "ann")
    assert len(db.execute("SELECT person FROM evidence_ties").fetchall()) == 6
    return db


@pytest.mark.parametrize("who", ["ann", "bob", "cy"])
@pytest.mark.parametrize("thread", ["one", "two"])
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM interactions WHERE id = '{0}-{1}'",
        "UPDATE interactions SET person_id = 'dee' WHERE id = '{0}-{1}'",
        "UPDATE interactions SET title = 'three' WHERE id = '{0}-{1}'",
    ],
)
def test_who_leaves_a_context_leaves_it_once(
    both_ways: sqlite3.Connection, who: str, thread: str, statement: str
) -> None:
    both_ways.execute(statement.format(thread, who))
    assert both_ways.execute("SELECT * FROM relationship_count_drift").fetchall() == []


def test_a_context_that_crosses_the_limit_is_taken_back_once(both_ways: sqlite3.Connection) -> None:
    both_ways.execute("INSERT INTO settings (key, value) VALUES ('max_context_people', '3')")
    assert both_ways.execute("SELECT * FROM relationship_count_drift").fetchall() == []
    meet(both_ways, "one", "dee")
    assert both_ways.execute("SELECT * FROM relationship_count_drift").fetchall() == []
    both_ways.execute("DELETE FROM interactions WHERE id = 'one-dee'")
    assert both_ways.execute("SELECT * FROM relationship_count_drift").fetchall() == []

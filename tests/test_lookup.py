"""One person is meant: by id, email, phone number, name, or the beginning of an id."""

from __future__ import annotations

import sqlite3

import pytest

from lifeos_db.errors import PersonAmbiguous, PersonMerged, PersonNotFound
from lifeos_db.lookup import resolve
from tests.conftest import add_interaction, new_database


@pytest.fixture
def conn() -> sqlite3.Connection:
    conn = new_database()
    rows = [
        ("aaaa-1", "Ada Brandt", '["ada@x"]', '["Countess"]', "+12025550001", 0),
        ("aaaa-2", "Bea", '["bea@x", "both@x"]', "[]", None, 0),
        ("beef-3", "Cy", '["both@x"]', '["ada brandt "]', None, 0),
        ("dead-4", "aaaa-1", "[]", None, None, 1),
        ("gone-5", "Gone", '["gone@x"]', "[]", None, 0),
    ]
    conn.executemany(
        "INSERT INTO people (id, canonical_name, emails, aliases, phone_primary, hidden) VALUES (?, ?, ?, ?, ?, ?)",
        rows,
    )
    add_interaction(conn, "i", "beef-3")
    conn.execute("INSERT INTO person_merges (merged_id, survivor_id) VALUES ('gone-5', 'aaaa-2')")
    return conn


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("aaaa-1", "aaaa-1"),  # an id comes before a name, also one that is the beginning of nothing else
        ("ADA@X", "aaaa-1"),
        ("+1 202 555 0001", "aaaa-1"),
        ("countess", "aaaa-1"),
        ("bea", "aaaa-2"),
        ("be", "beef-3"),
        ("beef", "beef-3"),
        ("dea", "dead-4"),
    ],
)
def test_it_is_found(conn: sqlite3.Connection, text: str, expected: str) -> None:
    assert resolve(conn, text).id == expected


@pytest.mark.parametrize(("text", "candidates"), [("aaaa", 2), ("both@x", 2), ("Ada Brandt", 2), ("ADA BRANDT", 2)])
def test_several_are_listed(conn: sqlite3.Connection, text: str, candidates: int) -> None:
    with pytest.raises(PersonAmbiguous) as caught:
        resolve(conn, text)
    assert len(caught.value.details) == candidates
    assert caught.value.details[0].startswith("aaaa-")


def test_what_is_listed_tells_them_apart(conn: sqlite3.Connection) -> None:
    with pytest.raises(PersonAmbiguous) as caught:
        resolve(conn, "ada brandt")
    assert caught.value.details == (
        "aaaa-1  Ada Brandt  ada@x  0 interactions",
        "beef-3  Cy  both@x  1 interactions",
    )


@pytest.mark.parametrize("text", ["gone-5", "gone"])
def test_who_was_merged_is_named_with_the_survivor(conn: sqlite3.Connection, text: str) -> None:
    with pytest.raises(PersonMerged, match=r"gone-5: was merged into Bea \(aaaa-2\)"):
        resolve(conn, text)


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("Ada Brand", ["aaaa-1", "beef-3"]),
        ("Countes", ["aaaa-1"]),
        ("béa", ["aaaa-2"]),
        ("baa@x", ["aaaa-2"]),
        ("brandt", ["aaaa-1", "beef-3"]),  # a part of a name
        ("Brnadt", ["aaaa-1", "beef-3"]),  # a part of a name, mistyped
        ("Adda Brandt", ["aaaa-1", "beef-3"]),
        ("zzzzzz", []),
        ("", []),
        ("gone@x", []),
        ("%", []),
    ],
)
def test_nobody_is_met_with_the_nearest(conn: sqlite3.Connection, text: str, nearest: list[str]) -> None:
    with pytest.raises(PersonNotFound) as caught:
        resolve(conn, text)
    assert set(nearest) <= {detail.split()[0] for detail in caught.value.details}
    assert "gone-5" not in str(caught.value.details)
    assert bool(caught.value.details) or not nearest


def test_no_more_than_three_are_shown_and_hidden_ones_say_so(conn: sqlite3.Connection) -> None:
    for number in range(9):
        conn.execute(f"INSERT INTO people (id, canonical_name, hidden) VALUES ('x{number}', 'Zoe Xu {number}', 1)")
    with pytest.raises(PersonNotFound) as caught:
        resolve(conn, "Zoe Xu")
    assert len(caught.value.details) == 3
    assert all(detail.endswith("(hidden)") for detail in caught.value.details)

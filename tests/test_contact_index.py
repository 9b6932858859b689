"""The index of contacts: kept by triggers whatever a client writes, and read without a scan."""

from __future__ import annotations

import json
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifeos_db.contacts import fill_contacts, find_contact_drift
from lifeos_db.database import any_text
from lifeos_db.lookup import find
from tests.conftest import new_database

LISTS = ("emails", "phone_numbers", "aliases")
# With what JSON escapes, what SQLite's lower() does not know, and what does not fit into sixteen bits.
texts = st.text(
    st.one_of(
        st.sampled_from('aB"\\/ \t\n\x01+0-()é\u0301ÉßŁλΛЖ日😀\u2028'),
        st.characters(codec="utf-8", exclude_characters="\0"),
    ),
    max_size=8,
)
arrays = st.builds(
    lambda items, ascii, indent: json.dumps(items, ensure_ascii=ascii, indent=indent),
    st.lists(texts, max_size=3),
    st.booleans(),
    st.sampled_from([None, 1]),
)


EMPTY = new_database()
"""For the random examples, each of which empties it first."""


def contacts(conn: sqlite3.Connection, person: str) -> set[tuple[str, str]]:
    conn.text_factory = any_text
    return set(conn.execute("SELECT kind, value FROM person_contacts WHERE person_id = ?", (person,)))


def insert(conn: sqlite3.Connection, person: str, verb: str = "INSERT", **columns: object) -> None:
    values = {"id": person, **columns}
    marks = ", ".join("?" * len(values))
    conn.execute(f"{verb} INTO people ({', '.join(values)}) VALUES ({marks})", list(values.values()))


@settings(max_examples=200)
@given(arrays, arrays, arrays, texts, texts, texts)
def test_the_triggers_read_json_as_python_does(
    emails: str, phones: str, aliases: str, primary: str, canonical: str, display: str
) -> None:
    conn = EMPTY
    conn.execute("DELETE FROM people")
    insert(conn, "p", emails=emails, phone_numbers=phones, aliases=aliases)
    conn.execute(
        "UPDATE people SET phone_primary = ?, canonical_name = ?, display_name = ?", (primary, canonical, display)
    )
    assert find_contact_drift(conn) == []
    by_trigger = contacts(conn, "p")
    fill_contacts(conn)
    assert contacts(conn, "p") == by_trigger


@settings(max_examples=200)
@given(st.one_of(st.text('[]"\\u{}:,0dD8cCx', max_size=30), st.binary(max_size=12), st.integers(0, 9), st.floats()))
def test_damaged_lists_stop_no_writer(damage: object) -> None:
    conn = EMPTY
    conn.execute("DELETE FROM people")
    insert(conn, "p", emails=damage, phone_numbers=damage, aliases=damage, canonical_name="Ada")
    assert ("name", "ada") in contacts(conn, "p")
    assert find_contact_drift(conn) == []
    fill_contacts(conn)
    assert ("name", "ada") in contacts(conn, "p")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT OR REPLACE INTO people (id, emails) VALUES ('a', '[\"new@x\"]')",
        "INSERT INTO people (id, emails) VALUES ('a', '[\"new@x\"]') "
        "ON CONFLICT (id) DO UPDATE SET emails = excluded.emails",
        "INSERT OR IGNORE INTO people (id, emails) VALUES ('a', '[\"new@x\"]')",
        "UPDATE people SET emails = '[\"new@x\"]' WHERE id = 'a'",
        "UPDATE people SET id = 'c' WHERE id = 'a'",
        "UPDATE OR REPLACE people SET id = 'b' WHERE id = 'a'",
        "UPDATE OR IGNORE people SET id = 'b' WHERE id = 'a'",
        "UPDATE people SET emails = NULL, aliases = NULL, phone_numbers = NULL, canonical_name = NULL",
        "UPDATE people SET email_count = 7",
        "DELETE FROM people WHERE id = 'a'",
        "DELETE FROM people",
    ],
)
def test_the_index_follows_every_statement(db: sqlite3.Connection, statement: str) -> None:
    insert(db, "a", emails='["Old@X"]', canonical_name="Ada")
    insert(db, "b", emails='["b@x"]', aliases='["Bea"]')
    db.execute(statement)
    assert find_contact_drift(db) == []
    assert db.execute("SELECT * FROM contacts_to_read").fetchall() == []


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("email", "ADA@example.ORG", ["a"]),
        ("email", " ada@example.org ", ["a"]),
        ("email", "ada@example.or", []),
        ("email", "", []),
        ("phone", "+1 (202) 555-0001", ["a"]),
        ("phone", "001 202 5550001", ["a"]),
        ("phone", "+49 30 1", ["b"]),
        ("name", "ada MÜLLER", ["a"]),
        ("name", "Ada Mu\u0308ller", ["a"]),
        ("name", "ada muller", ["c"]),
        ("name", "Ada", []),
        ("name", "THE COUNTESS", ["a"]),
        ("name", "иВАН", ["b"]),
        ("name", "strasse", []),
        ("name", "STRASSE", []),
    ],
)
def test_people_are_found_in_any_spelling(kind: str, value: str, expected: list[str]) -> None:
    conn = new_database()
    insert(
        conn,
        "a",
        canonical_name="Ada Müller",
        aliases='["the \\u0043ountess"]',
        emails='["Ada@Example.org"]',
        phone_numbers='["+12025550001"]',
    )
    insert(conn, "b", canonical_name="Иван", phone_primary="0049301")
    insert(conn, "c", canonical_name="ADA MULLER")
    assert [person.id for person in find(conn, kind, value)] == expected  # type: ignore[arg-type]
    conn.close()


def test_who_was_merged_is_not_found_and_who_is_hidden_is() -> None:
    conn = new_database()
    for person in ("a", "b", "c"):
        insert(conn, person, emails='["x@x"]', hidden=int(person == "c"))
    conn.execute("INSERT INTO person_merges (merged_id, survivor_id) VALUES ('b', 'a')")
    assert [(person.id, person.hidden) for person in find(conn, "email", "X@X")] == [("a", False), ("c", True)]
    conn.close()


def test_a_look_up_reads_indexes_and_scans_nothing() -> None:
    conn = new_database()
    statements: list[str] = []
    conn.set_trace_callback(statements.append)
    find(conn, "name", "Ada Müller")
    conn.set_trace_callback(None)
    assert statements
    plans = [row[3] for statement in statements for row in conn.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert [plan for plan in plans if plan.startswith("SCAN") and "CONSTANT ROW" not in plan] == []
    assert any("person_contacts" in plan for plan in plans)
    conn.close()


def test_a_letter_that_is_no_text_stands_for_itself() -> None:
    """Somebody has spoilt letter_folds: people are still found, and nothing breaks."""
    conn = new_database()
    conn.text_factory = any_text  # as verify reads
    conn.execute("UPDATE letter_folds SET folded = x'fffe' WHERE letter = 'é'")
    insert(conn, "p", canonical_name="André Müller")
    assert find_contact_drift(conn) == ["p"]
    fill_contacts(conn)
    assert find_contact_drift(conn) == []
    assert [person.id for person in find(conn, "name", "André MÜLLER")] == ["p"]

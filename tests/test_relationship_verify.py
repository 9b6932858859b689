"""verify names a planted difference between pairs and interactions, --fix repairs it, and says who has no owner."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

import lifeos_db
from lifeos_db.schema_objects import DERIVED
from lifeos_db.verification import Check
from tests.conftest import Program

ROWS = [
    ("i1", "ada", "2024-05-01T10:00:00+00:00", "calendar", "Meeting", "e1:ada"),
    ("i2", "bob", "2024-05-01T10:00:00+00:00", "calendar", "Meeting", "e1:bob"),
    ("i3", "ada", "2024-05-02T10:00:00+02:00", "calendar", "Meeting", "e2:ada"),
    ("i4", "bob", "2024-05-02T10:00:00+02:00", "calendar", "Meeting", "e2:bob"),
    ("i5", "eve", "2024-05-03T10:00:00+00:00", "imessage", "→ hello", "imessage_1"),
    ("i6", "bob", "2024-05-04T10:00:00+00:00", "gmail", "← plan", "<m>:cc:bob"),
    ("i7", "eve", "2024-05-04T10:00:00+00:00", "gmail", "→ plan", "<m>:cc:eve"),
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    people = [{"id": name, "canonical_name": name.title()} for name in ("ada", "bob", "eve", "me")]
    people[3]["category"] = "self"
    (tmp_path / "people_entities.json").write_text(json.dumps(people))
    lifeos_db.migrate(tmp_path, backup=False)
    with lifeos_db.session(tmp_path) as conn:
        conn.executemany(
            "INSERT INTO interactions (id, person_id, timestamp, source_type, title, source_id) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            ROWS,
        )
    return tmp_path


def check(data: Path, fix: bool = False) -> Check:
    return lifeos_db.verify(data, only=["relationships"], fix=fix).checks[0]


def run(data: Path, sql: str) -> None:
    with sqlite3.connect(data / "interactions.db") as conn:
        conn.execute(sql)
    conn.close()


def test_all_is_well(data: Path) -> None:
    assert (check(data).status, check(data).found) == ("ok", 0)


def test_planted_count_is_named_and_repaired(data: Path) -> None:
    run(data, "UPDATE relationships SET shared_events_count = 99 WHERE person_a_id = 'ada' AND person_b_id = 'bob'")
    found = check(data)
    assert found.status == "drift"
    assert found.findings == [
        {"person_a_id": "ada", "person_b_id": "bob", "counter": "events", "cached": 99, "actual": 2}
    ]
    assert check(data, fix=True).status == "ok"
    rows = json.loads((data / "relationships.json").read_text())
    assert {row["person_b_id"]: row["shared_events_count"] for row in rows}["bob"] == 2


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM evidence_ties",
        "DELETE FROM evidence_people",
        "UPDATE evidence_ties SET threads = 'many'",
        "UPDATE evidence_people SET slack = 5 WHERE person_id = 'eve'",
        "INSERT INTO evidence_ties (person, other, photos) VALUES (7, 8, 9)",
        "INSERT INTO evidence_ties (person, other, events) SELECT other, person, -events FROM evidence_ties",
        "UPDATE evidence_members SET rows = 7",
        "DELETE FROM evidence_members WHERE kind = 'event'",
        "UPDATE evidence_rules SET max_people = 1",
        "DELETE FROM evidence_rules",
        "INSERT INTO evidence_groups VALUES ('ada', 'WhatsApp group: g', 1)",
        "DELETE FROM evidence_changes",
    ],
)
def test_any_damage_is_found_and_repaired(data: Path, damage: str) -> None:
    before = sorted(json.loads((data / "relationships.json").read_text()), key=lambda row: str(row["id"]))
    run(data, damage)
    assert check(data).status == "drift"
    assert check(data, fix=True).status == "ok"
    assert sorted(json.loads((data / "relationships.json").read_text()), key=lambda row: str(row["id"])) == before
    run(data, "DELETE FROM interactions WHERE person_id = 'bob'")
    assert check(data).status == "ok"


def test_a_lost_trigger_or_view_is_put_back_with_the_counts(data: Path) -> None:
    run(data, "DROP TRIGGER evidence_members_after_insert")
    run(data, "DROP VIEW relationships")
    run(data, "UPDATE interactions SET source_id = 'e1:eve' WHERE id = 'i5'")
    run(data, "UPDATE interactions SET source_type = 'calendar' WHERE id = 'i5'")
    assert lifeos_db.verify(data).status == "schema"
    assert lifeos_db.verify(data, fix=True).status == "ok"
    run(data, "UPDATE relationships SET is_linkedin_connection = 1")
    assert check(data).status == "ok"


def test_an_altered_view_gets_its_triggers_back(data: Path) -> None:
    run(data, "DROP VIEW relationships")
    run(data, "CREATE VIEW relationships AS SELECT 1 AS id")
    assert lifeos_db.verify(data, fix=True).status == "ok"
    run(data, "DELETE FROM relationships")


@pytest.mark.parametrize("table", sorted(DERIVED - {"replace_notes"}))
@pytest.mark.parametrize("again", ["CREATE TABLE {} (id INTEGER)", ""])
def test_a_lost_or_altered_table_of_evidence_is_made_anew(data: Path, table: str, again: str) -> None:
    with sqlite3.connect(data / "interactions.db") as conn:
        conn.execute(f"DROP TABLE {table}")
        if again:
            conn.execute(again.format(table))
    conn.close()
    assert lifeos_db.verify(data, fix=True).status == "ok"
    run(data, "DELETE FROM interactions WHERE person_id = 'bob'")
    assert check(data).status == "ok"


def test_no_owner_is_a_warning(data: Path) -> None:
    run(data, "DELETE FROM settings WHERE key = 'owner_id'")
    found = check(data)
    assert (found.status, found.found) == ("warn", 1)
    assert "no owner" in found.findings[0]["problem"]
    with sqlite3.connect(data / "interactions.db") as conn:
        rows = conn.execute("SELECT id FROM relationships WHERE 'me' IN (person_a_id, person_b_id)")
        assert rows.fetchall() == []
    conn.close()


def test_show_lists_the_strongest_ties_and_no_hidden_people(data: Path, lifeos: Program) -> None:
    run(data, "UPDATE people SET hidden = 1 WHERE id = 'eve'")
    shown = lifeos("db", "show", "Bob", "--data-dir", data)
    assert shown.returncode == 0
    assert [line for line in shown.stdout.splitlines() if "coworker" in line] == [
        "   24  Me   coworker: 2 events, 1 thread; 2024-05-01 to 2024-05-04",
        "   21  Ada  coworker: 2 events; 2024-05-01 to 2024-05-02",
    ]
    assert "Eve" not in shown.stdout
    as_json = json.loads(lifeos("db", "show", "ada", "--format", "json", "--data-dir", data).stdout)
    assert [tie["person_id"] for tie in as_json["ties"]] == ["bob", "me"]


def test_show_says_who_is_not_found_or_meant_twice(data: Path, lifeos: Program) -> None:
    run(data, "UPDATE people SET display_name = 'Bob' WHERE id = 'eve'")
    for name, words in (
        ("nobody", "no such person"),
        ("BOB", "2 people are meant by this"),
    ):
        refused = lifeos("db", "show", name, "--data-dir", data)
        assert (refused.returncode, refused.stdout) == (4, "")
        assert words in refused.stderr

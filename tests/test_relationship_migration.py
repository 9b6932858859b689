"""Imported relationships stay, with their ids and types; their counts are set right, and said to have been wrong."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pytest

import lifeos_db
from lifeos_db.schema_objects import SCHEMA_VERSION, expected

ROWS = [
    ("i1", "a", "2024-05-01T10:00:00+00:00", "photos", "Photo", "x:a"),
    ("i2", "b", "2024-05-01T10:00:00+00:00", "photos", "Photo", "x"),
    ("i3", "m", "2024-05-02T10:00:00+00:00", "gmail", "→ plan", "<1>"),
    ("i4", "b", "2024-05-02T10:00:00+00:00", "gmail", "plan", "<2>"),
]
INTERACTIONS = next(item.sql for item in expected("table") if item.name == "interactions")


def legacy(path: Path) -> None:
    with sqlite3.connect(path / "interactions.db") as conn:
        conn.execute(INTERACTIONS)
        conn.executemany(
            "INSERT INTO interactions (id, person_id, timestamp, source_type, title, source_id) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            ROWS,
        )
    conn.close()
    (path / "people_entities.json").write_text(json.dumps([{"id": name} for name in "abc"]))
    (path / "merged_person_ids.json").write_text('{"m": "a"}')
    pairs = [
        {"id": "r2", "person_a_id": "b", "person_b_id": "c", "relationship_type": "family", "shared_events_count": 5},
        {"id": "r1", "person_a_id": "a", "person_b_id": "b", "shared_contexts": ["slack", "linkedin"], "mood": "good"},
        {"id": "r3", "person_a_id": "a", "person_b_id": "c", "is_linkedin_connection": True},
    ]
    (path / "relationships.json").write_text(json.dumps(pairs))


def test_imported_pairs_stay_and_wrong_counts_are_said(tmp_path: Path) -> None:
    legacy(tmp_path)
    report = lifeos_db.migrate(tmp_path, backup=False)
    assert report.relationships == 3
    assert "relationships: 2 imported pair(s) had wrong counts; set right" in report.warnings
    rows = json.loads((tmp_path / "relationships.json").read_text())
    assert [row["id"] for row in rows] == ["r2", "r1", "r3"]
    assert (rows[0]["relationship_type"], rows[0]["shared_events_count"]) == ("family", 0)
    assert (rows[1]["shared_contexts"], rows[1]["mood"]) == (["gmail", "photos", "linkedin"], "good")
    assert rows[2]["is_linkedin_connection"] is True
    assert lifeos_db.verify(tmp_path, deep=True, only=["relationships", "export", "schema"]).status == "warn"  # owner
    assert lifeos_db.migrate(tmp_path).status == "current"


def test_a_database_of_schema_1_comes_along(tmp_path: Path) -> None:
    from lifeos_db.migrations import steps
    from sqlite_utils import Database

    legacy(tmp_path)
    path = tmp_path / "interactions.db"
    with sqlite3.connect(path) as conn:
        steps.apply(Database(conn), stop_before="m0002_relationships_from_evidence")
        conn.executemany("INSERT INTO people (id) VALUES (?)", [("a",), ("b",), ("c",)])
        conn.execute(
            "INSERT INTO relationships (id, person_a_id, person_b_id, shared_photos_count) VALUES ('r', 'a', 'b', 9)"
        )
        conn.execute("PRAGMA user_version = 1")
    conn.close()
    report = lifeos_db.migrate(tmp_path, backup=False)
    assert (report.from_version, report.to_version) == (1, SCHEMA_VERSION)
    assert "relationships: 1 imported pair(s) had wrong counts; set right" in report.warnings
    with sqlite3.connect(path) as conn:
        assert conn.execute("SELECT id, shared_photos_count FROM relationships").fetchall() == [("r", 1)]
    conn.close()


@pytest.mark.parametrize("contexts", ["[]", '["linkedin", "gmail"]', "[", "not a list", None])
def test_a_database_of_schema_4_comes_along(tmp_path: Path, contexts: str | None) -> None:
    """Pairs that were written down keep their place and all that was said of them."""
    from lifeos_db.migrations import steps
    from sqlite_utils import Database

    legacy(tmp_path)
    path = tmp_path / "interactions.db"
    columns = "rowid, id, person_a_id, person_b_id, shared_contexts, extra, own_contexts"
    with sqlite3.connect(path) as conn:
        steps.apply(Database(conn), stop_before="m0005_no_function_of_the_client")
        conn.executemany("INSERT INTO people (id) VALUES (?)", [("a",), ("b",), ("c",)])
        conn.execute(
            "INSERT INTO relationship_records (rowid, id, person_a_id, person_b_id, shared_contexts, extra) "
            "VALUES (7, 'r', 'b', 'c', ?, '{}'), (3, 's', 'a', 'b', '[]', NULL)",
            (contexts,),
        )
        conn.execute("PRAGMA user_version = 4")
        before = conn.execute(f"SELECT {columns} FROM relationship_records ORDER BY rowid").fetchall()
    conn.close()
    report = lifeos_db.migrate(tmp_path, backup=False)
    assert (report.from_version, report.to_version) == (4, SCHEMA_VERSION)
    with sqlite3.connect(path) as conn:
        assert conn.execute(f"SELECT {columns} FROM relationship_records ORDER BY rowid").fetchall() == before
    conn.close()


def test_the_owner_has_pairs_from_direct_rows(tmp_path: Path) -> None:
    legacy(tmp_path)
    lifeos_db.migrate(tmp_path, backup=False, owner="c")
    with lifeos_db.session(tmp_path) as conn:
        rows = conn.execute("SELECT id, shared_threads_count FROM relationships WHERE person_b_id = 'c' ORDER BY id")
        assert rows.fetchall() == [("r2", 1), ("r3", 1)]


def test_what_is_evidence_is_said_in_the_same_words_in_both_places() -> None:
    table = next(item.sql for item in expected("table") if item.name == "evidence_changes")
    view = next(item.sql for item in expected("view") if item.name == "interaction_evidence")
    cases = re.compile(r"CASE source_type.*?\bEND\b", re.DOTALL)
    squeezed = [[re.sub(r"\s+", " ", case) for case in cases.findall(sql)] for sql in (table, view)]
    assert len(squeezed[0]) == 2
    assert squeezed[0] == squeezed[1]

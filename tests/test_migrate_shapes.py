"""Every shape of a legacy directory that owners have, taken in."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import lifeos_db
from lifeos_db.legacy_form import PERSON_KEYS
from tests.conftest import PLANTED, add_interaction
from tests.recount import assert_exact


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path / "interactions.db", isolation_level=None)


def people(path: Path) -> list[dict[str, Any]]:
    return list(json.loads((path / "people_entities.json").read_text()))


def write(path: Path, name: str, value: Any) -> None:
    (path / name).write_text(json.dumps(value))


def test_an_empty_directory_starts_empty_and_works(tmp_path: Path) -> None:
    report = lifeos_db.migrate(tmp_path)
    assert (report.people, report.interactions, report.backup) == (0, 0, None)
    assert (tmp_path / "people_entities.json").read_bytes() == b"[]"
    assert (tmp_path / "merged_person_ids.json").read_bytes() == b"{}"
    assert (tmp_path / "interactions.db").stat().st_mode & 0o777 == 0o600
    with lifeos_db.session(tmp_path) as conn:
        conn.execute("INSERT INTO people (id, canonical_name) VALUES ('ann', 'Ann')")
        conn.execute("INSERT INTO settings (key, value) VALUES ('owner_id', 'ann')")
        add_interaction(conn, "i1", "ann")
    (ann,) = people(tmp_path)
    assert list(ann) == [key.name for key in PERSON_KEYS if key.name != "relationship_strength"]
    assert (ann["email_count"], ann["sources"]) == (1, ["gmail"])
    assert lifeos_db.verify(tmp_path).status == "ok"


def test_no_people_file_leaves_every_row_an_orphan(sample: Path) -> None:
    (sample / "people_entities.json").unlink()
    report = lifeos_db.migrate(sample)
    assert report.people == 0
    assert report.orphans == report.interactions == PLANTED["interactions"]


@pytest.mark.parametrize("content", [b"", b"  \n", b"[]"])
def test_an_empty_people_file_is_an_empty_store(sample: Path, content: bytes) -> None:
    (sample / "people_entities.json").write_bytes(content)
    assert lifeos_db.migrate(sample).people == 0


def test_no_database_starts_one(sample: Path) -> None:
    (sample / "interactions.db").unlink()
    report = lifeos_db.migrate(sample)
    assert (report.people, report.interactions) == (PLANTED["people"], 0)
    assert all(person["email_count"] == 0 for person in people(sample))


def test_a_database_of_no_bytes_starts_empty(tmp_path: Path) -> None:
    (tmp_path / "interactions.db").touch()
    assert lifeos_db.migrate(tmp_path).interactions == 0


def test_the_two_newer_columns_are_appended(sample: Path) -> None:
    with closing(connect(sample)) as conn:
        conn.execute("ALTER TABLE interactions DROP COLUMN attendee_count")
        conn.execute("ALTER TABLE interactions DROP COLUMN source_account")
    assert lifeos_db.migrate(sample).counts_corrected == PLANTED["people_with_drift"]
    with closing(connect(sample)) as conn:
        columns = [row[1] for row in conn.execute("PRAGMA table_info(interactions)")]
        assert columns[-2:] == ["source_account", "attendee_count"]
        conn.execute("UPDATE interactions SET source_account = 'work', attendee_count = 3 WHERE id = 'none'")
    assert lifeos_db.verify(sample).status == "warn"  # the planted orphans


def test_columns_in_another_case_and_columns_of_the_owners(sample: Path) -> None:
    with closing(connect(sample)) as conn:
        conn.execute("ALTER TABLE interactions RENAME COLUMN person_id TO Person_ID")
        conn.execute("ALTER TABLE interactions DROP COLUMN source_account")
        conn.execute("ALTER TABLE interactions ADD COLUMN mine TEXT")
    assert lifeos_db.migrate(sample).counts_corrected == PLANTED["people_with_drift"]
    assert lifeos_db.verify(sample).status == "warn"  # the planted orphans


def test_a_unique_source_index_stays_unique(sample: Path) -> None:
    with closing(connect(sample)) as conn:
        first = "SELECT min(rowid) FROM interactions GROUP BY source_type, source_id"
        conn.execute(f"DELETE FROM interactions WHERE rowid NOT IN ({first})")
        conn.execute("DROP INDEX idx_interactions_source")
        conn.execute("CREATE UNIQUE INDEX idx_interactions_source ON interactions(source_type, source_id)")
    lifeos_db.migrate(sample)
    with closing(connect(sample)) as conn:
        assert (
            "UNIQUE"
            in conn.execute("SELECT sql FROM sqlite_master WHERE name = 'idx_interactions_source'").fetchone()[0]
        )
        source, key = conn.execute("SELECT source_type, source_id FROM interactions LIMIT 1").fetchone()
        conn.execute(
            "INSERT OR REPLACE INTO interactions (id, person_id, timestamp, source_type, title, source_id) "
            "SELECT 'new', id, '2025-01-01', ?, 't', ? FROM people ORDER BY rowid DESC LIMIT 1",
            (source, key),
        )
        assert_exact(conn)
    assert lifeos_db.verify(sample, only=["schema", "counts"]).status == "ok"


def test_relationships_come_from_crm_db_where_there_is_no_json_file(sample: Path) -> None:
    from_json = Path(shutil.copytree(sample, sample.with_name("from-json")))
    lifeos_db.migrate(from_json)
    before = (sample / "crm.db").read_bytes()
    (sample / "relationships.json").unlink()
    assert lifeos_db.migrate(sample).relationships == PLANTED["relationships"]
    assert (sample / "relationships.json").read_bytes() == (from_json / "relationships.json").read_bytes()
    assert (sample / "crm.db").read_bytes() == before
    assert not list(sample.glob("crm.db-*"))


def test_a_crm_db_without_relationships_is_no_relationships(sample: Path) -> None:
    (sample / "relationships.json").unlink()
    (sample / "crm.db").unlink()
    sqlite3.connect(sample / "crm.db").close()
    assert lifeos_db.migrate(sample).relationships == 0


def test_pairs_the_legacy_job_got_wrong(tmp_path: Path) -> None:
    pair = {"relationship_type": "friend", "shared_contexts": ["linkedin"]}
    write(
        tmp_path,
        "relationships.json",
        [
            {"id": "1", "person_a_id": "b", "person_b_id": "a", **pair},
            {"id": "2", "person_a_id": "c", "person_b_id": "c", **pair},
            {"id": "3", "person_a_id": "a", "person_b_id": "b", **pair, "shared_events_count": 4},
        ],
    )
    report = lifeos_db.migrate(tmp_path)
    assert report.relationships == 1
    assert any("themselves left out" in warning for warning in report.warnings)
    with closing(connect(tmp_path)) as conn:
        row = conn.execute("SELECT id, person_a_id, person_b_id, shared_contexts FROM relationship_records").fetchone()
    assert row == ("3", "a", "b", '["linkedin"]')


def test_merge_maps_with_chains_loops_and_ghosts(sample: Path) -> None:
    survivor = PLANTED["me"]
    with closing(connect(sample)) as conn:
        add_interaction(conn, "x1", "first")
        add_interaction(conn, "x2", "second")
        add_interaction(conn, "x3", "loop")
    chain = {"first": "second", "second": "third", "third": survivor}
    loops = {"loop": "loop", "a": "b", "b": "a", "into-cycle": "a"}
    write(sample, "merged_person_ids.json", chain | loops | {"ghost": "other-ghost"})
    report = lifeos_db.migrate(sample)
    assert json.loads((sample / "merged_person_ids.json").read_text()) == {
        "first": survivor,
        "second": survivor,
        "third": survivor,
        "ghost": "other-ghost",
    }
    assert report.merged_rows_moved == 2
    assert any("'loop'" in warning for warning in report.warnings)
    assert any("no person has" in warning for warning in report.warnings)
    with closing(connect(sample)) as conn:
        assert_exact(conn)
        assert conn.execute("SELECT person_id FROM interactions WHERE id = 'x3'").fetchone() == ("loop",)


def test_a_merged_person_who_is_still_in_the_people_file_stays(sample: Path) -> None:
    first, second = (person["id"] for person in people(sample)[:2])
    write(sample, "merged_person_ids.json", {first: second})
    report = lifeos_db.migrate(sample)
    assert report.people == PLANTED["people"]
    with closing(connect(sample)) as conn:
        assert_exact(conn)
    assert people(sample)[0]["email_count"] == 0


def test_people_files_of_other_versions(tmp_path: Path) -> None:
    """A BOM, missing keys, unknown keys, null lists and counts, an old birthday, a repeated id: all taken, all kept."""
    records: list[dict[str, Any]] = [
        {"id": "a", "canonical_name": "Ann", "sentiment_score": 0.5, "emails": None, "email_count": None},
        {"id": "b", "canonical_name": "Bob", "birthday": "1980-03-05T00:00:00", "manual_circle": {"x": [1, None]}},
        {"id": "a", "canonical_name": "Ann Again", "email_count": 3, "aliases": ["É"], "sentiment_score": 10**30},
        {"id": "c", "relationship_strength": 3, "hidden": True, "confidence_score": 1, "first_seen": "2020-01-01"},
    ]
    (tmp_path / "people_entities.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(records).encode())
    report = lifeos_db.migrate(tmp_path)
    assert report.people == 3
    assert any("1 repeated id" in warning for warning in report.warnings)
    ann, bob, cy = people(tmp_path)
    order = ["id", "canonical_name", "sentiment_score", "emails", "email_count", "aliases", "birthday"]
    assert [key for key in ann if key in order] == [key for key in ann if key in order]
    assert (ann["canonical_name"], ann["sentiment_score"], ann["aliases"]) == ("Ann Again", 10**30, ["É"])
    assert (bob["birthday"], bob["manual_circle"]) == ("1980-03-05T00:00:00", {"x": [1, None]})
    assert "sentiment_score" not in bob
    assert "relationship_strength" not in bob
    assert list(cy)[-1] == "relationship_strength"
    assert (cy["relationship_strength"], cy["hidden"], cy["confidence_score"]) == (3, True, 1)
    assert isinstance(cy["confidence_score"], int)
    seen = {key for record in records for key in record}
    assert {key for record in (ann, bob, cy) for key in record} == seen
    assert "slack_message_count" not in ann  # a key the file did not have would stop an older reader


def test_a_null_list_stays_null(tmp_path: Path) -> None:
    write(tmp_path, "people_entities.json", [{"id": "a", "emails": None, "tags": ["x"]}])
    lifeos_db.migrate(tmp_path)
    assert people(tmp_path) == [{"id": "a", "emails": None, "tags": ["x"]}]


def test_the_owner_is_the_only_person_of_category_self(tmp_path: Path) -> None:
    write(tmp_path, "people_entities.json", [{"id": "a", "category": "self"}, {"id": "b", "category": "work"}])
    lifeos_db.migrate(tmp_path)
    with closing(connect(tmp_path)) as conn:
        assert conn.execute("SELECT value FROM settings WHERE key = 'owner_id'").fetchone() == ("a",)


def test_the_owner_may_be_named_and_must_exist(sample: Path) -> None:
    with pytest.raises(lifeos_db.LifeosError, match="no such person"):
        lifeos_db.migrate(sample, owner="nobody")
    assert not (sample / "backups").exists()
    lifeos_db.migrate(sample)
    report = lifeos_db.migrate(sample, owner=PLANTED["me"])  # also later
    assert (report.status, report.healed) == ("healed", [f"the owner is {PLANTED['me']}"])
    assert lifeos_db.migrate(sample, owner=PLANTED["me"]).status == "current"
    with closing(connect(sample)) as conn:
        assert conn.execute("SELECT value FROM settings WHERE key = 'owner_id'").fetchone() == (PLANTED["me"],)


def test_what_the_owner_had_before_is_not_called_extra(sample: Path) -> None:
    with closing(connect(sample)) as conn:
        conn.execute("CREATE VIEW my_mail AS SELECT * FROM interactions WHERE source_type = 'gmail'")
        conn.execute("CREATE INDEX my_index ON interactions(title)")
        conn.execute("CREATE TABLE my_table (x)")
    lifeos_db.migrate(sample)
    assert lifeos_db.verify(sample, only=["schema"]).status == "ok"


def test_rows_without_a_person_are_evidence_of_nothing(sample: Path) -> None:
    """In a table that allows them: they stay, count towards no limit of people, and stop nothing."""
    rows = [("event", "calendar"), ("talk", "imessage"), ("group", "whatsapp")]
    with closing(connect(sample)) as conn:
        sql, *indexes = (
            row[0]
            for row in conn.execute(
                "SELECT sql FROM sqlite_master WHERE tbl_name = 'interactions' AND sql IS NOT NULL ORDER BY rowid"
            ).fetchall()
        )
        assert "person_id TEXT NOT NULL" in sql
        conn.execute("ALTER TABLE interactions RENAME TO old")
        conn.execute(sql.replace("person_id TEXT NOT NULL", "person_id TEXT"))
        conn.execute("INSERT INTO interactions SELECT * FROM old")
        conn.execute("DROP TABLE old")
        for index in indexes:
            conn.execute(index)
        for name, source in rows:
            add_interaction(conn, name, None, source, title="WhatsApp group: x", source_id="e")
    lifeos_db.migrate(sample, owner=PLANTED["me"])
    with closing(connect(sample)) as conn:
        conn.execute("INSERT INTO settings (key, value) VALUES ('max_context_people', '2')")
        people = [row[0] for row in conn.execute("SELECT id FROM people WHERE id <> ? LIMIT 2", (PLANTED["me"],))]
        for place, person in enumerate([*people, None]):
            add_interaction(conn, f"new{place}", person, "calendar", source_id="new")
        assert conn.execute("SELECT * FROM relationship_count_drift").fetchall() == []
        assert_exact(conn)
    assert lifeos_db.verify(sample, only=["counts", "relationships"], fix=True).status == "ok"
    lifeos_db.export(sample)
    with closing(connect(sample)) as conn:
        assert conn.execute("SELECT count(*) FROM interactions WHERE person_id IS NULL").fetchone() == (4,)

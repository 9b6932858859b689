"""Damage of every kind, planted first: verify names it, --fix repairs what can be repaired, a second look is clean."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest

import lifeos_db
from lifeos_db.schema_objects import expected_objects
from tests.conftest import NEW_ROW, PLANTED, Program, add_interaction, snapshot
from tests.recount import assert_exact

ME = PLANTED["me"]
CHECKS = ["schema", "counts", "relationships", "identity", "orphans", "source_types", "export", "sqlite"]


@pytest.fixture
def clean(migrated: Path) -> Path:
    """The migrated sample without its planted orphans: nothing to find."""
    with lifeos_db.session(migrated) as conn:
        conn.execute("DELETE FROM interactions WHERE id IN (SELECT id FROM orphan_interactions)")
    assert lifeos_db.verify(migrated, deep=True).status == "ok"
    return migrated


def damage(path: Path, *statements: str) -> None:
    """Run statements as any program could."""
    with closing(sqlite3.connect(path / "interactions.db", isolation_level=None)) as conn:
        for statement in statements:
            conn.execute(statement)


def found(path: Path, **options: object) -> dict[str, str]:
    """Check name to status, of the checks that are not ok."""
    report = lifeos_db.verify(path, **options)  # type: ignore[arg-type]
    return {check.name: check.status for check in report.checks if check.status != "ok"}


def test_the_json_form_is_the_one_that_is_promised(lifeos: Program, migrated: Path) -> None:
    result = lifeos("db", "verify", "--data-dir", migrated, "--format", "json")
    assert result.returncode == 0
    report = json.loads(result.stdout)
    assert list(report) == ["status", "checks", "sqlite_version", "seconds"]
    assert report["status"] == "warn"
    assert [check["name"] for check in report["checks"]] == CHECKS
    for check in report["checks"]:
        assert list(check) == ["name", "status", "checked", "found", "findings", "fix"]
    orphans = report["checks"][4]
    assert orphans["found"] == PLANTED["rows_orphaned"]
    assert len(orphans["findings"]) == PLANTED["orphan_ids"]
    assert report["sqlite_version"] == sqlite3.sqlite_version


def test_it_changes_nothing_without_fix(lifeos: Program, migrated: Path) -> None:
    damage(migrated, "UPDATE people SET email_count = 99", "DROP TRIGGER interactions_after_insert")
    before = snapshot(migrated)
    for options in ([], ["--deep"], ["--strict"], ["--only", "counts"], ["--format", "github"]):
        assert lifeos("db", "verify", "--data-dir", migrated, *options).returncode in (1, 3)
    assert snapshot(migrated) == before


@pytest.mark.parametrize("value", ["cached + 1", "0", "-5", "NULL", "'many'", "x'00ff'", "1.5"])
@pytest.mark.parametrize("counter", ["email", "meeting", "mention", "message"])
def test_a_wrong_count_is_named_and_repaired(clean: Path, counter: str, value: str) -> None:
    actual = 2
    with lifeos_db.session(clean) as conn:
        conn.execute("INSERT INTO people (id, canonical_name) VALUES ('ann', 'Ann')")
        source = {"email": "gmail", "meeting": "calendar", "mention": "vault", "message": "slack"}[counter]
        for number in range(actual):
            add_interaction(conn, f"x{number}", "ann", source)
    damage(clean, f"UPDATE people SET {counter}_count = {value.replace('cached', f'{counter}_count')} WHERE id = 'ann'")
    report = lifeos_db.verify(clean)
    assert report.status == "drift"
    assert report.exit_code() == 1
    (finding,) = report.checks[1].findings
    assert list(finding) == ["person_id", "name", "counter", "cached", "actual"]
    assert (finding["person_id"], finding["name"], finding["counter"]) == ("ann", "Ann", counter)
    assert finding["actual"] == actual
    json.dumps(report.to_dict())
    fixed = lifeos_db.verify(clean, fix=True)
    assert fixed.status == "ok"
    assert fixed.repaired is not None
    assert any("ann" in line and counter in line for line in fixed.repaired)
    with closing(sqlite3.connect(clean / "interactions.db")) as conn:
        assert_exact(conn)


def test_one_person_may_be_looked_at_alone(clean: Path) -> None:
    damage(clean, f"UPDATE people SET email_count = email_count + 1 WHERE id <> '{ME}'")
    assert found(clean, person=ME) == {}
    with pytest.raises(lifeos_db.LifeosError, match="no such person"):
        lifeos_db.verify(clean, person="typo")
    assert lifeos_db.verify(clean).checks[1].found == PLANTED["people"] - 1
    assert len(lifeos_db.verify(clean).checks[1].findings) == 100  # capped, found is the true number


@pytest.mark.parametrize("item", [i for i in expected_objects() if i.type != "table"], ids=lambda item: item.name)
def test_every_missing_object_is_named_and_restored(clean: Path, item: lifeos_db.schema_objects.SchemaObject) -> None:
    damage(clean, f"DROP {item.type} {item.name}")
    report = lifeos_db.verify(clean)
    assert report.exit_code() == 3
    assert {"type": item.type, "name": item.name, "problem": "missing"}.items() <= report.checks[0].findings[0].items()
    assert lifeos_db.verify(clean, fix=True).status == "ok"


ALTERED = {
    "trigger with another body": (
        "DROP TRIGGER people_after_delete",
        "CREATE TRIGGER people_after_delete AFTER DELETE ON people BEGIN SELECT 1; END",
    ),
    "trigger on a misspelt column": (
        "DROP TRIGGER replace_notes_after_update",
        "CREATE TRIGGER replace_notes_after_update AFTER UPDATE OF vanishd ON replace_notes BEGIN SELECT 1; END",
    ),
    "view that hides drift": (
        "DROP VIEW person_count_drift",
        "CREATE VIEW person_count_drift AS SELECT 1 AS person_id, 2 AS counter, 3 AS cached, 4 AS actual WHERE 0",
    ),
    "aggregate view that lies": (
        "DROP VIEW person_counts",
        "CREATE VIEW person_counts AS SELECT id AS person_id, email_count, meeting_count, mention_count, message_count "
        "FROM people",
    ),
    "legacy index back": (
        "DROP INDEX idx_interactions_person_timestamp",
        "CREATE INDEX idx_interactions_person_timestamp ON interactions(person_id, timestamp DESC)",
    ),
}


@pytest.mark.parametrize("name", ALTERED)
def test_an_altered_object_is_named_and_restored_and_hides_no_drift(clean: Path, name: str) -> None:
    damage(clean, *ALTERED[name], f"UPDATE people SET email_count = email_count + 1 WHERE id = '{ME}'")
    report = lifeos_db.verify(clean)
    assert report.exit_code() == 3
    assert report.checks[0].findings[0]["problem"] == "altered"
    assert report.checks[1].found == 1
    assert lifeos_db.verify(clean, fix=True).status == "ok"


EXTRA = {
    "trigger": "CREATE TRIGGER stranger AFTER INSERT ON interactions BEGIN UPDATE people SET email_count = 0; END",
    "trigger on people": "CREATE TRIGGER stranger BEFORE UPDATE ON people BEGIN SELECT 1; END",
    "index": "CREATE INDEX stranger ON interactions(title)",
    "view": "CREATE VIEW stranger AS SELECT 1",
    "trigger on a view": "CREATE TRIGGER stranger INSTEAD OF INSERT ON person_counts BEGIN SELECT 1; END",
}


@pytest.mark.parametrize("name", EXTRA)
def test_an_extra_object_is_named_taken_out_and_can_be_had_back(clean: Path, name: str) -> None:
    damage(clean, EXTRA[name])
    report = lifeos_db.verify(clean)
    assert report.exit_code() == 3
    assert report.checks[0].findings[0]["problem"] == "extra"
    assert lifeos_db.verify(clean, fix=True).status == "ok"
    with closing(sqlite3.connect(clean / "interactions.db")) as conn:
        assert conn.execute("SELECT name, sql FROM removed_objects").fetchall() == [("stranger", EXTRA[name])]


@pytest.mark.parametrize(
    "index",
    [
        "CREATE UNIQUE INDEX stranger ON interactions(source_id)",
        "CREATE UNIQUE INDEX stranger ON interactions(id COLLATE NOCASE)",
        "CREATE UNIQUE INDEX stranger ON interactions(person_id, source_id, timestamp, id)",
        "CREATE UNIQUE INDEX stranger ON interactions(source_type, source_id) WHERE attendee_count IS NULL",
        "CREATE UNIQUE INDEX stranger ON interactions(lower(id))",
    ],
)
def test_a_unique_index_that_the_triggers_do_not_cover_is_named(clean: Path, index: str) -> None:
    damage(clean, "DELETE FROM interactions", index)
    report = lifeos_db.verify(clean)
    assert report.exit_code() == 3
    assert report.checks[0].findings[0]["problem"] == "uncovered"
    assert "DROP INDEX stranger" in str(report.checks[0].fix)
    # Whether rows may be told apart by it is the owner's decision: it is not dropped, and so not clean.
    assert lifeos_db.verify(clean, fix=True).exit_code() == 3


@pytest.mark.parametrize(
    "columns",
    ["source_type, source_id)", "source_id, source_type)", "source_type, source_id) WHERE source_id IS NOT NULL"],
)
def test_a_unique_index_that_the_triggers_cover_is_welcome(clean: Path, columns: str) -> None:
    damage(clean, "DELETE FROM interactions", f"CREATE UNIQUE INDEX by_source ON interactions({columns}")
    assert found(clean, only=["schema", "counts"]) == {}


def test_the_users_own_tables_are_none_of_its_business(clean: Path) -> None:
    damage(
        clean,
        "CREATE TABLE mine (x)",
        "CREATE INDEX mine_x ON mine(x)",
        "CREATE TRIGGER mine_t AFTER INSERT ON mine BEGIN SELECT 1; END",
    )
    assert found(clean) == {}


def test_a_table_rebuilt_by_sqlite_utils_has_lost_its_triggers_and_verify_sees_it(clean: Path) -> None:
    from sqlite_utils import Database

    with closing(sqlite3.connect(clean / "interactions.db")) as conn:
        Database(conn)["interactions"].transform(types={"attendee_count": int})  # type: ignore[union-attr]
        conn.commit()
    assert found(clean)["schema"] == "schema"
    fixed = lifeos_db.verify(clean, fix=True)
    assert fixed.status == "ok"


@pytest.mark.parametrize("table", ["replace_notes", "import_rejects", "removed_objects", "exports"])
def test_a_lost_table_that_the_counts_do_not_need_is_made_anew(clean: Path, table: str) -> None:
    damage(clean, f"DROP TABLE {table}")
    report = lifeos_db.verify(clean)
    assert (report.checks[0].status, report.checks[0].fix) == ("schema", "lifeos db verify --fix")
    if table == "exports":  # with it went the knowledge that the files are ours
        lifeos_db.verify(clean, fix=True)
        with pytest.raises(lifeos_db.LifeosError, match="changed by another program"):
            lifeos_db.export(clean)
        lifeos_db.export(clean, force=True)
    assert lifeos_db.verify(clean, fix=True).status == "ok"


def test_a_lost_row_of_export_state_makes_the_files_stale_and_comes_back(clean: Path) -> None:
    damage(clean, "DELETE FROM export_state")
    assert found(clean) == {"export": "warn"}
    lifeos_db.export(clean)
    damage(clean, f"UPDATE people SET notes = 'x' WHERE id = '{ME}'")
    assert lifeos_db.check_export(clean).status == "stale"


def test_a_revision_that_is_no_number_is_made_anew(lifeos: Program, clean: Path) -> None:
    damage(clean, "UPDATE export_state SET revision = 'abc'")
    assert lifeos("db", "verify", "--data-dir", clean).returncode == 0
    assert lifeos("db", "export", "--data-dir", clean).returncode == 0
    assert found(clean) == {}


def test_interactions_rebuilt_without_their_key_are_named(clean: Path) -> None:
    damage(
        clean,
        "PRAGMA legacy_alter_table = ON",
        "CREATE TABLE rebuilt AS SELECT * FROM interactions",
        "DROP TABLE interactions",
        "ALTER TABLE rebuilt RENAME TO interactions",
    )
    report = lifeos_db.verify(clean)
    assert report.exit_code() == 3
    assert "no key on id" in report.checks[0].findings[0]["detail"]


def test_a_table_renamed_and_back_is_the_same_table(clean: Path) -> None:
    damage(clean, "ALTER TABLE people RENAME TO p", "ALTER TABLE p RENAME TO people")
    assert found(clean) == {}


@pytest.mark.parametrize(
    "table", ["interactions", "person_merges", "people", "settings", "export_state", "source_types"]
)
def test_a_lost_table_is_named_and_not_papered_over(lifeos: Program, clean: Path, table: str) -> None:
    damage(clean, f"DROP TABLE {table}")
    for form in ("text", "json", "github", "junit"):
        result = lifeos("db", "verify", "--data-dir", clean, "--format", form)
        assert result.returncode == 3, result.stderr
        assert f"table {table} is missing" in result.stdout
        if form == "json":
            assert "restore" in json.loads(result.stdout)["checks"][0]["fix"]
    if table in ("people", "person_merges"):
        assert lifeos("db", "export", "--data-dir", clean).returncode == 4
    assert lifeos("db", "verify", "--fix", "--data-dir", clean).returncode == 4


IDENTITY = {
    "a row under a merged id": ["INSERT INTO person_merges VALUES ('old', '{me}', NULL)", "x('old')"],
    "a chain": ["INSERT INTO person_merges VALUES ('b', '{me}', NULL), ('a', 'b', NULL)"],
    "a self-merge": ["INSERT INTO person_merges VALUES ('a', 'a', NULL)"],
    "a cycle": ["INSERT INTO person_merges VALUES ('a', 'b', NULL), ('b', 'a', NULL)"],
}


@pytest.mark.parametrize("name", IDENTITY)
def test_identity_damage_done_while_triggers_were_away(clean: Path, name: str) -> None:
    """A rebuild of the tables, a restore of parts: merges and rows that no trigger has seen."""
    triggers = [item for item in expected_objects() if item.type == "trigger"]
    row = "INSERT INTO interactions (id, person_id, timestamp, source_type, title) VALUES ('x', 'old', '', 'slack', '')"
    statements = [row if text.startswith("x(") else text.format(me=ME) for text in IDENTITY[name]]
    damage(clean, *(f"DROP TRIGGER {item.name}" for item in triggers), *statements, *(item.sql for item in triggers))
    report = lifeos_db.verify(clean)
    assert report.exit_code() == 1
    found = {check.name for check in report.checks if check.found}
    assert found == ({"identity", "relationships"} if "x(" in IDENTITY[name][-1] else {"identity"})
    rows = "SELECT count(*) FROM interactions"
    with closing(sqlite3.connect(clean / "interactions.db")) as conn:
        before = conn.execute(rows).fetchone()
    assert lifeos_db.verify(clean, fix=True).status == "ok"
    with closing(sqlite3.connect(clean / "interactions.db")) as conn:
        assert conn.execute(rows).fetchone() == before
        assert_exact(conn)


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        (NEW_ROW.format("nobody", "sms"), "orphans"),
        (NEW_ROW.format(ME, "fax"), "source_types"),
        (f"UPDATE people SET notes = 'x' WHERE id = '{ME}'", "export"),
    ],
)
def test_what_can_only_warn_warns(lifeos: Program, clean: Path, statement: str, name: str) -> None:
    damage(clean, statement)
    if name != "export":
        lifeos_db.export(clean)
    assert found(clean) == {name: "warn"}
    assert lifeos("db", "verify", "--data-dir", clean).returncode == 0
    assert lifeos("db", "verify", "--data-dir", clean, "--strict").returncode == 1


def test_an_edited_export_warns_and_deep_finds_what_the_revision_cannot_know(clean: Path) -> None:
    damage(clean, f"UPDATE people SET email_count = 77 WHERE id = '{ME}'")
    assert found(clean, only=["export"]) == {}
    assert found(clean, only=["export"], deep=True) == {"export": "warn"}
    repaired = lifeos_db.verify(clean, fix=True, deep=True)
    assert repaired.status == "ok"
    stat = (clean / "people_entities.json").stat()
    content = (clean / "people_entities.json").read_bytes()
    (clean / "people_entities.json").write_bytes(content.replace(b"Acme", b"ACME"))
    os.utime(clean / "people_entities.json", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert found(clean, only=["export"], deep=True) == {"export": "warn"}
    assert lifeos_db.export(clean, force=True).kept  # as it advises; what stood there is kept
    assert found(clean, only=["export"], deep=True) == {}
    (clean / "people_entities.json").write_text("[]")
    assert found(clean, only=["export"]) == {"export": "warn"}


def test_an_index_that_lost_an_entry_is_drift_in_sqlite(clean: Path) -> None:
    """Rows hidden from an index, as a torn page or a fault of an old SQLite leaves them."""
    damage(
        clean,
        "PRAGMA writable_schema = 1",
        "UPDATE sqlite_master SET sql = sql || ' WHERE rowid > 5' WHERE name = 'idx_interactions_timestamp'",
    )
    damage(
        clean,
        "REINDEX idx_interactions_timestamp",
        "PRAGMA writable_schema = 1",
        "UPDATE sqlite_master SET sql = replace(sql, ' WHERE rowid > 5', '') WHERE name = 'idx_interactions_timestamp'",
    )
    assert found(clean, deep=True) == {"sqlite": "drift"}
    assert lifeos_db.verify(clean, deep=True).exit_code() == 1


def test_an_unreadable_database_is_exit_code_4(lifeos: Program, clean: Path) -> None:
    path = clean / "interactions.db"
    content = bytearray(path.read_bytes())
    content[100:2000] = b"\xaa" * 1900
    path.write_bytes(content)
    for form in ("text", "json", "github", "junit"):
        result = lifeos("db", "verify", "--data-dir", clean, "--format", form)
        assert result.returncode == 4
        assert "Traceback" not in result.stderr
    assert json.loads(lifeos("db", "verify", "--data-dir", clean, "--format", "json").stdout)["status"] == "error"


@pytest.mark.parametrize("only", ["", ",", " , "])
def test_no_check_named_is_no_clean_bill(lifeos: Program, clean: Path, only: str) -> None:
    assert lifeos("db", "verify", "--data-dir", clean, "--only", only).returncode == 2


def test_an_orphan_or_a_merged_id_may_be_looked_at_alone(clean: Path) -> None:
    damage(clean, NEW_ROW.format("nobody", "sms"), f"INSERT INTO person_merges VALUES ('old', '{ME}', NULL)")
    assert found(clean, person="nobody", only=["orphans"]) == {"orphans": "warn"}
    assert found(clean, person="old", only=["identity", "orphans"]) == {}


def test_ids_and_names_that_are_no_text_are_reported_all_the_same(lifeos: Program, clean: Path) -> None:
    damage(
        clean,
        NEW_ROW.format("x", "sms").replace("'x'", "x'00ff'"),
        NEW_ROW.format("x", "fax").replace("'x'", "CAST(x'61ff' AS TEXT)").replace("'n'", "'m'"),
        "UPDATE people SET canonical_name = x'00ff' WHERE rowid = 1",
        "UPDATE people SET email_count = 99 WHERE rowid = 1",
    )
    for form in ("text", "json", "junit", "github"):
        result = lifeos("db", "verify", "--data-dir", clean, "--format", form)
        assert result.returncode == 1, result.stderr
        assert result.stderr == ""


def test_an_ascii_terminal_shows_every_name(lifeos: Program, clean: Path) -> None:
    damage(clean, "UPDATE people SET canonical_name = '😀' WHERE rowid = 1")
    damage(clean, "UPDATE people SET email_count = 99 WHERE rowid = 1")
    result = lifeos("db", "verify", "--data-dir", clean, PYTHONIOENCODING="ascii")
    assert result.returncode == 1
    assert "\\U0001f600" in result.stdout


def test_a_summary_that_cannot_be_written_does_not_hide_the_result(lifeos: Program, clean: Path) -> None:
    damage(clean, "UPDATE people SET email_count = 99 WHERE rowid = 1")
    options = ["db", "verify", "--data-dir", clean, "--format", "github"]
    result = lifeos(*options, GITHUB_STEP_SUMMARY="/no/such/folder/summary.md")
    assert result.returncode == 1
    assert "::error" in result.stdout
    assert "the summary was not written" in result.stderr


def test_only_runs_the_checks_named_and_knows_their_names(lifeos: Program, clean: Path) -> None:
    result = lifeos("db", "verify", "--data-dir", clean, "--only", "counts, sqlite", "--format", "json")
    assert [check["name"] for check in json.loads(result.stdout)["checks"]] == ["counts", "sqlite"]
    wrong = lifeos("db", "verify", "--data-dir", clean, "--only", "count")
    assert wrong.returncode == 2
    assert "no check is called 'count'" in wrong.stderr


def test_fix_reports_what_it_repaired_and_exports(lifeos: Program, clean: Path) -> None:
    damage(clean, f"UPDATE people SET email_count = 99 WHERE id = '{ME}'", "DROP TRIGGER interactions_after_delete")
    result = lifeos("db", "verify", "--data-dir", clean, "--fix", "--format", "json")
    assert result.returncode == 0
    assert f"{ME}: email 99 -> 0" in result.stderr
    assert "restored: trigger interactions_after_delete is missing" in result.stderr
    assert json.loads(result.stdout)["repaired"][-1] == "exported"
    again = lifeos("db", "verify", "--data-dir", clean, "--fix", "--format", "json")
    assert json.loads(again.stdout)["repaired"] == []


def test_github_gets_ten_annotations_and_the_rest_in_the_summary(lifeos: Program, clean: Path, tmp_path: Path) -> None:
    damage(
        clean,
        "UPDATE people SET email_count = email_count + 1, canonical_name = '100%: a\nb' WHERE rowid <= 30",
        "UPDATE people SET email_count = email_count + 1 WHERE rowid <= 30",
    )
    summary = tmp_path / "summary.md"
    result = lifeos("db", "verify", "--data-dir", clean, "--format", "github", GITHUB_STEP_SUMMARY=str(summary))
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    assert len(lines) == 10
    assert all(line.startswith("::error title=lifeos db verify") for line in lines)
    assert "100%25: a\\nb" in lines[0]
    assert summary.read_text().count("- **counts**") == 30  # and three stale files
    assert "and 24 more; see the summary" in lines[-1]
    without = lifeos("db", "verify", "--data-dir", clean, "--format", "github").stdout.splitlines()
    assert without[-1].endswith("and 24 more")


def test_junit_is_one_testcase_a_check(lifeos: Program, migrated: Path) -> None:
    damage(
        migrated,
        "UPDATE people SET email_count = 99, canonical_name = '<&\x01\"' WHERE rowid = 1",
        "UPDATE people SET email_count = 99 WHERE rowid = 1",
    )
    result = lifeos("db", "verify", "--data-dir", migrated, "--format", "junit")
    suite = ElementTree.fromstring(result.stdout)
    assert [case.get("name") for case in suite] == CHECKS
    assert (suite.get("tests"), suite.get("failures")) == ("8", "1")
    failure = suite.find("testcase[@name='counts']/failure")
    assert failure is not None
    assert "is 99, actual" in str(failure.text)
    assert suite.find("testcase[@name='orphans']/system-out") is not None


def test_text_names_person_and_numbers(lifeos: Program, clean: Path) -> None:
    damage(clean, f"UPDATE people SET email_count = 99 WHERE id = '{ME}'")
    result = lifeos("db", "verify", "--data-dir", clean)
    assert result.returncode == 1
    assert f"({ME}): email is 99, actual 0" in result.stdout
    assert "-> lifeos db verify --fix" in result.stdout


def test_a_merged_id_stands_for_its_survivor(clean: Path) -> None:
    with closing(sqlite3.connect(clean / "interactions.db", isolation_level=None)) as conn:
        merged, survivor = conn.execute("SELECT merged_id, survivor_id FROM person_merges LIMIT 1").fetchone()
        conn.execute("UPDATE people SET email_count = 99 WHERE id = ?", (survivor,))
    for person in (merged, survivor):
        report = lifeos_db.verify(clean, only=["counts"], person=person)
        assert [(check.checked, check.found) for check in report.checks] == [(1, 1)]

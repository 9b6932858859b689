"""Bad input: a clear error that names every place, exit code 4, and a directory that is byte for byte as it was."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import lifeos_db
from tests.conftest import Program, snapshot

FILE_FAULTS = {
    "not JSON": (b"{nonsense", "is not JSON: line 1, column 2"),
    "truncated": (b'[{"id": "a"}, {"id": "b"', "is not JSON: line 1"),
    "not an array": (b'{"id": "a"}', "must be a JSON array of records, not an object"),
    "not UTF-8": (b'[{"id": "\xff"}]', "is not UTF-8: byte 10"),
    "UTF-16": ('[{"id": "a"}]'.encode("utf-16"), "is not UTF-8: byte 1"),
    "nested too deep": (b"[" * 100_000, "is nested more than 100 levels"),
    "an endless number": (b'[{"id": "a", "x": ' + b"9" * 5000 + b"}]", "holds a number of too many digits"),
}


@pytest.mark.parametrize("skip_bad", [False, True])
@pytest.mark.parametrize("fault", FILE_FAULTS)
def test_a_file_that_cannot_be_read_at_all(lifeos: Program, sample: Path, fault: str, skip_bad: bool) -> None:
    content, message = FILE_FAULTS[fault]
    (sample / "people_entities.json").write_bytes(content)
    before = snapshot(sample)
    result = lifeos("db", "migrate", "--data-dir", sample, *(["--skip-bad"] if skip_bad else []))
    assert result.returncode == 4
    assert f"people_entities.json: {message}" in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert snapshot(sample) == before


RECORD_FAULTS: dict[str, tuple[Any, str]] = {
    "no object": (7, "record 2: must be an object, not a number"),
    "null": (None, "record 2: must be an object, not null"),
    "no id": ({"canonical_name": "X"}, "record 2: has no id"),
    "empty id": ({"id": ""}, 'record 2: id must be a non-empty string, not ""'),
    "id of another type": ({"id": 7}, "record 2: id must be a non-empty string, not 7"),
    "list for text": (
        {"id": "x", "company": ["A"]},
        "record 2 (id 'x'): company must be a string or null, not",
    ),
    "text for list": ({"id": "x", "emails": "a@b"}, "record 2 (id 'x'): emails must be an array of strings or null"),
    "number in list": (
        {"id": "x", "tags": ["a", 3]},
        "record 2 (id 'x'): tags must be an array of strings or null;",
    ),
    "text for count": ({"id": "x", "email_count": "3"}, "record 2 (id 'x'): email_count must be an integer or null"),
    "true for count": ({"id": "x", "email_count": True}, "record 2 (id 'x'): email_count must be an integer or null"),
    "number for boolean": ({"id": "x", "hidden": 1}, "record 2 (id 'x'): hidden must be true, false or null"),
    "huge integer": (
        {"id": "x", "dunbar_circle": 2**63},
        "record 2 (id 'x'): dunbar_circle is an integer of more",
    ),
    "infinite float": ({"id": "x", "confidence_score": 1e308}, ""),
    "NaN": ({"id": "x", "confidence_score": float("nan")}, "record 2 (id 'x'): confidence_score is not a finite"),
    "NaN in an unknown key": ({"id": "x", "own": [float("nan")]}, "'own' holds a number that is not finite"),
    "lone surrogate": ({"id": "x", "notes": "\ud800"}, "record 2 (id 'x'): notes has a lone surrogate at character 1"),
    "surrogate in a list": (
        {"id": "x", "aliases": ["a\udfff"]},
        "record 2 (id 'x'): aliases item 1: has a lone",
    ),
    "surrogate in an id": ({"id": "x\ud800"}, "has a lone surrogate"),
    "surrogate in a key": ({"id": "x", "\ud800": 1}, "has a lone surrogate"),
    "deep unknown key": ({"id": "x", "own": json.loads("[" * 150 + "]" * 150)}, "'own' is nested more than 100 levels"),
}


@pytest.mark.parametrize("fault", RECORD_FAULTS)
def test_a_bad_record_is_named_and_nothing_is_changed(lifeos: Program, sample: Path, fault: str) -> None:
    record, message = RECORD_FAULTS[fault]
    text = json.dumps([{"id": "good"}, record, {"id": "last", "tags": 5}])
    (sample / "people_entities.json").write_text(text.replace("1e+308", "1e999"))
    message = message or "record 2 (id 'x'): confidence_score is not a finite number"
    before = snapshot(sample)
    result = lifeos("db", "migrate", "--data-dir", sample)
    assert result.returncode == 4
    assert message in result.stderr
    assert "record 3 (id 'last'): tags" in result.stderr  # every problem, not the first
    assert "2 problems" in result.stderr
    assert snapshot(sample) == before


@pytest.mark.parametrize("fault", RECORD_FAULTS)
def test_skip_bad_keeps_the_record_verbatim_and_goes_on(lifeos: Program, tmp_path: Path, fault: str) -> None:
    record, _ = RECORD_FAULTS[fault]
    text = json.dumps([{"id": "good"}, record]).replace("1e+308", "1e999")
    (tmp_path / "people_entities.json").write_text(text)
    result = lifeos("db", "migrate", "--data-dir", tmp_path, "--skip-bad", "--format", "json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["rejected"] == 1
    with closing(sqlite3.connect(tmp_path / "interactions.db")) as conn:
        ((file, place, kept),) = conn.execute("SELECT file, place, record FROM import_rejects").fetchall()
        assert conn.execute("SELECT id FROM people").fetchall() == [("good",)]
    assert file == "people_entities.json"
    assert place.startswith("record 2")
    assert repr(json.loads(kept)) == repr(json.loads(text)[1])  # by repr, because NaN equals nothing


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "must be a JSON object of merged id to survivor id, not an array"),
        ('{"a": 3}', "key 'a': survivor id must be a string or null, not a number"),
        ('{"a": null}', "key 'a': survivor id must be a non-empty string"),
        ('{"": "a"}', "key '': merged id must be a non-empty string"),
    ],
)
def test_a_bad_merge_map(lifeos: Program, sample: Path, content: str, message: str) -> None:
    (sample / "merged_person_ids.json").write_text(content)
    before = snapshot(sample)
    result = lifeos("db", "migrate", "--data-dir", sample)
    assert result.returncode == 4
    assert f"merged_person_ids.json: {message}" in result.stderr
    assert snapshot(sample) == before


def test_a_bad_relationship_keeps_its_number_and_its_words(sample: Path) -> None:
    pairs = [
        {"id": 7},
        {"id": "r", "person_a_id": "z", "person_b_id": "q"},
        {"id": "r", "person_a_id": "y", "person_b_id": "b"},
    ]
    (sample / "relationships.json").write_text(json.dumps(pairs))
    report = lifeos_db.migrate(sample, skip_bad=True)
    assert report.rejected == 2
    with closing(sqlite3.connect(sample / "interactions.db")) as conn:
        rejects = conn.execute("SELECT place, record FROM import_rejects ORDER BY id").fetchall()
    assert [place for place, _ in rejects] == ["record 1", "record 3 (id 'r')"]
    assert [json.loads(record) for _, record in rejects] == [pairs[0], pairs[2]]
    assert any("1 pair(s) turned" in warning for warning in report.warnings)


def test_a_broken_crm_db_is_named_beside_every_other_problem(lifeos: Program, sample: Path) -> None:
    (sample / "relationships.json").unlink()
    (sample / "crm.db").write_bytes(b"junk" * 500)
    (sample / "people_entities.json").write_text('[{"name": "no id"}]')
    result = lifeos("db", "migrate", "--data-dir", sample)
    assert result.returncode == 4
    assert "crm.db" in result.stderr
    assert "people_entities.json: record 1: has no id" in result.stderr


def test_a_relationship_of_nobody(lifeos: Program, sample: Path) -> None:
    (sample / "relationships.json").write_text('[{"id": "r", "person_a_id": "a"}]')
    result = lifeos("db", "migrate", "--data-dir", sample)
    assert result.returncode == 4
    assert "relationships.json: record 1 (id 'r'): has no person_a_id or no person_b_id" in result.stderr


@pytest.mark.parametrize("content", [b"a text, and no database" * 40, b"SQLite format 3\x00" + b"\xff" * 4096])
@pytest.mark.parametrize("name", ["interactions.db", "crm.db"])
def test_a_database_that_is_none(lifeos: Program, sample: Path, name: str, content: bytes) -> None:
    (sample / name).write_bytes(content)
    (sample / "relationships.json").unlink()
    before = snapshot(sample)
    result = lifeos("db", "migrate", "--data-dir", sample)
    assert result.returncode == 4
    assert name in result.stderr
    assert "Traceback" not in result.stderr
    assert snapshot(sample) == before


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("ALTER TABLE interactions DROP COLUMN snippet", "table interactions lacks the columns snippet"),
        ("CREATE TABLE people (whatever)", "there already is a table people"),
    ],
)
def test_a_database_of_another_kind(sample: Path, statement: str, message: str) -> None:
    with closing(sqlite3.connect(sample / "interactions.db")) as conn:
        conn.execute(statement)
    before = snapshot(sample)
    with pytest.raises(lifeos_db.LifeosError, match=message):
        lifeos_db.migrate(sample)
    assert snapshot(sample) == before


@pytest.mark.parametrize("skip_bad", [False, True])
def test_a_damaged_index_is_not_taken_along(lifeos: Program, sample: Path, skip_bad: bool) -> None:
    """One bit of an id is flipped where the index has it: the table would be read, and counted, by that index."""
    with closing(sqlite3.connect(sample / "interactions.db")) as conn:
        (identity,) = conn.execute("SELECT id FROM interactions LIMIT 1").fetchone()
    data = bytearray((sample / "interactions.db").read_bytes())
    assert data.count(identity.encode()) == 2  # in the table and in its key
    data[data.rindex(identity.encode())] ^= 1
    (sample / "interactions.db").write_bytes(data)
    before = snapshot(sample)
    result = lifeos("db", "migrate", "--data-dir", sample, *(["--skip-bad"] if skip_bad else []))
    assert result.returncode == 4
    assert "interactions.db: damaged: row" in result.stderr
    assert "run REINDEX on it" in result.stderr
    assert snapshot(sample) == before
    with closing(sqlite3.connect(sample / "interactions.db")) as conn:
        conn.execute("REINDEX")
    assert lifeos_db.migrate(sample).status == "migrated"


def test_a_table_that_only_its_own_program_can_read_stops_no_migration(sample: Path) -> None:
    """Its index is in a collation that nobody else knows."""
    with closing(sqlite3.connect(sample / "interactions.db")) as conn:
        conn.create_collation("own", lambda one, other: (one > other) - (one < other))
        conn.execute("CREATE TABLE own (word TEXT COLLATE own UNIQUE)")
        conn.execute("INSERT INTO own VALUES ('b'), ('a')")
        conn.commit()
    assert lifeos_db.migrate(sample).status == "migrated"


@pytest.mark.parametrize("command", ["migrate", "verify", "export", "import", "duplicates"])
def test_a_schema_that_is_no_text(lifeos: Program, migrated: Path, command: str) -> None:
    """SQLite quotes it in its message, which sqlite3 then cannot read."""
    with closing(sqlite3.connect(migrated / "interactions.db")) as conn:
        conn.execute("PRAGMA writable_schema = ON")
        conn.execute("UPDATE sqlite_master SET name = CAST(x'ff' AS TEXT), sql = 'CREATE' WHERE type = 'view'")
        conn.commit()
    before = snapshot(migrated)
    result = lifeos("db", command, "--data-dir", migrated)
    assert result.returncode == 4
    assert "not a readable SQLite database (malformed database schema)" in result.stderr
    assert snapshot(migrated) == before
    with pytest.raises(lifeos_db.LifeosError, match="malformed database schema"), lifeos_db.session(migrated):
        pass


def test_a_database_of_a_newer_version_is_not_touched(lifeos: Program, migrated: Path) -> None:
    with closing(sqlite3.connect(migrated / "interactions.db")) as conn:
        conn.execute("PRAGMA user_version = 99")
    before = snapshot(migrated)
    for command in ("migrate", "verify", "export"):
        result = lifeos("db", command, "--data-dir", migrated)
        assert result.returncode == 4
        assert "newer than this program knows" in result.stderr
    assert snapshot(migrated) == before


@pytest.mark.parametrize("command", [("verify",), ("export",), ("export", "--check"), ("verify", "--fix")])
def test_commands_before_migrate_say_so(lifeos: Program, sample: Path, command: tuple[str, ...]) -> None:
    before = snapshot(sample)
    result = lifeos("db", *command, "--data-dir", sample)
    assert result.returncode == 4
    assert result.stderr.splitlines() == [
        f"lifeos: {sample}/interactions.db: not migrated yet (legacy schema)",
        "Run 'lifeos db migrate --dry-run' to see what it would do, then 'lifeos db migrate'.",
    ]
    assert snapshot(sample) == before


@pytest.mark.parametrize("command", ["verify", "export"])
def test_no_database(lifeos: Program, tmp_path: Path, command: str) -> None:
    result = lifeos("db", command, "--data-dir", tmp_path)
    assert result.returncode == 4
    assert "no such database" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["migrate", "verify", "export"])
def test_no_directory(lifeos: Program, tmp_path: Path, command: str) -> None:
    result = lifeos("db", command, "--data-dir", tmp_path / "typo")
    assert result.returncode == 4
    assert "no such directory" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_broken_crm_db_that_nobody_needs_is_kept_and_stops_nothing(sample: Path, dry_run: bool) -> None:
    (sample / "crm.db").write_bytes(b"junk" * 500)
    report = lifeos_db.migrate(sample, dry_run=dry_run)
    if report.backup:
        assert (Path(report.backup) / "crm.db").read_bytes() == b"junk" * 500


def test_a_dry_run_names_the_directory_not_its_copy(lifeos: Program, sample: Path) -> None:
    with closing(sqlite3.connect(sample / "interactions.db")) as conn:
        conn.execute("CREATE TABLE people (whatever)")
    (sample / "relationships.json").unlink()
    (sample / "crm.db").write_bytes(b"junk" * 500)
    result = lifeos("db", "migrate", "--data-dir", sample, "--dry-run")
    assert result.returncode == 4
    assert f"{sample}/crm.db" in result.stderr
    assert "dry-run-" not in result.stderr


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE interactions (id TEXT PRIMARY KEY, person_id, timestamp, source_type, title, snippet, "
        "source_link, source_id, created_at, source_account, attendee_count) WITHOUT ROWID",
        "CREATE VIEW interactions AS SELECT 1 AS id, 2 AS person_id, 3 AS timestamp, 4 AS source_type, 5 AS title, "
        "6 AS snippet, 7 AS source_link, 8 AS source_id, 9 AS created_at",
    ],
)
def test_interactions_without_rowids_are_refused(tmp_path: Path, statement: str) -> None:
    with closing(sqlite3.connect(tmp_path / "interactions.db")) as conn:
        conn.execute(statement)
    with pytest.raises(lifeos_db.LifeosError, match="has no rowid"):
        lifeos_db.migrate(tmp_path)


def test_a_symlink_to_nothing_is_not_removed(sample: Path) -> None:
    """The database on a volume that is not mounted."""
    (sample / "interactions.db").unlink()
    (sample / "interactions.db").symlink_to(sample / "away" / "interactions.db")
    with pytest.raises(lifeos_db.LifeosError, match="unable to open"):
        lifeos_db.migrate(sample)
    assert (sample / "interactions.db").is_symlink()


def test_an_empty_backups_folder_stays_when_a_migration_fails(sample: Path) -> None:
    (sample / "backups").mkdir()
    with pytest.raises(lifeos_db.LifeosError):
        lifeos_db.migrate(sample, owner="nobody")
    assert list((sample / "backups").iterdir()) == []


def test_a_name_cannot_command_the_terminal(lifeos: Program, tmp_path: Path) -> None:
    (tmp_path / "people_entities.json").write_text(
        json.dumps([{"id": "a", "canonical_name": "\x1b[31mred\x07\u202e", "email_count": 5}])
    )
    result = lifeos("db", "migrate", "--data-dir", tmp_path)
    assert result.returncode == 0
    assert "\\x1b[31mred\\x07\\u202e" in result.stdout
    assert "\x1b" not in result.stdout + result.stderr

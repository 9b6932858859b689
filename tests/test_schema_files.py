"""schema/ is the product: every file says what it is, runs anywhere, and is what a migrated database has."""

from __future__ import annotations

import fnmatch
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import lifeos_db
from lifeos_db.schema_objects import SCHEMA_VERSION, SchemaObject, differences, expected_objects, normalise
from tests.conftest import PLANTED, add_interaction
from tests.recount import assert_exact

SCHEMA = Path(__file__).parent.parent / "schema"
FILES = sorted(SCHEMA.rglob("*.sql"))
ours = pytest.mark.parametrize("item", expected_objects(), ids=lambda item: item.name)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_is_one_object_named_after_it_with_a_header(file: Path) -> None:
    text = file.read_text()
    assert text.startswith("-- ")
    kind = {"tables": "TABLE", "indexes": "INDEX", "views": "VIEW", "triggers": "TRIGGER"}[file.parent.name]
    assert re.findall(r"^CREATE (\w+) (\w+)", text, re.MULTILINE) == [(kind, file.stem)]
    assert text.endswith(";\n")
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("table", [item.name for item in expected_objects() if item.type == "table"])
def test_the_header_of_a_table_names_the_triggers_that_write_it(table: str) -> None:
    """In "Kept true by:", all of them and no other: as files, where * stands for any text.

    Or by the tables that they are on: "the triggers on a, b and c" is for a table that nearly all of them write.
    """
    written = re.compile(rf"\b(?:INSERT (?:OR \w+ )?INTO|UPDATE(?: OR \w+)?|DELETE FROM) {table}\b")
    triggers = {item.name: item for item in expected_objects() if item.type == "trigger"}
    writers = {name for name, item in triggers.items() if written.search(normalise(item.sql).split(" BEGIN ", 1)[1])}
    head = (SCHEMA / "tables" / f"{table}.sql").read_text().split("\nCREATE ")[0]
    kept = re.search(r"^-- Kept true by: (.*?)(?=^-- \S|\Z)", head, re.MULTILINE | re.DOTALL)
    told = re.sub(r"\n--\s+", " ", kept[1]) if kept else ""
    named: set[str] = set()
    for pattern in re.findall(r"([\w*]+)\.sql", told):
        found = set(fnmatch.filter(triggers, pattern))
        assert found, pattern
        assert found <= writers, pattern
        named |= found
    for names in re.findall(r"the triggers on ((?:\w+, )*\w+(?: and \w+)?)", told):
        for name in re.split(", | and ", names):
            found = {writer for writer in writers if triggers[writer].table == name}
            assert found, name
            named |= found
    assert named == writers


@ours
def test_it_runs_on_replicas_and_on_any_client(item: SchemaObject) -> None:
    """No clock, no chance, no double-quoted text, no functions that a client would have to bring.

    created_at of the legacy table is the one old default that stays.
    """
    tokens = normalise(item.sql).lower()
    words = {"random", "randomblob", "now", "localtime", "current_date", "current_time", "current_timestamp"}
    words |= {"json", "load_extension", "last_insert_rowid", "changes", "total_changes", "sqlite_version"}
    if item.name == "interactions":
        words.remove("current_timestamp")
    assert not words & set(re.findall(r"\w+", tokens))
    # Without a time, these too ask the clock.
    assert not re.search(r"\b(date|time|datetime|julianday|unixepoch) \( \)|\bstrftime \( '[^']*' \)", tokens)
    assert '"' not in re.sub("'[^']*'", "", tokens)


@ours
def test_it_prepares_without_anything_but_sqlite(item: SchemaObject) -> None:
    assert sqlite3.complete_statement(item.sql + ";")


def test_a_migrated_database_is_the_schema(migrated: Path) -> None:
    """So the text of the steps in migrations/ and that of schema/tables/ are the same."""
    with closing(sqlite3.connect(migrated / "interactions.db")) as conn:
        assert differences(conn) == []
        assert conn.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


@pytest.mark.parametrize(
    "pragma", ["case_sensitive_like = ON", "trusted_schema = OFF", "reverse_unordered_selects = ON"]
)
def test_a_client_may_set_what_it_likes(migrated: Path, pragma: str) -> None:
    """Before its first statement, too: case_sensitive_like replaces a function, which no column may then call."""
    with closing(sqlite3.connect(migrated / "interactions.db", isolation_level=None)) as conn:
        conn.execute(f"PRAGMA {pragma}")
        add_interaction(conn, "new", PLANTED["me"])
        conn.execute("UPDATE relationships SET shared_contexts = '[\"linkedin\"]'")
        assert_exact(conn)
        assert conn.execute("SELECT * FROM relationship_count_drift").fetchall() == []


@pytest.mark.parametrize("number", ["-9223372036854775808", "-99999999999999999999", "9223372036854775807", "-1", "0"])
def test_a_limit_of_any_size(migrated: Path, number: str) -> None:
    """No row is refused for it."""
    with closing(sqlite3.connect(migrated / "interactions.db", isolation_level=None)) as conn:
        conn.execute("INSERT OR REPLACE INTO settings (key, value) VALUES ('max_context_people', ?)", (number,))
        conn.execute("DELETE FROM interactions WHERE source_type = 'calendar' AND rowid % 2")
        conn.execute("UPDATE interactions SET person_id = ? WHERE source_type = 'calendar'", (PLANTED["me"],))
        assert conn.execute("SELECT * FROM relationship_count_drift").fetchall() == []
        conn.execute("DELETE FROM interactions WHERE source_type = 'calendar'")
        assert conn.execute("SELECT * FROM relationship_count_drift").fetchall() == []


def test_an_empty_directory_becomes_the_same_schema(tmp_path: Path) -> None:
    lifeos_db.migrate(tmp_path)
    with closing(sqlite3.connect(tmp_path / "interactions.db")) as conn:
        assert differences(conn) == []


def test_the_version_is_the_number_of_the_last_step() -> None:
    steps = sorted(path.name for path in (SCHEMA.parent / "migrations").glob("m0*.py"))
    assert [int(name[1:5]) for name in steps] == list(range(1, SCHEMA_VERSION + 1))


@pytest.mark.parametrize("view", [item.name for item in expected_objects() if item.type == "view"])
def test_no_view_comes_near_the_most_tables_that_a_statement_may_name(db: sqlite3.Connection, view: str) -> None:
    """A table that a view names counts again wherever the view is named; SQLite 3.54 refuses a thousand."""
    opened = [row[2] for row in db.execute(f"EXPLAIN SELECT * FROM {view}") if row[1].startswith("Open")]
    assert 0 < max(opened) < 500


@pytest.mark.parametrize("name", ["before_insert", "after_insert", "before_update", "after_update", "after_delete"])
def test_no_trigger_that_an_insert_sets_off_calls_a_function(name: str) -> None:
    """With one, SQLite keeps a statement journal even for INSERT OR IGNORE, which doubles its time.

    coalesce is compiled into the statement and is no call; an UPDATE of interactions sets off what it may fire too.
    """
    for file in (f"interactions_{name}", "replace_notes_after_update"):
        sql = next(item.sql for item in expected_objects() if item.name == file)
        called = set(re.findall(r"([a-z]\w*) \(", normalise(sql)))  # keywords are upper case
        assert called <= {"coalesce", "replace_notes", "merged_interactions"}  # two are tables, before their columns


def test_the_two_update_triggers_have_the_same_condition() -> None:
    """A settling without its clearing would settle somebody else's notes."""
    before, after = (
        re.search(r"WHEN (.*?)BEGIN", (SCHEMA / "triggers" / f"interactions_{name}_update.sql").read_text(), re.DOTALL)
        for name in ("before", "after")
    )
    assert before is not None
    assert after is not None
    assert before.group(1) == after.group(1)


def test_people_has_a_column_for_every_legacy_key_and_its_metadata_trigger_lists_all_but_the_counts() -> None:
    from lifeos_db.legacy_form import COUNT_KEYS, PERSON_KEYS

    with closing(sqlite3.connect(":memory:")) as conn:
        conn.execute(next(item.sql for item in expected_objects() if item.name == "people"))
        columns = {row[1] for row in conn.execute("PRAGMA table_info(people)")}
    assert columns == {key.name for key in PERSON_KEYS} | {"extra"}
    for name in ("people_after_update", "people_after_update_counts"):
        sql = next(item.sql for item in expected_objects() if item.name == name)
        listed = re.search(r"UPDATE OF(.*?)ON people", sql, re.DOTALL)
        assert listed is not None
        assert {word.strip() for word in listed.group(1).split(",")} == columns - set(COUNT_KEYS)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("CREATE  TRIGGER t\n-- why\nBEGIN SELECT 1 ; END;", "CREATE TRIGGER t BEGIN SELECT 1; END", True),
        ("CREATE VIEW v AS SELECT '--  x'", "CREATE VIEW v AS SELECT '-- x'", False),
        ("CREATE INDEX i ON t(a,b)", "CREATE INDEX i ON t (a, b)", True),
        ("CREATE INDEX i ON t(a,b)", "CREATE INDEX i ON t(b,a)", False),
    ],
)
def test_definitions_are_compared_by_their_tokens(one: str, other: str, same: bool) -> None:
    assert (normalise(one) == normalise(other)) is same

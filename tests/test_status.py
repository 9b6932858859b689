"""lifeos db status: one screen, the line to act on first, read-only, whatever state the directory is in."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import lifeos_db
from lifeos_db.schema_objects import SCHEMA_VERSION, expected
from tests.conftest import PLANTED, Program, add_interaction, snapshot
from tests.terminal import on_terminal, widest, without_colour


def run_sql(directory: Path, *statements: str) -> None:
    with closing(sqlite3.connect(directory / "interactions.db")) as conn:
        for statement in statements:
            conn.execute(statement)
        conn.commit()


@pytest.fixture
def tidy(migrated: Path) -> Path:
    """The sample, without the orphans that were planted, and exported."""
    run_sql(migrated, "DELETE FROM interactions WHERE id IN (SELECT id FROM orphan_interactions)")
    lifeos_db.export(migrated)
    return migrated


def first_line(lifeos: Program, directory: Path) -> str:
    result = lifeos("db", "status", "--data-dir", directory)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.splitlines()[0]


def numbers(directory: Path) -> dict[str, Any]:
    return lifeos_db.status(directory).to_dict()


def test_where_all_is_well_it_says_that_there_is_nothing_to_do(lifeos: Program, tidy: Path) -> None:
    assert first_line(lifeos, tidy) == "ok: nothing to do"


@pytest.mark.parametrize(
    ("damage", "expected_line"),
    [
        (
            "DROP TRIGGER interactions_after_insert",
            "schema: .* trigger interactions_after_insert is missing -> .* --fix",
        ),
        ("UPDATE people SET email_count = 99 WHERE id = '{me}'", "drift: 1 count of 1 person is wrong -> .* --fix"),
        (
            "INSERT INTO import_conflicts (kind, record_id, reason, found_at) VALUES ('person', 'x', 'y', 'z')",
            "warn: 1 conflict of imports is waiting for you -> read .* import_conflicts",
        ),
        (
            "INSERT INTO import_rejects (file, place, problem, record, rejected_at) VALUES ('f', '1', 'p', 'r', 'z')",
            "warn: 1 record could not be imported -> correct .* import_rejects",
        ),
        (
            "UPDATE people SET company = 'New' WHERE id = '{me}'",
            "warn: the JSON files are older .* -> lifeos db export",
        ),
        (
            "DELETE FROM settings WHERE key = 'owner_id'",
            "warn: .*nobody is the owner.* -> lifeos db migrate --owner ID",
        ),
    ],
)
def test_the_line_to_act_on_comes_first(lifeos: Program, tidy: Path, damage: str, expected_line: str) -> None:
    run_sql(tidy, damage.format(me=PLANTED["me"]))
    if "owner" in damage:
        lifeos_db.export(tidy)
    line = first_line(lifeos, tidy)
    assert re.fullmatch(expected_line, line), line


def test_of_several_things_the_worst_comes_first(lifeos: Program, migrated: Path) -> None:
    run_sql(
        migrated, "DROP VIEW person_activity", "UPDATE people SET email_count = 99 WHERE id = '" + PLANTED["me"] + "'"
    )
    with (migrated / "people_entities.json").open("a") as file:
        file.write("\n")
    commands = [action["command"] for action in numbers(migrated)["actions"]]
    fix = "lifeos db verify --fix"
    assert commands == [fix, fix, "lifeos db import", "lifeos db orphans"]
    shown = lifeos("db", "status", "--data-dir", migrated).stdout
    assert shown.startswith("schema: ")
    assert all(f"-> {command}" in shown for command in commands)
    assert "people_entities.json: changed by another program since the export of " in shown


def test_the_numbers_are_those_of_the_database(tidy: Path) -> None:
    found = numbers(tidy)
    with closing(sqlite3.connect(tidy / "interactions.db")) as conn:

        def one(query: str) -> Any:
            return conn.execute(query).fetchone()[0]

        assert found["people"] == one("SELECT count(*) FROM people")
        assert found["hidden"] == one("SELECT count(*) FROM people WHERE hidden = 1") > 0
        assert found["interactions"] == one("SELECT count(*) FROM interactions")
        assert found["merges"] == one("SELECT count(*) FROM person_merges") > 0
        sources = {item["source_type"]: item["interactions"] for item in found["sources"]}
        assert sources == dict(conn.execute("SELECT source_type, count(*) FROM interactions GROUP BY source_type"))
    assert (found["drift"], found["orphans"], found["conflicts"], found["rejects"]) == (0, 0, 0, 0)
    assert found["schema_version"] == SCHEMA_VERSION
    assert found["triggers"] == found["triggers_expected"] == len(expected("trigger"))
    assert found["owner_id"] == PLANTED["me"]
    assert found["sqlite_version"] == sqlite3.sqlite_version
    assert found["sizes"]["interactions.db"] == (tidy / "interactions.db").stat().st_size
    assert found["last_backup"] is None  # the fixture migrates without one


def test_it_says_when_each_source_came_in_last(lifeos: Program, migrated: Path) -> None:
    """Up to now by the program's clock, not by settings.as_of, and by true instants; future rows are left out."""
    now = datetime.now(timezone.utc)
    row = "INSERT INTO interactions (id, person_id, timestamp, source_type, title) VALUES ('{}', '{}', '{}', '{}', '')"
    east = timezone(timedelta(hours=9))
    for identity, source, moment in (
        ("a", "whatsapp", now - timedelta(days=3, minutes=5)),
        ("b", "sms", (now - timedelta(hours=2, minutes=5)).astimezone(east)),
        ("c", "sms", now - timedelta(hours=4)),
        ("d", "calendar", now + timedelta(days=400)),
        ("e", "fax", now + timedelta(days=1)),
    ):
        run_sql(migrated, row.format(identity, PLANTED["me"], moment.isoformat(), source))
    lines = lifeos("db", "status", "--data-dir", migrated).stdout.splitlines()
    told = {words[0]: line for line in lines if (words := line.split())}
    assert told["whatsapp"].endswith("last 3 days ago, counts as message")
    assert told["sms"].endswith("last 2 hours ago, counts as message")
    assert re.search(r"last \d+ months ago, counts as meeting$", told["calendar"])
    assert told["fax"].endswith("none dated up to now, unknown type")


def test_it_names_the_newest_backup_of_the_database(lifeos: Program, sample: Path) -> None:
    lifeos_db.migrate(sample)
    (made,) = (sample / "backups").iterdir()
    shutil.copytree(made, sample / "backups" / ".partial-backup")
    shown = lifeos("db", "status", "--data-dir", sample).stdout
    assert re.search(rf"^backup +(just now|1 minute ago): backups/{made.name}$", shown, re.MULTILINE)
    assert re.search(r"^schema +\d+ .*; migrated (just now|1 minute ago)$", shown, re.MULTILINE)
    assert re.search(r"^exports +fresh +written (just now|1 minute ago)$", shown, re.MULTILINE)


def test_it_looks_at_what_is_left_of_a_damaged_schema(lifeos: Program, tidy: Path) -> None:
    run_sql(tidy, "DROP TABLE import_conflicts", "DROP TABLE exports", "DROP VIEW person_counts")
    found = numbers(tidy)
    assert (found["status"], found["conflicts"], found["exports"], found["drift"]) == ("schema", None, None, 0)
    assert first_line(lifeos, tidy).startswith("schema: ")


@pytest.mark.parametrize("state", ["no directory", "no database", "legacy", "no SQLite"])
def test_where_there_is_nothing_to_look_at_it_says_what_to_do(lifeos: Program, sample: Path, state: str) -> None:
    directory = sample
    if state == "no directory":
        directory = sample / "nowhere"
    elif state == "no database":
        (sample / "interactions.db").unlink()
    elif state == "no SQLite":
        (sample / "interactions.db").write_text("this is a text" * 100)
    result = lifeos("db", "status", "--data-dir", directory)
    assert (result.returncode, result.stdout) == (4, "")
    assert len(result.stderr.splitlines()) == 2
    assert ("lifeos db migrate" in result.stderr) == (state in ("no database", "legacy"))


@pytest.mark.parametrize("command", [["status"], ["people"], ["show", PLANTED["me"], "--titles"]])
def test_looking_leaves_no_trace(lifeos: Program, migrated: Path, command: list[str]) -> None:
    before = snapshot(migrated)
    for format in ("text", "json"):
        assert lifeos("db", *command, "--data-dir", migrated, "--format", format).returncode == 0
    assert snapshot(migrated) == before


@pytest.mark.parametrize("command", [["status"], ["people", "--limit", "9"], ["show", PLANTED["me"], "--titles"]])
def test_on_a_terminal_it_fits_and_has_colour_unless_that_is_not_wanted(migrated: Path, command: list[str]) -> None:
    words = ["db", *command, "--data-dir", migrated]
    shown = on_terminal(80, *words)
    assert "\x1b[" in shown
    assert widest(shown) <= 80
    plain = on_terminal(80, *words, NO_COLOR="1")
    assert "\x1b" not in plain
    assert at_any_time(plain) == at_any_time(without_colour(shown))


def test_it_is_one_screen_whatever_source_types_there_are(migrated: Path) -> None:
    """Of 24 lines, one of them for the prompt: the line to act on must not scroll away."""
    shown = without_colour(on_terminal(80, "db", "status", "--data-dir", migrated)).splitlines()
    assert shown[0].startswith("warn: 15 interactions")
    assert shown[-1].startswith("SQLite ")
    assert len(shown) <= 22
    with closing(sqlite3.connect(migrated / "interactions.db", isolation_level=None)) as conn:
        for number in range(150):
            add_interaction(conn, f"new{number}", PLANTED["me"], f"type{number}")
    shown = without_colour(on_terminal(200, "db", "status", "--data-dir", migrated)).splitlines()
    assert any(re.fullmatch(r"  type0 +1  last .* ago, unknown type *", line) for line in shown)
    assert any(line.rstrip().endswith("148 source types with less") for line in shown)
    assert shown[-1].startswith("also: type0, type1, type10 and 147 more: in no count")
    assert len(shown) <= 30


@pytest.mark.parametrize("command", [["status"], ["people"], ["show", PLANTED["me"]]])
def test_in_a_pipe_there_is_no_colour_and_json_is_all_of_stdout(
    lifeos: Program, migrated: Path, command: list[str]
) -> None:
    words = ["db", *command, "--data-dir", migrated]
    text = lifeos(*words, FORCE_COLOR="1", COLUMNS="40", TERM="xterm-256color").stdout
    assert "\x1b" not in text
    assert "…" not in text
    assert not re.search(r" $", text, re.MULTILINE)
    result = lifeos(*words, "--format", "json")
    assert isinstance(json.loads(result.stdout), dict)
    assert result.stderr == ""


def test_every_json_field_is_documented(migrated: Path) -> None:
    page = (Path(__file__).parent.parent / "docs" / "cli-promises.md").read_text()
    documents: dict[str, dict[str, Any]] = {
        "status": numbers(migrated),
        "people": lifeos_db.people(migrated).to_dict(),
        "show": lifeos_db.profile(migrated, PLANTED["me"]).to_dict(),
    }
    for command, document in documents.items():
        section = page.split(f"## JSON of `{command} --format json`")[1].split("\n## ")[0]
        missing = [name for name in names_in(document) if f"`{name}`" not in section]
        assert missing == [], command


def at_any_time(text: str) -> str:
    """Without what the clock says: a minute may have passed between two runs."""
    return re.sub(" +", " ", re.sub(r"just now|\d+ \w+ ago", "ago", text))


def names_in(value: Any) -> set[str]:
    """Every key of a document, but those that are data: counters and file names."""
    if isinstance(value, list):
        return set().union(*map(names_in, value))
    if not isinstance(value, dict):
        return set()
    inner = [names_in(item) for key, item in value.items() if key not in ("counts", "sizes")]
    return set(value).union(*inner)

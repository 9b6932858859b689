"""The way out and back: a legacy directory that has lost nothing, and the same state again after migrate."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lifeos_db
from lifeos_db import backup, ejecting
from lifeos_db.directory import EXPORT_FILES
from lifeos_db.errors import BadValue, CountsWrong, KeepsChanging, SchemaDamaged, UnexpectedTable
from lifeos_db.schema_objects import expected_objects
from tests.circle import make_circle, opened
from tests.conftest import DATA, PLANTED, Program, add_interaction, snapshot
from tests.recount import assert_exact
from tests.test_merge_killed import killed_at

LEGACY_INDEXES = {
    "idx_interactions_person_timestamp": ["person_id", "timestamp"],
    "idx_interactions_source": ["source_type", "source_id"],
    "idx_interactions_timestamp": ["timestamp"],
}
MERGES = 2
EVERY_INTERACTION = "SELECT rowid, * FROM interactions ORDER BY rowid"
# What a directory says, beyond the files: all that the legacy form can hold, and what the backup brings back. merged_at
# has no place, and what was written down about people who are gone goes with them.
STATE = {
    "people": "SELECT id, canonical_name, emails, phone_numbers, sources, tags, notes, hidden, hidden_at, "
    "hidden_reason, category, birthday, email_count, meeting_count, mention_count, message_count, extra "
    "FROM people ORDER BY rowid",
    "interactions": EVERY_INTERACTION,
    "merges": "SELECT merged_id, survivor_id FROM person_merges ORDER BY rowid",
    "relationships": "SELECT id, person_a_id, person_b_id, relationship_type, shared_contexts, shared_events_count, "
    "shared_threads_count, shared_messages_count, is_linkedin_connection, created_at, updated_at, extra "
    "FROM relationships ORDER BY 2, 3",
    "records": "SELECT id, person_a_id, person_b_id, coalesce(is_linkedin_connection, 0) "
    "FROM relationship_records WHERE person_a_id IN (SELECT id FROM people) AND person_b_id IN (SELECT id FROM people) "
    "ORDER BY rowid",
    "contacts": "SELECT * FROM person_contacts ORDER BY 1, 2, 3",
    "blocked": "SELECT * FROM blocked_contacts ORDER BY 1, 2, 3",
    "owner": "SELECT value FROM settings WHERE key = 'owner_id' "
    "AND value IN (SELECT id FROM people UNION SELECT merged_id FROM person_merges)",
    "members": "SELECT kind, key, person_id, rows FROM evidence_members JOIN evidence_people ON number = person "
    "ORDER BY 1, 2, 3",
    "schema": "SELECT type, name, tbl_name FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY 1, 2",
}


def state(directory: Path) -> dict[str, Any]:
    with opened(directory) as conn:
        found: dict[str, Any] = {name: conn.execute(query).fetchall() for name, query in STATE.items()}
    return found | {name: (directory / name).read_bytes() for name in EXPORT_FILES}


def schema(directory: Path) -> dict[str, str]:
    with opened(directory) as conn:
        return dict(conn.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))


def assert_legacy(directory: Path) -> None:
    """The table, its three indexes in their legacy columns, and the files: nothing that only we know."""
    with opened(directory) as conn:
        assert {name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE sql IS NOT NULL")} == {
            "interactions",
            *LEGACY_INDEXES,
        }
        for name, columns in LEGACY_INDEXES.items():
            assert [row[2] for row in conn.execute(f"PRAGMA index_info('{name}')")] == columns
        assert conn.execute("PRAGMA user_version").fetchone() == (0,)
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_it_is_legacy_again_and_nothing_is_lost(lifeos: Program, migrated: Path) -> None:
    before = state(migrated)
    with opened(migrated) as conn:
        wide = conn.execute("SELECT * FROM interactions ORDER BY rowid").fetchall()
    result = lifeos("db", "eject", "--data-dir", migrated)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("ejected: the directory is in the legacy form again\n")
    assert_legacy(migrated)
    with opened(migrated) as conn:
        assert conn.execute(EVERY_INTERACTION).fetchall() == before["interactions"]
        assert conn.execute("SELECT * FROM interactions ORDER BY rowid").fetchall() == wide
        # As legacy programs write: no trigger is left that would fail.
        add_interaction(conn, "later", PLANTED["me"], "slack")
        conn.execute("UPDATE interactions SET person_id = 'x' WHERE id = 'later'")
        conn.execute("DELETE FROM interactions WHERE id = 'later'")
    for name in EXPORT_FILES:
        assert (migrated / name).read_bytes() == before[name]
    (folder,) = (migrated / "backups").iterdir()
    assert folder.name.endswith("-before-eject")
    assert str(folder) in result.stdout
    with closing(sqlite3.connect(folder / "interactions.db")) as conn:
        assert conn.execute("SELECT count(*) FROM merge_records").fetchone() == (MERGES,)
    assert {path.name for path in migrated.iterdir()} == {path.name for path in (DATA / "sample-legacy").iterdir()} | {
        "backups",
        "relationships.json",
    }


def test_the_counts_in_the_files_are_right(sample: Path) -> None:
    """Those of the legacy directory were not; what an ejected one has is a plain recount of its own rows."""
    lifeos_db.migrate(sample, backup=False)
    lifeos_db.eject(sample)
    people = {record["id"]: record for record in json.loads((sample / "people_entities.json").read_text())}
    counters = {"gmail": "email", "calendar": "meeting", "vault": "mention", "granola": "mention"}
    counters |= dict.fromkeys(("imessage", "sms", "whatsapp", "slack"), "message")
    counted = {person: dict.fromkeys(("email", "meeting", "mention", "message"), 0) for person in people}
    with opened(sample) as conn:
        for person, source in conn.execute("SELECT person_id, source_type FROM interactions"):
            if person in counted and source in counters:
                counted[person][counters[source]] += 1
    assert counted == {
        person: {name: record[f"{name}_count"] for name in counted[person]} for person, record in people.items()
    }


def test_migrate_brings_it_back_to_the_same_state(lifeos: Program, migrated: Path) -> None:
    one, other = "4b0dbb41-8d52-48f1-942c-3fe860e7a113", "0a368ce7-dc57-4131-b8e1-daa7cbceabde"
    lifeos_db.merge(migrated, one, other)
    lifeos_db.hide(migrated, PLANTED["me"], reason="a test")
    with opened(migrated) as conn:
        conn.execute("UPDATE relationships SET is_linkedin_connection = 1 WHERE person_a_id = ?", (one,))
        conn.execute("UPDATE relationships SET relationship_type = 'friend' WHERE person_b_id = ?", (one,))
    lifeos_db.export(migrated)
    before = state(migrated)
    lifeos_db.eject(migrated)
    assert_legacy(migrated)
    report = lifeos_db.migrate(migrated, backup=False)
    assert (report.counts_corrected, report.merged_rows_moved, report.rejected) == (0, 0, 0)
    assert state(migrated) == before
    assert {check.name for check in lifeos_db.verify(migrated, deep=True).checks if check.found} == {"orphans"}


PEOPLE = ("ann", "bob", "cy", "dee")
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("row"), st.sampled_from(PEOPLE), st.sampled_from(("gmail", "slack", "phone", "calendar"))),
        st.tuples(st.just("merge"), st.sampled_from(PEOPLE), st.sampled_from(PEOPLE)),
        st.tuples(st.just("hide"), st.sampled_from(PEOPLE), st.just("")),
        st.tuples(st.just("linkedin"), st.sampled_from(PEOPLE), st.sampled_from(PEOPLE)),
        st.tuples(
            st.just("notes"), st.sampled_from(PEOPLE), st.text(st.characters(codec="utf-8", exclude_characters="\0"))
        ),
        st.tuples(st.just("delete"), st.sampled_from(PEOPLE), st.just("")),
    ),
    max_size=8,
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES)
def test_out_and_in_again_is_the_same_whatever_was_done_before(
    circle: Path, tmp_path_factory: pytest.TempPathFactory, changes: Sequence[tuple[str, str, str]]
) -> None:
    directory = Path(shutil.copytree(circle, tmp_path_factory.mktemp("round") / "data"))
    for number, (what, one, other) in enumerate(changes):
        a, b = sorted((one, other))
        try:
            if what == "merge":
                lifeos_db.merge(directory, one, other)
                continue
            with opened(directory) as conn:
                if what == "row":
                    add_interaction(conn, f"x{number}", one, other, source_id=f"event{number % 2}:{one}")
                elif what == "hide":
                    conn.execute("UPDATE people SET hidden = 1 WHERE id = ?", (one,))
                elif what == "notes":
                    conn.execute("UPDATE people SET notes = ? WHERE id = ?", (other, one))
                elif what == "delete":
                    conn.execute("DELETE FROM people WHERE id = ?", (one,))
                else:
                    conn.execute(
                        "INSERT INTO relationships (id, person_a_id, person_b_id, is_linkedin_connection) "
                        "VALUES (?, ?, ?, 1)",
                        (f"r{number}", a, b),
                    )
        except (sqlite3.IntegrityError, lifeos_db.LifeosError):
            pass  # two who are one, or a pair that is there
    lifeos_db.export(directory)
    before = state(directory)
    lifeos_db.eject(directory)
    assert_legacy(directory)
    lifeos_db.migrate(directory, backup=False)
    after = state(directory)
    # Whose flag was set by plain SQL has nothing blocked; migrate takes every hidden person for hidden in earnest.
    del before["blocked"], after["blocked"]
    assert after == before
    with opened(directory) as conn:
        assert_exact(conn)


@pytest.fixture(scope="module")
def circle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four people who met, one of them the owner."""
    directory = make_circle(
        tmp_path_factory.mktemp("eject") / "data",
        {"ann": {"category": "self"}, "bob": {"emails": '["b@x"]'}, "cy": {}, "dee": {"tags": '["déjà"]'}},
        [(f"{who}-{number}", who, "gmail") for who in PEOPLE for number in range(2)],
        [("ann", "cy", {}), ("bob", "cy", {"relationship_type": "friend", "created_at": "2024-01-01"})],
    )
    lifeos_db.migrate(directory, owner="ann")
    return directory


def test_pending_edits_of_the_files_are_taken_in_first(lifeos: Program, migrated: Path) -> None:
    people = json.loads((migrated / "people_entities.json").read_text())
    people[0]["notes"] = "written by a legacy program"
    (migrated / "people_entities.json").write_text(json.dumps(people, indent=2))
    with opened(migrated) as conn:
        add_interaction(conn, "late", people[1]["id"], "slack")
    before = snapshot(migrated)
    dry = lifeos("db", "eject", "--dry-run", "--data-dir", migrated)
    assert "edits of people_entities.json come in first" in dry.stdout
    assert snapshot(migrated) == before
    result = lifeos("db", "eject", "--data-dir", migrated)
    assert "edits of people_entities.json came in first" in result.stdout
    assert_legacy(migrated)
    now = json.loads((migrated / "people_entities.json").read_text())
    assert now[0]["notes"] == "written by a legacy program"
    assert now[1]["message_count"] == people[1]["message_count"] + 1


def test_a_dry_run_says_what_the_run_says_and_changes_nothing(lifeos: Program, migrated: Path) -> None:
    before = snapshot(migrated)
    dry = lifeos("db", "eject", "--dry-run", "--data-dir", migrated)
    assert dry.returncode == 0, dry.stderr
    assert snapshot(migrated) == before
    real = lifeos("db", "eject", "--data-dir", migrated)
    assert real.stdout.splitlines()[1:-2] == dry.stdout.splitlines()[1:]
    again = lifeos("db", "eject", "--data-dir", migrated)
    assert (again.returncode, again.stdout) == (0, "nothing to do: this directory is in the legacy form\n")


@pytest.mark.parametrize(
    ("damage", "message"),
    [("{", "not JSON"), ("[]", "has only 0"), ('[{"id": 5}]', "id must be")],
)
def test_a_dry_run_refuses_what_the_run_would_refuse(
    lifeos: Program, migrated: Path, damage: str, message: str
) -> None:
    (migrated / "people_entities.json").write_text(damage)
    before = snapshot(migrated)
    results = [lifeos("db", "eject", *words, "--data-dir", migrated) for words in (["--dry-run"], [])]
    assert [result.returncode for result in results] == [4, 4]
    assert results[0].stderr == results[1].stderr
    assert message in results[0].stderr
    assert snapshot(migrated) == before


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO people (id, canonical_name) VALUES ('', 'Nobody')",
        "INSERT INTO person_merges (merged_id, survivor_id) SELECT '', min(id) FROM people",
        "INSERT INTO person_merges (merged_id, survivor_id) VALUES ('x', '')",
    ],
)
def test_an_empty_id_bars_the_way_out(migrated: Path, statement: str) -> None:
    """Because migrate would not take it in again."""
    with opened(migrated) as conn:
        conn.execute(statement)
    for dry_run in (True, False):
        with pytest.raises(BadValue, match="is empty, and a file with it could not be imported again"):
            lifeos_db.eject(migrated, dry_run=dry_run)


def test_what_was_there_before_us_stays_and_what_stands_on_us_goes(sample: Path) -> None:
    with opened(sample) as conn:
        conn.execute("CREATE TABLE mine (people TEXT)")
        conn.execute("CREATE VIEW busy AS SELECT person_id AS people, count(*) FROM interactions GROUP BY 1")
        conn.execute("CREATE INDEX mine_source ON interactions(source_account)")
        conn.execute(
            "CREATE TRIGGER heard AFTER INSERT ON interactions BEGIN INSERT INTO mine (people) VALUES (NEW.id); END"
        )
        conn.execute("PRAGMA user_version = 0")
    before = schema(sample)
    lifeos_db.migrate(sample, backup=False)
    with opened(sample) as conn:
        conn.execute("CREATE TABLE diary (text)")
        conn.execute("CREATE VIEW 'Best People' AS SELECT * FROM people WHERE email_count > 9")
        conn.execute('CREATE VIEW better AS SELECT * FROM "Best People"')
        conn.execute("CREATE VIEW unconcerned AS SELECT 'people' FROM diary -- people")
        conn.execute("CREATE TRIGGER told AFTER INSERT ON diary BEGIN UPDATE people SET notes = NEW.text; END")
        conn.execute("CREATE INDEX by_company ON people (company)")
    report = lifeos_db.eject(sample)
    assert sorted(report.foreign) == ["index by_company", "trigger told", "view Best People", "view better"]
    after = schema(sample)
    index = "idx_interactions_person_timestamp"
    assert after.pop(index).endswith("ON interactions(person_id, timestamp DESC)")
    del before[index]
    assert after == before | {name: after[name] for name in ("diary", "unconcerned")}
    with opened(sample) as conn:
        add_interaction(conn, "x", "y")
        conn.execute("INSERT INTO diary VALUES ('z')")
        assert conn.execute("SELECT * FROM mine").fetchall() == [("x",)]


def test_a_unique_source_index_stays_unique(sample: Path) -> None:
    with opened(sample) as conn:
        conn.execute(
            "DELETE FROM interactions WHERE rowid NOT IN (SELECT min(rowid) FROM interactions GROUP BY source_id)"
        )
        conn.execute("DROP INDEX idx_interactions_source")
        conn.execute("CREATE UNIQUE INDEX idx_interactions_source ON interactions(source_type, source_id)")
    lifeos_db.migrate(sample, backup=False)
    lifeos_db.eject(sample)
    assert "UNIQUE" in schema(sample)["idx_interactions_source"]
    assert_legacy(sample)


def test_what_the_files_cannot_carry_is_said_and_kept(lifeos: Program, sample: Path) -> None:
    people = json.loads((sample / "people_entities.json").read_text())
    for record in people:
        for key in [key for key in record if key.startswith("hidden")]:
            del record[key]
    (sample / "people_entities.json").write_text(json.dumps(people, indent=2))
    lifeos_db.migrate(sample, backup=False, owner=PLANTED["me"])
    lifeos_db.hide(sample, people[5]["id"])
    with opened(sample) as conn:
        conn.execute("INSERT INTO source_types VALUES ('signal', 'message')")
        conn.execute("INSERT INTO settings VALUES ('max_context_people', '20')")
        conn.execute("UPDATE people SET extra = '{\"mood\": 1}' WHERE id = ?", (people[6]["id"],))
        conn.execute("UPDATE people SET category = 'work' WHERE category = 'self'")
        conn.execute(
            "INSERT INTO import_conflicts (kind, record_id, reason, found_at) VALUES ('person', 'x', 'y', 'z')"
        )
        conn.execute("INSERT INTO blocked_contacts VALUES ('email', 'gone@x', 'gone')")
    result = lifeos("db", "eject", "--data-dir", sample)
    said = [line.split(": ", 1)[1] for line in result.stdout.splitlines() if "only in the backup" in line]
    no_key = "people_entities.json has no such key"
    assert said == [
        f"how to take {MERGES} merge(s) back",
        "1 row(s) of import_conflicts",
        "who the owner is; migrate finds it there",
        "the setting max_context_people, 20; migrate finds it there",
        "what you changed in source_types (signal); migrate finds it there",
        "1 blocked contact(s) that are no hidden person's any more",
        f"hidden of 1 record(s): {no_key}",
        f"hidden_at of 1 record(s): {no_key}",
        f"mood of 1 record(s): {no_key}",
    ]
    (folder,) = (sample / "backups").iterdir()
    with closing(sqlite3.connect(folder / "interactions.db")) as conn:
        assert conn.execute("SELECT count(*) FROM import_conflicts").fetchone() == (1,)
        assert conn.execute("SELECT hidden FROM people WHERE id = ?", (people[5]["id"],)).fetchone() == (1,)
    report = lifeos_db.migrate(sample, backup=False)
    assert f"the owner and the source types are those of before the eject ({folder})" in report.warnings
    with opened(sample) as conn:
        assert conn.execute("SELECT counter FROM source_types WHERE source_type = 'signal'").fetchone() == ("message",)
        assert conn.execute("SELECT max_people FROM evidence_rules").fetchone() == (20,)
        assert conn.execute("SELECT value FROM settings WHERE key = 'owner_id'").fetchone() == (PLANTED["me"],)
        assert_exact(conn)
    assert {check.name for check in lifeos_db.verify(sample, deep=True).checks if check.found} == {"orphans"}


def test_a_backup_that_cannot_be_read_does_not_stop_the_way_back(migrated: Path) -> None:
    lifeos_db.eject(migrated)
    (folder,) = (migrated / "backups").iterdir()
    (folder / "interactions.db").write_bytes(b"no database" * 100)
    report = lifeos_db.migrate(migrated)
    assert not [line for line in report.warnings if "before the eject" in line]
    with opened(migrated) as conn:
        assert conn.execute("SELECT 1 FROM settings WHERE key = 'owner_id'").fetchone() is None


def test_wrong_counts_and_damage_are_not_handed_on(lifeos: Program, migrated: Path) -> None:
    with opened(migrated) as conn:
        conn.execute("UPDATE people SET email_count = email_count + 1 WHERE id = ?", (PLANTED["me"],))
    lifeos_db.export(migrated)
    before = state(migrated)
    for arguments in (["--dry-run"], []):
        result = lifeos("db", "eject", *arguments, "--data-dir", migrated)
        assert result.returncode == 4
        assert "1 cached count(s) of people are not the actual ones" in result.stderr
        assert "lifeos db verify --fix" in result.stderr
    assert state(migrated) == before
    with pytest.raises(CountsWrong):
        lifeos_db.eject(migrated)
    lifeos_db.verify(migrated, fix=True)
    with opened(migrated) as conn:
        conn.execute("DROP TRIGGER interactions_after_insert")
    with pytest.raises(SchemaDamaged, match="trigger interactions_after_insert is missing"):
        lifeos_db.eject(migrated)
    assert not (migrated / "backups").exists()


def test_what_is_no_table_of_steps_any_more_bars_the_way_out(migrated: Path) -> None:
    """Before anything is exported."""
    with opened(migrated) as conn:
        conn.execute("CREATE TABLE copied AS SELECT * FROM _sqlite_migrations")
        conn.execute("DROP TABLE _sqlite_migrations")
        conn.execute("CREATE VIEW _sqlite_migrations AS SELECT * FROM copied")
        add_interaction(conn, "new", PLANTED["me"])
    before = snapshot(migrated)
    for dry_run in (True, False):
        with pytest.raises(UnexpectedTable, match="_sqlite_migrations is no table any more"):
            lifeos_db.eject(migrated, dry_run=dry_run)
    assert snapshot(migrated) == before


def test_it_refuses_before_it_exports(migrated: Path) -> None:
    """The files are behind the database, and stay so: nothing is changed where the way out is barred."""
    with opened(migrated) as conn:
        add_interaction(conn, "new", PLANTED["me"])
        conn.execute("DROP TRIGGER people_after_insert")
    before = snapshot(migrated)
    with pytest.raises(SchemaDamaged):
        lifeos_db.eject(migrated)
    assert snapshot(migrated) == before


def test_who_watches_is_asked_to_stop(lifeos: Program, migrated: Path) -> None:
    from lifeos_db.directory import DataDirectory
    from lifeos_db.watching import WATCH_LOCK

    with DataDirectory(migrated).lock(0, WATCH_LOCK):
        result = lifeos("db", "eject", "--data-dir", migrated)
    assert result.returncode == 4
    assert "'lifeos db watch' is at work here\nStop that one first" in result.stderr
    assert "people" in schema(migrated)


def test_a_writer_who_does_not_stop_is_named(migrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody commits between every export and the transaction that would take everything out."""
    number = iter(range(100))
    plain: Callable[..., Any] = lifeos_db.import_edits

    def disturbed(*args: Any, **kwargs: Any) -> Any:
        report = plain(*args, **kwargs)
        with opened(migrated) as conn:
            add_interaction(conn, f"busy-{next(number)}", PLANTED["me"], "slack")
        return report

    monkeypatch.setattr(ejecting, "import_edits", disturbed)
    with pytest.raises(KeepsChanging):
        lifeos_db.eject(migrated)
    monkeypatch.undo()
    assert "people" in schema(migrated)
    assert not (migrated / "backups").exists()
    lifeos_db.eject(migrated)
    assert_legacy(migrated)


def test_a_backup_that_fails_stops_it(migrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    before = state(migrated)
    monkeypatch.setattr(backup, "copy_database", refuse)
    with pytest.raises(lifeos_db.LifeosError, match="No space left on device"):
        lifeos_db.eject(migrated)
    assert state(migrated) == before
    assert not (migrated / "backups").exists()


def test_a_kill_at_any_statement_leaves_before_or_after(circle: Path, tmp_path: Path) -> None:
    start = Path(shutil.copytree(circle, tmp_path / "start"))
    with opened(start) as conn:
        add_interaction(conn, "stale", "ann", "slack")  # so that an export comes first
    with opened(start) as conn:
        rows = conn.execute(EVERY_INTERACTION).fetchall()
    ours = {item.name for item in expected_objects()}
    step = 0
    outcomes: list[bool] = []
    while True:
        step += 5 if 10 < step < 90 else 1  # of the many DROPs some will do
        directory = Path(shutil.copytree(start, tmp_path / str(step)))
        killed = killed_at(step, lambda directory=directory: lifeos_db.eject(directory), ejecting)  # type: ignore[misc]
        with opened(directory) as conn:
            assert conn.execute(EVERY_INTERACTION).fetchall() == rows
            assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        legacy = not ours & (schema(directory).keys() - {"interactions", *LEGACY_INDEXES})
        if legacy:
            assert_legacy(directory)
        else:
            assert ours <= schema(directory).keys()
            assert_exact_and_loadable(directory)
        outcomes.append(legacy)
        shutil.rmtree(directory)
        if not killed:
            break
    assert outcomes == sorted(outcomes)
    assert outcomes[-1]
    assert outcomes.count(False) > 10


def assert_exact_and_loadable(directory: Path) -> None:
    """Still migrated: counts right, and eject runs through when it is called again."""
    with opened(directory) as conn:
        assert_exact(conn)
    lifeos_db.eject(directory)
    assert_legacy(directory)
    people = json.loads((directory / "people_entities.json").read_text())
    assert next(record for record in people if record["id"] == "ann")["message_count"] == 1

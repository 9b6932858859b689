"""The JSON files: the legacy bytes, written whole, never over somebody else's change, never an older state."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import lifeos_db
from lifeos_db.export_form import _decoded, dump_records
from lifeos_db.relationships import all_rows
from tests.conftest import NEW_ROW, PLANTED, Program, add_interaction

PEOPLE = "people_entities.json"
FILES = (PEOPLE, "relationships.json", "merged_person_ids.json")


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path / "interactions.db", isolation_level=None)


def person(path: Path, identity: str) -> dict[str, Any]:
    return next(record for record in json.loads((path / PEOPLE).read_text()) if record["id"] == identity)


def status(path: Path) -> str:
    return lifeos_db.check_export(path).status


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(), values, max_size=4), min_size=1, max_size=4))
@example([{"": 1e-05}])
@example([{"a": [1e16, -1e-7, 5e-324, 1.7976931348623157e308, 0.0001, 9007199254740993.0, 123456789012345680.0]}])
@example([{"a": 2**64, "b": -(2**63), "c": '\x7f\u2028\U0001f600\x00\\"', "d": {}, "e": [], "f": -0.0}])
def test_records_are_written_as_json_dumps_writes_them(records: list[dict[str, Any]]) -> None:
    assert dump_records(records) == json.dumps(records, indent=2).encode("ascii")


def test_the_file_is_what_json_dumps_with_indent_2_writes(migrated: Path) -> None:
    for name in FILES:
        content = (migrated / name).read_bytes()
        assert content == json.dumps(json.loads(content), indent=2).encode("ascii")


@pytest.mark.parametrize(
    "change",
    [
        NEW_ROW.format(PLANTED["me"], "sms"),
        NEW_ROW.format(PLANTED["me"], "phone"),
        f"UPDATE interactions SET person_id = '{PLANTED['me']}' WHERE rowid = 7",
        "DELETE FROM interactions WHERE rowid = 7",
        "INSERT INTO people (id) VALUES ('new')",
        f"UPDATE people SET notes = 'x' WHERE id = '{PLANTED['me']}'",
        "DELETE FROM people WHERE rowid = 9",
        "INSERT INTO person_merges (merged_id, survivor_id) VALUES ('a', 'b')",
        "UPDATE person_merges SET merged_id = 'z' WHERE rowid = 1",
        "DELETE FROM person_merges",
        "DELETE FROM relationships WHERE id = (SELECT id FROM relationship_records LIMIT 1)",
        "UPDATE relationships SET relationship_type = 'friend' WHERE shared_threads_count > 5",
        "UPDATE source_types SET counter = NULL WHERE source_type = 'gmail'",
    ],
)
def test_every_change_makes_the_files_stale_until_the_next_export(migrated: Path, change: str) -> None:
    assert status(migrated) == "fresh"
    with closing(connect(migrated)) as conn:
        conn.execute(change)
    assert status(migrated) == "stale"
    assert lifeos_db.export(migrated).status == "written"
    assert status(migrated) == "fresh"
    assert lifeos_db.verify(migrated, only=["export"], deep=True).status == "ok"


def test_a_change_that_was_rolled_back_makes_nothing_stale(migrated: Path) -> None:
    with closing(connect(migrated)) as conn:
        conn.execute("BEGIN")
        conn.execute("DELETE FROM interactions")
        conn.execute("ROLLBACK")
    assert status(migrated) == "fresh"


def test_an_export_without_work_touches_nothing(lifeos: Program, migrated: Path) -> None:
    before = {path.name: path.stat() for path in migrated.iterdir()}
    result = lifeos("db", "export", "--data-dir", migrated)
    assert result.returncode == 0
    assert result.stdout.startswith("nothing to do")
    after = {path.name: path.stat() for path in migrated.iterdir()}
    assert {name: (stat.st_mtime_ns, stat.st_ino) for name, stat in after.items()} == {
        name: (stat.st_mtime_ns, stat.st_ino) for name, stat in before.items()
    }


def test_check_says_stale_with_exit_code_1_and_changes_nothing(lifeos: Program, migrated: Path) -> None:
    assert lifeos("db", "export", "--check", "--data-dir", migrated).returncode == 0
    with closing(connect(migrated)) as conn:
        add_interaction(conn, "new", PLANTED["me"])
    result = lifeos("db", "export", "--check", "--data-dir", migrated)
    assert result.returncode == 1
    assert "stale: the database is ahead of people_entities.json" in result.stdout
    assert person(migrated, PLANTED["me"])["email_count"] == 0


def test_the_same_data_gives_the_same_bytes(migrated: Path) -> None:
    before = {name: (migrated / name).read_bytes() for name in FILES}
    with closing(connect(migrated)) as conn:
        conn.execute("UPDATE people SET notes = notes || '!'")
    lifeos_db.export(migrated)
    assert (migrated / PEOPLE).read_bytes() != before[PEOPLE]
    with closing(connect(migrated)) as conn:
        conn.execute("UPDATE people SET notes = substr(notes, 1, length(notes) - 1)")
    lifeos_db.export(migrated)
    assert {name: (migrated / name).read_bytes() for name in FILES} == before


def test_new_people_come_last_and_others_keep_their_place(migrated: Path) -> None:
    order = [record["id"] for record in json.loads((migrated / PEOPLE).read_text())]
    with closing(connect(migrated)) as conn:
        conn.execute("INSERT INTO people (id, canonical_name) VALUES ('0-new', 'Aaron')")
        conn.execute("UPDATE people SET canonical_name = 'Zoe' WHERE rowid = 1")
        conn.execute("VACUUM")
    lifeos_db.export(migrated)
    assert [record["id"] for record in json.loads((migrated / PEOPLE).read_text())] == [*order, "0-new"]


def test_sources_are_as_declared_plus_those_with_interactions(tmp_path: Path) -> None:
    (tmp_path / PEOPLE).write_text(json.dumps([{"id": "a", "sources": ["contacts", "slack"]}]))
    lifeos_db.migrate(tmp_path)
    with lifeos_db.session(tmp_path) as conn:
        for number, source in enumerate(("sms", "slack", "phone", "unheard-of")):
            add_interaction(conn, f"i{number}", "a", source)
    assert person(tmp_path, "a")["sources"] == ["contacts", "slack", "phone", "sms", "unheard-of"]
    with lifeos_db.session(tmp_path) as conn:
        conn.execute("DELETE FROM interactions")
    assert person(tmp_path, "a")["sources"] == ["contacts", "slack"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_the_file_mode_is_kept(migrated: Path, mode: int) -> None:
    (migrated / PEOPLE).chmod(mode)
    with lifeos_db.session(migrated) as conn:
        add_interaction(conn, "new", PLANTED["me"])
    assert (migrated / PEOPLE).stat().st_mode & 0o777 == mode


def test_a_file_that_is_gone_is_written_again_and_private(migrated: Path) -> None:
    content = (migrated / PEOPLE).read_bytes()
    (migrated / PEOPLE).unlink()
    assert status(migrated) == "stale"
    lifeos_db.export(migrated)
    assert (migrated / PEOPLE).read_bytes() == content
    assert (migrated / PEOPLE).stat().st_mode & 0o777 == 0o600


def test_a_symlink_is_replaced_not_followed(migrated: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_bytes((migrated / PEOPLE).read_bytes())
    (migrated / PEOPLE).unlink()
    (migrated / PEOPLE).symlink_to(outside)
    before = outside.read_bytes()
    with lifeos_db.session(migrated) as conn:
        add_interaction(conn, "new", PLANTED["me"])
    assert outside.read_bytes() == before
    assert not (migrated / PEOPLE).is_symlink()


def test_somebody_elses_change_is_not_overwritten(lifeos: Program, migrated: Path) -> None:
    records = json.loads((migrated / PEOPLE).read_text())
    records[0]["notes"] = "edited by a legacy program"
    (migrated / PEOPLE).write_text(json.dumps(records, indent=2))
    edited = (migrated / PEOPLE).read_bytes()
    with closing(connect(migrated)) as conn:
        add_interaction(conn, "new", PLANTED["me"])
    assert lifeos("db", "export", "--check", "--data-dir", migrated).returncode == 1
    result = lifeos("db", "export", "--data-dir", migrated)
    assert result.returncode == 4
    assert f"{migrated / PEOPLE}: changed by another program since the last export" in result.stderr
    assert "--force" in result.stderr
    assert (migrated / PEOPLE).read_bytes() == edited
    result = lifeos("db", "export", "--force", "--data-dir", migrated)
    assert result.returncode == 0
    (kept,) = migrated.glob(f"backups/*/{PEOPLE}")
    assert kept.read_bytes() == edited
    assert kept.stat().st_mode & 0o777 == 0o600
    assert str(kept) in result.stdout
    assert person(migrated, PLANTED["me"])["email_count"] == 1


def test_a_file_touched_but_not_changed_is_no_change(migrated: Path) -> None:
    os.utime(migrated / PEOPLE, ns=(1, 1))
    assert status(migrated) == "fresh"


def test_a_change_between_the_look_and_the_write_is_not_lost(migrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A legacy program writes while our temporary file is being synced."""
    with closing(connect(migrated)) as conn:
        add_interaction(conn, "new", PLANTED["me"])
    real = os.fsync

    def meanwhile(handle: int) -> None:
        (migrated / PEOPLE).write_text("[]")
        real(handle)

    monkeypatch.setattr(os, "fsync", meanwhile)
    with pytest.raises(lifeos_db.LifeosError, match="changed by another program"):
        lifeos_db.export(migrated)
    monkeypatch.undo()
    assert (migrated / PEOPLE).read_text() == "[]"
    assert not list(migrated.glob(".*tmp"))


def test_a_kill_between_renaming_and_remembering_leaves_no_stranger(migrated: Path) -> None:
    with closing(connect(migrated)) as conn:
        add_interaction(conn, "new", PLANTED["me"])
    code = (
        "import os, sys, lifeos_db\n"
        "import lifeos_db.exporting as exporting\n"
        "real = exporting.put_in_place\n"
        "def replace(*args):\n"
        "    real(*args)\n"
        "    os.kill(os.getpid(), 9)\n"
        "exporting.put_in_place = replace\n"
        "lifeos_db.export(sys.argv[1])\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(migrated)], timeout=60).returncode == -9
    assert person(migrated, PLANTED["me"])["email_count"] == 1
    assert status(migrated) == "stale"
    with closing(connect(migrated)) as conn:
        add_interaction(conn, "newer", PLANTED["me"])  # so that the next export has other bytes to announce
    assert lifeos_db.export(migrated).status == "written"
    assert status(migrated) == "fresh"


def test_exports_at_once_beside_a_writer_never_go_back_in_time(migrated: Path) -> None:
    """Four exporters and a writer for two seconds: the count in the file only ever grows, and ends at the truth."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def export() -> None:
        while not stop.is_set():
            try:
                lifeos_db.export(migrated)
            except BaseException as error:
                failures.append(error)
                return

    threads = [threading.Thread(target=export) for _ in range(4)]
    for thread in threads:
        thread.start()
    seen, written = [0], 0
    until = time.monotonic() + 2
    with closing(connect(migrated)) as conn:
        conn.execute("PRAGMA busy_timeout = 5000")
        while time.monotonic() < until:
            add_interaction(conn, f"w{written}", PLANTED["me"])
            written += 1
            seen.append(person(migrated, PLANTED["me"])["email_count"])
    stop.set()
    for thread in threads:
        thread.join(timeout=30)
    assert failures == []
    assert seen == sorted(seen)
    lifeos_db.export(migrated)
    assert person(migrated, PLANTED["me"])["email_count"] == written
    assert not list(migrated.glob(".*"))


def test_two_kills_in_a_row_leave_no_stranger(migrated: Path) -> None:
    """Killed after renaming, then, with newer data, killed after announcing and before renaming."""
    for number, when in enumerate(("after", "before")):
        with closing(connect(migrated)) as conn:
            add_interaction(conn, f"n{number}", PLANTED["me"])
        code = (
            "import os, sys, lifeos_db\n"
            "import lifeos_db.exporting as exporting\n"
            "real = exporting.put_in_place\n"
            "def replace(*args):\n"
            f"    {'real(*args)' if when == 'after' else 'pass'}\n"
            "    os.kill(os.getpid(), 9)\n"
            "exporting.put_in_place = replace\n"
            "lifeos_db.export(sys.argv[1])\n"
        )
        assert subprocess.run([sys.executable, "-c", code, str(migrated)], timeout=60).returncode == -9
    assert lifeos_db.export(migrated).status == "written"
    assert person(migrated, PLANTED["me"])["email_count"] == 2


BAD_VALUES = {
    "a BLOB for a source type": ("interactions", "source_type = x'00ff'", "interactions", "column source_type"),
    "no text for a source type": ("interactions", "source_type = CAST(x'61ff' AS TEXT)", "interactions", "source_type"),
    "no text in a note": ("people", "notes = CAST(x'61ff' AS TEXT)", "people", "column notes: is not UTF-8 text"),
    "a BLOB in a name": ("people", "canonical_name = x'00ff'", "people", "column canonical_name: is a BLOB"),
    "no object in extra": ("people", "extra = '[]'", "people", "column extra: must be a JSON object"),
    "another number for a boolean": ("people", "hidden = 2", "people", "column hidden: must be 0, 1 or NULL"),
    "a word for a number": ("people", "dunbar_circle = 'inner'", "people", "dunbar_circle: must be an integer or NULL"),
    "infinity": ("people", "confidence_score = 9e999", "people", "confidence_score: is not a finite number"),
    "a BLOB for a survivor": ("person_merges", "survivor_id = x'00ff'", "person_merges", "survivor_id: is a BLOB"),
}


@pytest.mark.parametrize("name", BAD_VALUES)
def test_a_value_that_json_cannot_hold_is_named_with_its_row(lifeos: Program, migrated: Path, name: str) -> None:
    table, change, place, message = BAD_VALUES[name]
    before = (migrated / PEOPLE).read_bytes()
    first = "SELECT rowid FROM interactions WHERE person_id IN (SELECT id FROM people) ORDER BY rowid LIMIT 1"
    with closing(connect(migrated)) as conn:
        row = conn.execute(first).fetchone()[0] if table == "interactions" else 1
        conn.execute(f"UPDATE {table} SET {change} WHERE rowid = {row}")
    result = lifeos("db", "export", "--data-dir", migrated)
    assert result.returncode == 4
    assert place in result.stderr
    assert message in result.stderr
    assert f"WHERE rowid = {row}" in result.stderr
    assert (migrated / PEOPLE).read_bytes() == before
    for form in ("text", "json", "junit", "github"):
        verified = lifeos("db", "verify", "--deep", "--data-dir", migrated, "--format", form)
        assert verified.returncode in (0, 1), verified.stderr
        assert "unexpected" not in verified.stderr


def test_an_index_that_a_flipped_bit_has_damaged_is_named(lifeos: Program, migrated: Path, tmp_path: Path) -> None:
    """One index then has a source type that the other has not."""
    before = (migrated / PEOPLE).read_bytes()
    with closing(connect(migrated)) as conn:
        conn.execute("UPDATE interactions SET source_type = 'phonebook' WHERE rowid = 1")
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = (migrated / "interactions.db").read_bytes()
    said = []
    for place in (match.start() for match in re.finditer(b"phonebook", data)):  # in the table and two of its indexes
        copy = Path(shutil.copytree(migrated, tmp_path / str(place)))
        (copy / "interactions.db").write_bytes(data[:place] + b"x" + data[place + 1 :])
        result = lifeos("db", "export", "--data-dir", copy)
        if result.returncode:
            said.append(result.stderr)
            assert result.returncode == 4
            assert (copy / PEOPLE).read_bytes() == before
    assert "the indexes of interactions differ" in "".join(said)
    assert "unexpected" not in "".join(said)


def test_what_a_client_put_into_a_list_column_is_named_not_written(lifeos: Program, migrated: Path) -> None:
    before = (migrated / PEOPLE).read_bytes()
    with closing(connect(migrated)) as conn:
        conn.execute("UPDATE people SET emails = 'a@b.example' WHERE id = ?", (PLANTED["me"],))
    result = lifeos("db", "export", "--data-dir", migrated)
    assert result.returncode == 4
    assert f"people '{PLANTED['me']}', column emails: must be a JSON array of strings" in result.stderr
    assert (migrated / PEOPLE).read_bytes() == before
    assert not list(migrated.glob(".*"))


def test_an_export_that_cannot_be_noted_leaves_no_temporary_file(lifeos: Program, migrated: Path) -> None:
    """The files are written, and the database then refuses to remember them, as on a full disk."""
    with closing(connect(migrated)) as conn:
        conn.execute(NEW_ROW.format(PLANTED["me"], "slack"))
        conn.execute(
            "CREATE TRIGGER no_room BEFORE UPDATE OF pending_sha256 ON exports BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    before = {path.name for path in migrated.iterdir()}
    result = lifeos("db", "export", "--data-dir", migrated)
    assert result.returncode == 4
    assert "Traceback" not in result.stderr
    assert {path.name for path in migrated.iterdir()} == before
    assert status(migrated) == "stale"


def test_a_session_commits_then_exports(migrated: Path) -> None:
    with lifeos_db.session(migrated) as conn:
        assert type(conn) is sqlite3.Connection
        add_interaction(conn, "new", PLANTED["me"])
    assert person(migrated, PLANTED["me"])["email_count"] == 1


@pytest.mark.parametrize("setting", ["rows as dicts", "text as bytes"])
def test_a_session_may_set_its_connection_up_as_it_likes(migrated: Path, setting: str) -> None:
    with lifeos_db.session(migrated) as conn:
        if setting == "text as bytes":
            conn.text_factory = bytes
        else:
            conn.row_factory = lambda cursor, row: {column[0]: cell for column, cell in zip(cursor.description, row)}
        add_interaction(conn, "new", PLANTED["me"])
    assert person(migrated, PLANTED["me"])["email_count"] == 1


def test_a_session_that_fails_commits_and_exports_nothing(migrated: Path) -> None:
    before = (migrated / PEOPLE).read_bytes()

    def script() -> None:
        with lifeos_db.session(migrated) as conn:
            add_interaction(conn, "new", PLANTED["me"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        script()
    assert (migrated / PEOPLE).read_bytes() == before
    assert status(migrated) == "fresh"


def test_a_session_that_only_reads_minds_no_edited_file(migrated: Path) -> None:
    (migrated / PEOPLE).write_text("[]")
    with lifeos_db.session(migrated) as conn:
        conn.execute("SELECT count(*) FROM people").fetchone()
    assert (migrated / PEOPLE).read_text() == "[]"


def test_a_session_on_a_legacy_directory_says_what_to_do(sample: Path) -> None:
    with pytest.raises(lifeos_db.LifeosError, match="not migrated yet"), lifeos_db.session(sample):
        pass


def test_records_that_nobody_reads_to_the_end_may_outlive_their_connection(migrated: Path) -> None:
    """An interrupt or error in the middle closes the connection first; the rest of the reading must not complain."""
    conn = connect(migrated)
    readings = all_rows(conn, ["id", "person_a_id"]), _decoded(conn, "people", ["id"])
    for rows in readings:
        assert next(rows)
    conn.close()
    for rows in readings:
        assert isinstance(rows, Generator)
        rows.close()

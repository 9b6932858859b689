"""The installed program: its commands, help, versions, options and exit codes, and the page that documents them."""

from __future__ import annotations

import os
import pty
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import lifeos_db
from lifeos_db.database import open_writer
from lifeos_db.demo import write_legacy_directory
from lifeos_db.schema_objects import SCHEMA_VERSION
from tests.conftest import PLANTED, Program, add_interaction

ROOT = Path(__file__).parent.parent
COMMANDS = [
    "migrate",
    "verify",
    "export",
    "watch",
    "status",
    "people",
    "show",
    "browse",
    "merge",
    "unmerge",
    "split",
    "hide",
    "unhide",
    "orphans",
    "duplicates",
    "backup",
    "eject",
    "run",
    "import",
    "demo",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(lifeos: Program, command: str) -> None:
    result = lifeos("db", command, "--help")
    assert result.returncode == 0
    assert f"Example: lifeos db {command}" in result.stdout


def test_the_commands_are_these(lifeos: Program) -> None:
    listed = re.findall(r"^│ (\w+) ", lifeos("db", "--help").stdout, re.MULTILINE)
    assert listed == COMMANDS


def test_the_version_names_program_schema_and_sqlite(lifeos: Program) -> None:
    expected = f"lifeos-db {lifeos_db.__version__}, schema {SCHEMA_VERSION}, SQLite {sqlite3.sqlite_version}\n"
    assert lifeos("--version").stdout == expected


@pytest.mark.parametrize(
    "arguments",
    [
        ["db", "nonsense"],
        ["db", "migrate", "--nonsense"],
        ["db", "verify", "--format", "yaml"],
        ["db", "verify", "--only", "nonsense"],
        ["db", "migrate", "--timeout", "soon"],
    ],
)
def test_a_usage_error_is_exit_code_2(lifeos: Program, migrated: Path, arguments: list[str]) -> None:
    result = lifeos(*arguments, LIFEOS_DATA_DIR=str(migrated))
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_the_data_directory_is_the_option_else_the_variable_else_data(
    lifeos: Program, migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lifeos("db", "verify", "--data-dir", migrated, LIFEOS_DATA_DIR="/nowhere").returncode == 0
    assert lifeos("db", "--data-dir", migrated, "verify", LIFEOS_DATA_DIR="/nowhere").returncode == 0
    assert lifeos("db", "verify", LIFEOS_DATA_DIR=str(migrated)).returncode == 0
    monkeypatch.delenv("LIFEOS_DATA_DIR", raising=False)
    monkeypatch.chdir(migrated.parent)
    assert migrated.name == "data"
    assert lifeos("db", "verify").returncode == 0


def test_a_data_directory_without_a_name(lifeos: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As from a variable that has no value: nothing is made in the directory that happens to be the current one."""
    monkeypatch.chdir(tmp_path)
    for words in (["db", "migrate", "--data-dir", ""], ["db", "--data-dir=", "status"]):
        result = lifeos(*words)
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr.splitlines()[0] == "lifeos: --data-dir is empty"
    assert not list(tmp_path.iterdir())


def test_what_stands_behind_the_command_of_run_is_not_ours(lifeos: Program, migrated: Path) -> None:
    result = lifeos("db", "run", "--data-dir", migrated, "--", sys.executable, "-c", "pass", "--data-dir", "")
    assert result.returncode == 0, result.stderr


def test_a_timeout_that_is_no_number(lifeos: Program, migrated: Path) -> None:
    result = lifeos("db", "verify", "--fix", "--timeout", "nan", "--data-dir", migrated)
    assert result.returncode == 2
    assert "it is not a number" in result.stderr


def test_the_longest_timeout_is_no_short_one(migrated: Path) -> None:
    """SQLite takes more milliseconds than fit into 31 bits for none."""
    with closing(open_writer(migrated / "interactions.db", 1e12)) as conn:
        assert conn.execute("PRAGMA busy_timeout").fetchone() == (2_000_000_000,)


def test_a_text_that_is_not_utf8(lifeos: Program, migrated: Path) -> None:
    """It is named as what it is, and not taken for an argument."""
    with closing(sqlite3.connect(migrated / "interactions.db", isolation_level=None)) as conn:
        add_interaction(conn, "odd", PLANTED["me"])
        conn.execute("UPDATE interactions SET source_type = CAST(x'ff42' AS TEXT) WHERE id = 'odd'")
        assert lifeos("db", "status", "--data-dir", migrated).returncode == 0
        conn.execute("INSERT OR REPLACE INTO settings (key, value) VALUES ('owner_id', CAST(x'ff42' AS TEXT))")
    for words in (["people"], ["show", PLANTED["me"]]):
        result = lifeos("db", *words, "--data-dir", migrated)
        assert (result.returncode, result.stdout) == (4, ""), words
        assert result.stderr.splitlines()[0] == "lifeos: a text in the database is not UTF-8"
    result = lifeos("db", "people", os.fsdecode(b"\xff"), "--data-dir", migrated)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.splitlines()[0] == "lifeos: an argument is not valid text"


def test_no_progress_bar_where_there_is_no_terminal(lifeos: Program, sample: Path) -> None:
    result = lifeos("db", "migrate", "--data-dir", sample)
    assert "\x1b" not in result.stdout + result.stderr
    assert "━" not in result.stderr


@pytest.mark.parametrize(("seconds", "expected"), [(1.6, True), (0.0, False)])
def test_a_progress_bar_on_a_terminal_where_it_takes_more_than_a_second(seconds: float, expected: bool) -> None:
    """In a pseudo-terminal; it is taken away when the work ends."""
    code = (
        "import time\n"
        "from lifeos_db.cli.common import progress_on_stderr\n"
        "with progress_on_stderr() as report:\n"
        "    report('counts', 0, 0)\n"  # one call, then a long phase
        f"    time.sleep({seconds})\n"
    )
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    process = subprocess.Popen([sys.executable, "-c", code], stderr=theirs, stdout=subprocess.PIPE, env=env)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # what Linux answers when the other end has closed
        pass
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert (process.returncode, out) == (0, b"")
    assert ("━".encode() in shown) is expected
    assert (b"counts" in shown) is expected


def test_a_migration_reports_its_phases(sample: Path) -> None:
    phases: list[str] = []
    lifeos_db.migrate(sample, progress=lambda phase, done, total: phases.append(phase))
    assert list(dict.fromkeys(phases)) == [
        "backup",
        "people",
        "indexes",
        "counts",
        "contacts",
        "relationships",
        "export",
    ]


def test_a_sqlite_that_is_too_old_is_named(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.36.0")
    for call in (lifeos_db.migrate, lifeos_db.verify, lifeos_db.export):
        with pytest.raises(lifeos_db.LifeosError, match=r"SQLite 3\.36\.0 is linked .* needs 3\.37 or newer"):
            call(sample)


def test_the_library_imports_without_the_cli_and_without_sqlite_utils() -> None:
    """A nightly script should not wait for what it does not need."""
    code = "import sys, lifeos_db; lifeos_db.session; lifeos_db.verify; print([m for m in sys.modules if m in " + (
        "('typer', 'rich', 'sqlite_utils', 'click')])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.stdout == "[]\n"


def test_the_names_of_the_library_are_functions_whatever_was_imported_first() -> None:
    code = (
        "import lifeos_db.migration, lifeos_db.exporting, lifeos_db.verification, lifeos_db.sessions, lifeos_db\n"
        "assert all(callable(getattr(lifeos_db, n)) for n in ('migrate', 'export', 'verify', 'session'))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_the_page_of_commands_is_what_the_program_says() -> None:
    """docs/cli.md is generated: 'make docs/cli.md' writes it."""
    generate = [sys.executable, str(ROOT / "docs" / "generate_cli.py")]
    result = subprocess.run(generate, capture_output=True, text=True, timeout=240, env={**os.environ, "COLUMNS": "100"})
    assert result.returncode == 0, result.stderr
    assert (ROOT / "docs" / "cli.md").read_text() == result.stdout


def test_the_demo_shows_the_product(lifeos: Program, tmp_path: Path) -> None:
    result = lifeos("db", "demo", "--dir", tmp_path / "demo")
    assert result.returncode == 0, result.stderr
    planted = write_legacy_directory(tmp_path / "planted")
    assert f"{planted.people_with_drift} people had wrong counts" in result.stdout
    moved = f"{planted.rows_under_merged_ids} rows under a merged id moved to the survivor"
    assert f"{moved}; {planted.rows_orphaned} orphans kept" in result.stdout
    assert "after" in result.stdout
    assert lifeos("db", "verify", "--data-dir", tmp_path / "demo").returncode == 0
    again = lifeos("db", "demo", "--dir", tmp_path / "demo")
    assert again.returncode == 4
    assert "not an empty directory" in again.stderr

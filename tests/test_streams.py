"""Standard output and error of the installed program: read by nobody, on a full disk, closed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import lifeos_db
from tests.conftest import PLANTED, add_interaction


def shell(command: str) -> subprocess.CompletedProcess[str]:
    """What bash makes of a command line; the exit code is that of its first command."""
    return subprocess.run(
        ["bash", "-c", f"{command}; exit ${{PIPESTATUS[0]}}"], capture_output=True, text=True, timeout=60
    )


def test_what_was_found_is_told_by_the_exit_code_though_nobody_reads(migrated: Path) -> None:
    """A pipe that is closed early, as with grep -q or head, is no reason to say that all is well."""
    program = f"'{Path(sys.executable).with_name('lifeos')}' db"
    with closing(sqlite3.connect(migrated / "interactions.db", isolation_level=None)) as conn:
        conn.execute("UPDATE people SET email_count = 99, notes = 'changed'")
        conn.execute("DROP TRIGGER interactions_after_insert")
        add_interaction(conn, "new", PLANTED["me"])
    for words, code in (("verify --format json", 3), ("verify --only counts", 1), ("export --check", 1)):
        result = shell(f"{program} {words} --data-dir '{migrated}' | true")
        assert result.returncode == code, words
        assert "Traceback" not in result.stderr
        assert "Exception" not in result.stderr


def test_watch_ends_when_nobody_reads_it_any_more(migrated: Path) -> None:
    program = Path(sys.executable).with_name("lifeos")
    command = [str(program), "db", "watch", "--data-dir", str(migrated), "--format", "json", "--debounce", "0"]
    with (
        closing(sqlite3.connect(migrated / "interactions.db", isolation_level=None)) as conn,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as watching,
    ):
        assert watching.stdout is not None
        add_interaction(conn, "one", PLANTED["me"])
        assert b'"exported"' in watching.stdout.readline()
        watching.stdout.close()
        add_interaction(conn, "two", PLANTED["me"])
        try:
            assert watching.wait(timeout=30) == 0
        finally:
            watching.kill()


def test_output_that_cannot_be_written(migrated: Path) -> None:
    """What was asked is done, and nobody is told that it was not."""
    program = f"'{Path(sys.executable).with_name('lifeos')}' db"
    result = shell(f"{program} hide {PLANTED['me']} --data-dir '{migrated}' > /dev/full")
    assert result.returncode == 4
    assert result.stderr.splitlines()[-2:] == [
        "lifeos: standard output: No space left on device",
        "The command came to its end; what it said is lost.",
    ]
    with closing(sqlite3.connect(migrated / "interactions.db")) as conn:
        assert conn.execute("SELECT hidden FROM people WHERE id = ?", (PLANTED["me"],)).fetchone() == (1,)
    assert shell(f"{program} --help > /dev/full").returncode == 4


def test_closed_streams(migrated: Path) -> None:
    """What is said is lost, and no file of ours takes their place."""
    program = f"'{Path(sys.executable).with_name('lifeos')}' db"
    for words in ("status", "people", "verify", "backup"):
        for closed in (">&-", "2>&-", "<&- >&- 2>&-"):
            result = shell(f"{program} {words} --data-dir '{migrated}' {closed}")
            assert (result.returncode, result.stderr) == (0, ""), (words, closed)
    assert lifeos_db.verify(migrated, deep=True).exit_code() == 0

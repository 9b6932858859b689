"""lifeos db watch: exports come by themselves, legacy saves are taken in, and nothing that happens to it stops it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

import lifeos_db
from lifeos_db.import_report import ImportReport
from tests.conftest import Program
from tests.legacy_program import PEOPLE, LegacyProgram

PROGRAM = str(Path(sys.executable).with_name("lifeos"))
PATIENCE = 30
"""Seconds after which something that should have happened will not happen any more."""


@contextmanager
def watching(path: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """The program at work; it must end by itself when it is told to, if the test has not killed it."""
    process = subprocess.Popen(
        [PROGRAM, "db", "watch", "--data-dir", str(path), "--format", "json", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("watching")
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=PATIENCE)
        except (subprocess.TimeoutExpired, ValueError):
            process.kill()
            process.wait()


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path / "interactions.db", isolation_level=None, timeout=PATIENCE)


def until(condition: Callable[[], Any]) -> None:
    """Wait for something, but not for ever."""
    last = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < last, "it did not happen"
        time.sleep(0.02)


def note(path: Path, text: str) -> None:
    with closing(connect(path)) as conn:
        conn.execute("UPDATE people SET notes = ? WHERE rowid = 1", (text,))


def shown(path: Path) -> str:
    """The note of the first person in the file; empty while the file is not there."""
    try:
        return str(LegacyProgram(path).records[0]["notes"])
    except (FileNotFoundError, ValueError):
        return ""


def until_shown(path: Path, text: str) -> None:
    until(lambda: shown(path) == text)


def stop(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> tuple[int, list[dict[str, Any]], str]:
    process.send_signal(number)
    out, error = process.communicate(timeout=PATIENCE)
    return process.returncode, [json.loads(line) for line in out.splitlines()], error


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_commit_is_exported_and_a_signal_ends_it_after_a_last_export(migrated: Path, number: int) -> None:
    with watching(migrated, "--debounce", "0.2") as process:
        note(migrated, "first")
        until_shown(migrated, "first")
        note(migrated, "last")
        code, lines, error = stop(process, number)
    assert (code, error) == (0, "")
    assert shown(migrated) == "last"
    assert lines
    assert all(line["exported"] == [PEOPLE] for line in lines)
    assert lines[-1]["revision"] > 1
    assert lifeos_db.check_export(migrated).status == "fresh"
    assert not list(migrated.glob(".*"))


def test_changes_from_before_the_start_are_exported_at_once(migrated: Path) -> None:
    note(migrated, "before")
    with watching(migrated):
        until_shown(migrated, "before")


def test_a_burst_is_one_export_and_a_steady_writer_does_not_starve_it(migrated: Path) -> None:
    with watching(migrated, "--debounce", "5", "--max-delay", "1") as process:
        number = 0
        while number < 20_000 and not shown(migrated).startswith("note"):  # commits without a pause until one shows
            note(migrated, f"note {number}")
            number += 1
        assert shown(migrated).startswith("note")
        _, lines, _ = stop(process)
    assert len(lines) < number


def test_it_refuses_to_run_twice_and_starts_again_after_a_kill(lifeos: Program, migrated: Path) -> None:
    with watching(migrated) as process:
        second = lifeos("db", "watch", "--data-dir", migrated)
        assert second.returncode == 4
        assert "another 'lifeos db watch' is at work here" in second.stderr
        process.kill()
        process.wait()
    note(migrated, "after the kill")
    with watching(migrated):
        until_shown(migrated, "after the kill")


def test_a_legacy_save_is_taken_in_not_overwritten(migrated: Path) -> None:
    with watching(migrated) as process:
        program = LegacyProgram(migrated)
        program.records[2]["company"] = "Legacy & Sons"
        note(migrated, "at the same time")
        program.save()
        until_shown(migrated, "at the same time")
        _, lines, _ = stop(process)
    assert sum(line["people_changed"] for line in lines) == 1
    with closing(connect(migrated)) as conn:
        assert conn.execute("SELECT company FROM people WHERE rowid = 3").fetchone() == ("Legacy & Sons",)
    assert LegacyProgram(migrated).records[2]["company"] == "Legacy & Sons"


def test_a_file_that_cannot_be_read_is_named_once_and_taken_in_when_it_can(migrated: Path) -> None:
    whole = LegacyProgram(migrated)
    with watching(migrated) as process:
        (migrated / PEOPLE).write_text("[{")
        assert process.stderr is not None
        assert "is not JSON" in process.stderr.readline()
        note(migrated, "meanwhile")
        time.sleep(1.5)  # some more attempts
        whole.records[1]["notes"] = "mended"
        whole.save()
        until_shown(migrated, "meanwhile")
        code, _, error = stop(process)
    assert code == 0
    assert error.count("is not JSON") == 0
    assert LegacyProgram(migrated).records[1]["notes"] == "mended"


def test_a_locked_database_is_waited_for(migrated: Path) -> None:
    with watching(migrated) as process:
        with closing(connect(migrated)) as conn:
            note(migrated, "before the long transaction")
            conn.execute("BEGIN IMMEDIATE")
            conn.execute("UPDATE people SET notes = 'in it' WHERE rowid = 1")
            assert process.stderr is not None
            assert "locked by another process" in process.stderr.readline()
            conn.execute("COMMIT")
        until_shown(migrated, "in it")
        assert stop(process)[0] == 0


def test_a_database_that_is_replaced_or_restored_is_watched_on(migrated: Path) -> None:
    """By a rename, as a restore should, and by a copy over it; the JSON follows the older state."""
    with watching(migrated) as process:
        note(migrated, "saved state")
        until_shown(migrated, "saved state")
        for way in ("rename", "copy"):
            backup = migrated.parent / f"backup-{way}.db"
            with closing(connect(migrated)) as conn:
                conn.execute("VACUUM INTO ?", (str(backup),))
            note(migrated, f"newer {way}")
            until_shown(migrated, f"newer {way}")
            for suffix in ("-wal", "-shm"):
                (migrated / f"interactions.db{suffix}").unlink(missing_ok=True)
            if way == "rename":
                os.replace(backup, migrated / "interactions.db")
            else:
                (migrated / "interactions.db").unlink()
                shutil.copy(backup, migrated / "interactions.db")
            until_shown(migrated, "saved state")
            note(migrated, f"after {way}")
            until_shown(migrated, f"after {way}")
            note(migrated, "saved state")
            until_shown(migrated, "saved state")
        assert stop(process)[0] == 0
    assert lifeos_db.verify(migrated, deep=True).status == "warn"  # the planted orphans


def test_a_database_that_goes_away_for_a_while(migrated: Path) -> None:
    aside = migrated.parent / "aside.db"
    with watching(migrated) as process:
        note(migrated, "there")
        until_shown(migrated, "there")
        with closing(connect(migrated)) as conn:
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (migrated / "interactions.db").rename(aside)
        assert process.stderr is not None
        assert "interactions.db: no such database" in process.stderr.readline()
        aside.rename(migrated / "interactions.db")
        note(migrated, "back")
        until_shown(migrated, "back")
        assert stop(process)[0] == 0


def test_a_full_disk_is_named_and_tried_again(migrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, so that the disk can be full: the export comes when there is room again."""
    real, calls = os.fsync, [0]

    def full(handle: int) -> None:
        calls[0] += 1
        if calls[0] <= 2:
            raise OSError(28, "No space left on device")
        real(handle)

    note(migrated, "in the end")
    monkeypatch.setattr(os, "fsync", full)
    troubles: list[str] = []
    done: list[ImportReport] = []
    last = time.monotonic() + PATIENCE
    lifeos_db.watch(
        migrated,
        stop=lambda: bool(done) or time.monotonic() > last,
        on_refresh=done.append,
        on_trouble=lambda error: troubles.append(str(error)),
    )
    assert [trouble.count("No space left on device") for trouble in troubles] == [1]
    assert shown(migrated) == "in the end"


@pytest.mark.parametrize("state", ["legacy", "missing"])
def test_what_cannot_be_watched_is_refused(lifeos: Program, sample: Path, state: str) -> None:
    if state == "missing":
        (sample / "interactions.db").unlink()
    result = lifeos("db", "watch", "--data-dir", sample)
    assert result.returncode == 4
    assert ("not migrated yet" if state == "legacy" else "no such database") in result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells how often a process wakes up")
def test_at_rest_it_hardly_works(migrated: Path) -> None:
    """It wakes up a few times a second to look, and that is all."""
    with watching(migrated) as process:
        note(migrated, "x")
        until_shown(migrated, "x")
        time.sleep(1)
        before = awakenings(process.pid)
        time.sleep(4)
        assert awakenings(process.pid) - before < 80


def awakenings(pid: int) -> int:
    """How often it has gone to sleep so far."""
    found = re.search(r"^voluntary_ctxt_switches:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1])

"""Everything or nothing: dry runs, failures, kills, two at once, and what a second run heals."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

import lifeos_db
from lifeos_db import exporting
from lifeos_db.schema_objects import expected_objects
from tests.conftest import PLANTED, Program, add_interaction, snapshot
from tests.recount import assert_exact

LIFEOS = Path(sys.executable).with_name("lifeos")


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path / "interactions.db", isolation_level=None)


def test_a_dry_run_reports_the_same_and_changes_nothing(lifeos: Program, sample: Path) -> None:
    before = snapshot(sample)
    dry = lifeos("db", "migrate", "--data-dir", sample, "--dry-run", "--format", "json")
    assert dry.returncode == 0
    assert snapshot(sample) == before
    real = lifeos("db", "migrate", "--data-dir", sample, "--no-backup", "--format", "json")
    apart = {"status": None, "seconds": None}
    assert json.loads(dry.stdout) | apart == json.loads(real.stdout) | apart
    assert json.loads(dry.stdout)["status"] == "dry-run"


def test_a_dry_run_beside_a_live_writer_changes_nothing(lifeos: Program, sample: Path) -> None:
    """With a -wal that holds rows: they are seen, and the files stay as they are."""
    with closing(connect(sample)) as conn:
        add_interaction(conn, "fresh", PLANTED["me"])
        before = snapshot(sample)
        wal = before.pop("interactions.db-wal")
        before.pop("interactions.db-shm")  # the lock table that every reader notes itself in
        result = lifeos("db", "migrate", "--data-dir", sample, "--dry-run", "--format", "json")
        assert json.loads(result.stdout)["interactions"] == PLANTED["interactions"] + 1
        after = snapshot(sample)
        assert after.pop("interactions.db-wal") == wal
        after.pop("interactions.db-shm")
        assert after == before


def test_a_dry_run_after_a_killed_writer_changes_nothing(lifeos: Program, sample: Path) -> None:
    """A -wal that nobody has open any more, without its -shm, as after a crash of the machine."""
    with closing(connect(sample)) as conn:
        add_interaction(conn, "fresh", PLANTED["me"])
        wal = (sample / "interactions.db-wal").read_bytes()
    shutil.copy(Path(__file__).parent / "data" / "sample-legacy" / "interactions.db", sample / "interactions.db")
    (sample / "interactions.db-wal").write_bytes(wal)
    before = snapshot(sample)
    result = lifeos("db", "migrate", "--data-dir", sample, "--dry-run", "--format", "json")
    assert json.loads(result.stdout)["interactions"] == PLANTED["interactions"] + 1
    assert snapshot(sample) == before


def test_a_dry_run_over_a_hot_journal_changes_nothing(lifeos: Program, sample: Path) -> None:
    """A rollback journal that a killed writer left: the dry run sees the rolled-back rows, the files stay."""
    code = (
        "import os, sqlite3, sys\n"
        "conn = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "conn.execute('PRAGMA journal_mode = DELETE')\n"
        "conn.execute('PRAGMA cache_size = 2')\n"
        "conn.execute('BEGIN')\n"
        "conn.execute('DELETE FROM interactions')\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(sample / "interactions.db")], timeout=60)
    before = snapshot(sample)
    assert before["interactions.db-journal"][0]
    result = lifeos("db", "migrate", "--data-dir", sample, "--dry-run", "--format", "json")
    assert json.loads(result.stdout)["interactions"] == PLANTED["interactions"]
    assert snapshot(sample) == before


def test_a_dry_run_of_an_empty_directory_creates_nothing(lifeos: Program, tmp_path: Path) -> None:
    assert lifeos("db", "migrate", "--data-dir", tmp_path, "--dry-run").returncode == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("call", ["fsync", "put_in_place", "fchmod"])
@pytest.mark.parametrize("number", range(1, 5))
def test_a_failing_system_call_leaves_before_or_after(
    sample: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    """The n-th call fails as on a full disk: an error, no leftovers, and the next run completes."""
    before = snapshot(sample)
    place = exporting if call == "put_in_place" else os
    real, calls = getattr(place, call), iter(range(1, 100))

    def failing(*args: object, **kwargs: object) -> object:
        if next(calls) == number:
            raise OSError(28, "No space left on device")
        return real(*args, **kwargs)

    monkeypatch.setattr(place, call, failing)
    failed = ""
    try:
        lifeos_db.migrate(sample)
    except lifeos_db.LifeosError as error:
        failed = str(error)
    monkeypatch.undo()
    now = snapshot(sample)
    assert not [name for name in now if "tmp" in name or "lock" in name or "partial" in name]
    with closing(connect(sample)) as conn:
        migrated = conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'people'").fetchone()
    assert "No space left on device" in failed or not failed
    if failed and not migrated:
        assert {name: now[name][0] for name in now} == {name: before[name][0] for name in before}
    lifeos_db.migrate(sample)
    report = lifeos_db.verify(sample, deep=True)
    assert report.status == "warn"
    assert {check.name for check in report.checks if check.found} == {"orphans", "relationships"}  # nobody is the owner


def test_a_database_too_large_for_the_disk(sample: Path) -> None:
    """The file-size limit stands in for a full disk: SQLite's own write fails, in a process of its own."""
    before = snapshot(sample)
    limit = (sample / "interactions.db").stat().st_size // 2
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); "
        "sys.argv = ['lifeos', 'db', 'migrate', '--data-dir', sys.argv[1]]; "
        "from lifeos_db.cli.main import main; main()"
    )
    result = subprocess.run([sys.executable, "-c", code, str(sample)], capture_output=True, text=True, timeout=60)
    assert result.returncode == 4, result.stderr
    assert "Traceback" not in result.stderr
    assert snapshot(sample) == before


def test_killed_at_any_moment_and_run_again(sample: Path, tmp_path: Path) -> None:
    """After SIGKILL at random moments the next migrate completes, and nothing half-written is left."""
    rng = random.Random(7)
    for number in range(12):
        directory = Path(shutil.copytree(sample, tmp_path / f"try{number}"))
        process = subprocess.Popen([LIFEOS, "db", "migrate", "--data-dir", directory], stdout=-3, stderr=-3)
        time.sleep(rng.uniform(0.15, 0.6))
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
        lifeos_db.migrate(directory)
        with closing(connect(directory)) as conn:
            assert conn.execute("SELECT count(*) FROM interactions").fetchone() == (PLANTED["interactions"],)
            assert_exact(conn)
        report = lifeos_db.verify(directory, deep=True)
        assert {check.name for check in report.checks if check.found} == {"orphans", "relationships"}  # no owner
        names = {path.name for path in directory.iterdir()}
        assert not [name for name in names if name.endswith(("-tmp", "-wal", "-shm"))]


def test_files_that_cannot_be_put_into_place_are_named_and_written_by_the_next_run(
    lifeos: Program, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the commit nothing is undone, because others may be writing; the message says where things stand."""

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, "put_in_place", refuse)
    with pytest.raises(lifeos_db.LifeosError, match=r"migrated, but the JSON files are not exported yet: .*No space"):
        lifeos_db.migrate(sample)
    monkeypatch.undo()
    assert lifeos_db.verify(sample, only=["schema", "counts"]).status == "ok"
    result = lifeos("db", "migrate", "--data-dir", sample)
    assert "people_entities.json was older than the database" in result.stdout
    assert lifeos_db.check_export(sample).status == "fresh"


def test_two_at_once_the_second_waits_then_finds_nothing_to_do(sample: Path) -> None:
    command = [str(LIFEOS), "db", "migrate", "--data-dir", str(sample), "--format", "json"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    outcomes = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], outcomes
    assert sorted(json.loads(out)["status"] for out, _ in outcomes) == ["current", "migrated"]
    assert len(list((sample / "backups").iterdir())) == 1


def test_a_locked_database_is_waited_for_and_then_named(lifeos: Program, sample: Path) -> None:
    before = snapshot(sample)
    with closing(connect(sample)) as conn:
        conn.execute("BEGIN IMMEDIATE")
        result = lifeos("db", "migrate", "--data-dir", sample, "--timeout", "0.3")
        assert result.returncode == 4
        assert "locked by another process for more than 0.3 s" in result.stderr
        conn.execute("ROLLBACK")
    assert snapshot(sample) == before


def test_an_old_client_that_has_the_database_open_goes_on(sample: Path) -> None:
    """Its statements were prepared before the migration; its next write is counted."""
    with closing(connect(sample)) as conn:
        add_interaction(conn, "before", PLANTED["me"], "slack")
        conn.execute("SELECT count(*) FROM interactions").fetchone()
        lifeos_db.migrate(sample)
        add_interaction(conn, "after", PLANTED["me"], "slack")
        assert_exact(conn)


@pytest.mark.parametrize("kind", ["trigger", "view", "index"])
def test_a_second_run_heals_what_is_missing_or_altered(migrated: Path, kind: str) -> None:
    names = [item.name for item in expected_objects() if item.type == kind]
    with closing(connect(migrated)) as conn:
        for name in names:
            conn.execute(f"DROP {kind} {name}")
        conn.execute(f"DELETE FROM interactions WHERE person_id = '{PLANTED['me']}'")
        add_interaction(conn, "x", PLANTED["me"], "slack")
    report = lifeos_db.migrate(migrated)
    assert report.status == "healed"
    assert {line.split()[1] for line in report.healed} >= set(names)  # a view takes its triggers with it
    with closing(connect(migrated)) as conn:
        assert_exact(conn)
    checks = {check.name for check in lifeos_db.verify(migrated, deep=True).checks if check.found}
    assert checks == {"orphans"}


def test_a_second_run_heals_merges_that_no_trigger_has_seen(migrated: Path) -> None:
    one, other = PLANTED["me"], "bd9c66b3-ad3c-4d6d-9a3d-1fa7bc8960a9"
    with closing(connect(migrated)) as conn:
        for item in expected_objects():
            if item.type == "trigger":
                conn.execute(f"DROP TRIGGER {item.name}")
        conn.execute("INSERT INTO person_merges VALUES ('old', ?, NULL), (?, ?, NULL)", (one, one, other))
        add_interaction(conn, "x", "old", "slack")
    lifeos_db.migrate(migrated)
    with closing(connect(migrated)) as conn:
        assert_exact(conn)
        assert conn.execute("SELECT person_id FROM interactions WHERE id = 'x'").fetchone() == (other,)


def test_a_dry_run_of_a_migrated_directory_says_what_the_run_would(lifeos: Program, migrated: Path) -> None:
    assert lifeos("db", "migrate", "--dry-run", "--data-dir", migrated).stdout.startswith("nothing to do")
    with closing(connect(migrated)) as conn:
        conn.execute("DROP TRIGGER people_after_insert")
    before = snapshot(migrated)
    result = lifeos("db", "migrate", "--dry-run", "--data-dir", migrated)
    assert "would heal schema" in result.stdout
    assert "trigger people_after_insert is missing" in result.stdout
    assert snapshot(migrated) == before
    healed = lifeos("db", "migrate", "--data-dir", migrated, "--format", "json")
    assert "trigger people_after_insert is missing" in json.loads(healed.stdout)["warnings"]


def test_a_trigger_with_an_old_body_is_healed(migrated: Path) -> None:
    """CREATE TRIGGER IF NOT EXISTS would keep it; bodies are compared, not names."""
    with closing(connect(migrated)) as conn:
        conn.execute("DROP TRIGGER interactions_after_delete")
        conn.execute("CREATE TRIGGER interactions_after_delete AFTER DELETE ON interactions BEGIN SELECT 1; END")
    assert lifeos_db.verify(migrated, only=["schema"]).status == "schema"
    report = lifeos_db.migrate(migrated)
    assert report.healed == ["trigger interactions_after_delete differs from this version's definition"]
    assert lifeos_db.verify(migrated, only=["schema"]).status == "ok"


def test_ctrl_c_leaves_the_directory_as_it_was(sample: Path) -> None:
    """SIGINT while the migration waits for another program's lock, long before that is given up."""
    before = snapshot(sample)
    with closing(connect(sample)) as conn:
        conn.execute("BEGIN IMMEDIATE")
        process = subprocess.Popen(
            [LIFEOS, "db", "migrate", "--data-dir", sample, "--timeout", "60"], stderr=subprocess.PIPE, text=True
        )
        time.sleep(0.8)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "Traceback" not in err
        conn.execute("ROLLBACK")
    assert snapshot(sample) == before

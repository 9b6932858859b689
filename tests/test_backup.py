"""A backup is a whole, checked, private copy; it overwrites nothing, and it can be put back."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

import lifeos_db
from lifeos_db.errors import BackupRefused, BrokenDatabase
from tests.circle import WHAT_PEOPLE_SEE, opened
from tests.conftest import PLANTED, Program, add_interaction, snapshot

OTHERS = ("20250101T000000Z-before-migrate", "20250101T000000Z-orphans")
FOREIGN = ("interactions.db", "20250101T000000Z-interactions.db.txt", "my-20250101T000000Z-interactions.db", "notes")


def rows(database: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(database)) as conn:
        return {name: conn.execute(query).fetchall() for name, query in WHAT_PEOPLE_SEE.items()}


def test_it_goes_into_backups_whole_and_private(lifeos: Program, migrated: Path) -> None:
    before = snapshot(migrated)
    result = lifeos("db", "backup", "--data-dir", migrated)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"backed up and checked: {PLANTED['interactions']:,} interactions, ")
    assert result.stderr == ""
    (copy,) = (migrated / "backups").iterdir()
    assert str(copy) in result.stdout
    assert (copy.stat().st_mode & 0o777, copy.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert rows(copy) == rows(migrated / "interactions.db")
    after = snapshot(migrated)
    assert {name: after[name] for name in before} == before
    assert after.keys() - before.keys() == {f"backups/{copy.name}"}


def test_it_reports_its_phases(migrated: Path) -> None:
    phases: list[tuple[str, bool]] = []
    lifeos_db.back_up_database(migrated, progress=lambda phase, done, total: phases.append((phase, done == total > 0)))
    assert phases == [("backup", True), ("check", False)]


def test_a_legacy_database_can_be_backed_up_too(sample: Path) -> None:
    report = lifeos_db.back_up_database(sample)
    assert (report.interactions, report.tables) == (PLANTED["interactions"], 1)


def test_it_goes_where_it_is_told_to_and_overwrites_nothing(lifeos: Program, migrated: Path, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    assert lifeos("db", "backup", folder, "--data-dir", migrated).returncode == 0
    assert [path.name[16:] for path in folder.iterdir()] == ["-interactions.db"]
    named = folder / "mine.db"
    assert lifeos("db", "backup", named, "--data-dir", migrated).returncode == 0
    before = snapshot(folder)
    for target in (named, migrated / "interactions.db"):
        refused = lifeos("db", "backup", target, "--data-dir", migrated)
        assert refused.returncode == 4
        assert refused.stderr == (
            f"lifeos: {target}: is there already; not overwritten\nName a new file, or a directory.\n"
        )
    nowhere = lifeos("db", "backup", tmp_path / "no" / "mine.db", "--data-dir", migrated)
    assert (nowhere.returncode, nowhere.stderr.splitlines()[0]) == (4, f"lifeos: {tmp_path / 'no'}: no such directory")
    link = folder / "link.db"
    link.symlink_to(tmp_path / "nothing")
    with pytest.raises(BackupRefused):
        lifeos_db.back_up_database(migrated, link)
    link.unlink()
    assert snapshot(folder) == before


def test_keep_removes_the_oldest_of_its_own_and_nothing_else(lifeos: Program, migrated: Path) -> None:
    backups = migrated / "backups"
    backups.mkdir()
    for name in OTHERS:
        (backups / name).mkdir()
        (backups / name / "interactions.db").touch()
    for name in FOREIGN:
        (backups / name).touch()
    (backups / "20240101T000000Z-interactions.db").mkdir()  # a folder of this name is none of ours
    (backups / "20240102T000000Z-interactions.db").symlink_to(migrated / "interactions.db")
    kept = {path.name for path in backups.iterdir()}
    old = [f"2025010{day}T000000Z-interactions{more}.db" for day in (1, 2) for more in ("", "-2", "-10")]
    for name in old:
        (backups / name).touch()
    result = lifeos("db", "backup", "--keep", 3, "--data-dir", migrated)
    assert result.returncode == 0, result.stderr
    now = {path.name for path in backups.iterdir()}
    assert now >= kept | {"20250102T000000Z-interactions-2.db", "20250102T000000Z-interactions-10.db"}
    assert len(now) == len(kept) + 3
    assert result.stdout.count("  removed ") == 4
    assert rows(migrated / "interactions.db")["people"]


@pytest.mark.parametrize("arguments", [["mine.db", "--keep", "2"], ["--keep", "0"], ["--keep", "-1"]])
def test_keep_needs_a_directory_and_a_number(lifeos: Program, migrated: Path, arguments: list[str]) -> None:
    before = snapshot(migrated)
    assert lifeos("db", "backup", *arguments, "--data-dir", migrated).returncode == 2
    assert snapshot(migrated) == before
    assert not Path("mine.db").exists()


def test_two_in_one_second_are_two(migrated: Path) -> None:
    both = [lifeos_db.back_up_database(migrated).path for _ in range(2)]
    assert len(set(both)) == len(list((migrated / "backups").iterdir())) == 2


def test_writers_go_on_meanwhile_and_the_copy_is_one_state(migrated: Path) -> None:
    """Each transaction writes two rows: a copy that is no single state would have one of them somewhere."""
    stop = threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        with opened(migrated) as conn:
            while not stop.is_set():
                conn.execute("BEGIN IMMEDIATE")
                for half in "ab":
                    add_interaction(conn, f"half-{half}-{written}", PLANTED["me"], "slack")
                conn.execute("COMMIT")
                written += 1
                time.sleep(0.001)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen: list[int] = []
        for number in range(5):
            before = written
            # With progress the copy goes in steps, between which the writer commits.
            report = lifeos_db.back_up_database(
                migrated, migrated / f"copy{number}.db", progress=lambda *_: time.sleep(0.02)
            )
            seen.append(written - before)
            with closing(sqlite3.connect(report.path)) as conn:
                halves = conn.execute("SELECT count(*) FROM interactions WHERE id GLOB 'half-a-*'").fetchone()[0]
                assert report.interactions == PLANTED["interactions"] + 2 * halves
                assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                assert conn.execute("SELECT count(*) FROM person_count_drift").fetchone() == (0,)
    finally:
        stop.set()
        writer.join()
    assert any(seen)


def test_a_damaged_database_is_named_and_leaves_no_backup(lifeos: Program, migrated: Path) -> None:
    """An index that lacks a row: readable, so a plain copy would pass for a good backup."""
    some = " WHERE rowid > 5"
    for change in (f"sql || '{some}'", f"replace(sql, '{some}', '')"):
        with opened(migrated) as conn:
            conn.execute("PRAGMA writable_schema = 1")
            conn.execute(f"UPDATE sqlite_master SET sql = {change} WHERE name = 'idx_interactions_timestamp'")
        if "||" in change:
            with opened(migrated) as conn:
                conn.execute("REINDEX idx_interactions_timestamp")
    result = lifeos("db", "backup", "--data-dir", migrated)
    assert result.returncode == 4, result.stdout
    assert "not a readable SQLite database" in result.stderr
    assert "Restore it from backups/" in result.stderr
    assert list((migrated / "backups").iterdir()) == []
    with pytest.raises(BrokenDatabase):
        lifeos_db.back_up_database(migrated)


def test_what_a_killed_backup_left_goes_with_the_next(migrated: Path) -> None:
    program = Path(sys.executable).with_name("lifeos")
    left = False
    for tenths in range(1, 20):
        process = subprocess.Popen([program, "db", "backup", "--data-dir", migrated], stdout=-3, stderr=-3)
        deadline = time.monotonic() + 10
        while process.poll() is None and time.monotonic() < deadline:
            if (migrated / "backups" / ".interactions.db.lifeos-tmp").exists():
                time.sleep(tenths / 1000)
                break
        process.kill()
        process.wait(timeout=10)
        left = (migrated / "backups" / ".interactions.db.lifeos-tmp").exists()
        if left:
            break
    assert left
    kept = len(list((migrated / "backups").glob("*Z-interactions.db")))
    lifeos_db.back_up_database(migrated)
    names = sorted(path.name for path in (migrated / "backups").iterdir())
    assert len(names) == kept + 1
    assert all(name.endswith("-interactions.db") for name in names)


def restore_commands() -> list[str]:
    page = (Path(__file__).parent.parent / "docs" / "backup-and-eject.md").read_text()
    block = page.split("## Put a backup back")[1].split("```sh\n")[1].split("```")[0]
    return [line.split("#")[0].strip() for line in block.splitlines()]


def test_it_can_be_put_back_as_the_page_says(lifeos: Program, migrated: Path, tmp_path: Path) -> None:
    """The commands of docs/backup-and-eject.md, word by word; exports and counts are right afterwards."""
    then = rows(migrated / "interactions.db")
    files = {path.name: path.read_bytes() for path in migrated.glob("*.json")}
    backup = lifeos_db.back_up_database(migrated)
    with opened(migrated) as conn:
        conn.execute(f"DELETE FROM interactions WHERE person_id = '{PLANTED['me']}'")
        conn.execute("UPDATE people SET notes = 'later'")
    lifeos_db.export(migrated)
    shutil.copytree(migrated, tmp_path / "work" / "data")
    program = Path(sys.executable).parent
    stamp = Path(backup.path).name
    for line in restore_commands():
        command = line.replace("20261123T081500Z-interactions.db", stamp)
        done = subprocess.run(
            command,
            shell=True,
            cwd=tmp_path / "work",
            capture_output=True,
            text=True,
            timeout=60,
            env={"PATH": f"{program}:/usr/bin:/bin", "HOME": str(tmp_path)},
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    restored = tmp_path / "work" / "data"
    assert rows(restored / "interactions.db") == then
    assert {name: (restored / name).read_bytes() for name in files} == files
    report = lifeos_db.verify(restored, deep=True)
    assert {check.name for check in report.checks if check.found} == {"orphans"}
    assert lifeos_db.import_edits(restored).status == "nothing"
    with opened(restored) as conn:
        conn.execute("UPDATE people SET notes = 'again'")
    assert lifeos_db.export(restored).status == "written"

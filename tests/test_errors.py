"""Every error a person can meet: exit code 4 (or 2), a line that says what, a line that says what to do."""

from __future__ import annotations

import inspect
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from lifeos_db.cli.main import load
from typer.testing import CliRunner

import lifeos_db
from lifeos_db import errors
from tests.circle import opened
from tests.conftest import DATA, PLANTED, Program, new_database, snapshot

PAGE = (Path(__file__).parent.parent / "docs" / "errors.md").read_text()
# Each command, called as it should be, on somebody who is there.
COMMANDS = {
    "verify": [],
    "export": [],
    "watch": [],
    "show": [PLANTED["me"]],
    "merge": [PLANTED["me"], "x"],
    "unmerge": ["x"],
    "split": [PLANTED["me"], "--new", "x", "--source-type", "slack"],
    "hide": [PLANTED["me"]],
    "unhide": [PLANTED["me"]],
    "orphans": [],
    "duplicates": [],
    "import": [],
    "run": ["true"],
    "backup": [],
    "eject": [],
}
CLASSES = [
    name
    for name, item in inspect.getmembers(errors, inspect.isclass)
    if issubclass(item, errors.LifeosError) and item is not errors.LifeosError
]


def called(directory: Path, command: str, *arguments: str) -> tuple[int, str, list[str]]:
    """Exit code, stdout, and the last two lines of stderr, of the program in this process."""
    words = ["db", command, "--data-dir", str(directory), *(arguments or COMMANDS[command])]
    result = CliRunner().invoke(load(), words)
    return result.exit_code, result.stdout, result.stderr.splitlines()[-2:]


def test_every_error_is_on_the_page_and_no_other() -> None:
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) != []
    assert sorted(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == sorted(CLASSES)


def test_no_error_is_raised_without_a_class_of_its_own() -> None:
    """So that the page can name it: LifeosError itself is only what the others have in common."""
    root = Path(errors.__file__).parent
    assert not [path.name for path in root.rglob("*.py") if re.search(r"raise LifeosError\(", path.read_text())]


def test_every_public_function_says_what_it_raises() -> None:
    """By the sets that lifeos_db/errors.py names, and by classes that there are."""
    sets = {"what opening raises", "what changing raises", "what finding a person raises"}
    assert errors.__doc__ is not None
    assert set(re.findall(r"^(What [a-z ]+ raises):", errors.__doc__, re.MULTILINE)) == {
        name.replace("what", "What", 1) for name in sets
    }
    for name in lifeos_db.__all__:
        item = getattr(lifeos_db, name)
        text = " ".join((inspect.getdoc(item) or "").split())
        assert set(re.findall(r"[wW]hat [a-z ]+ raises", text)) <= sets, name
        if inspect.isfunction(item):
            opens = "data_dir" in inspect.signature(item).parameters
            assert re.search("what (opening|changing) raises" if opens else "Raises", text), name


def test_the_page_shows_what_the_program_says(lifeos: Program, migrated: Path) -> None:
    shown = PAGE.split("```text\n$ ")[1].split("```")[0].splitlines()
    result = lifeos("db", "show", "Heidi Le 24", "--data-dir", migrated)
    assert shown[0] == 'lifeos db show "Heidi Le 24"'
    assert result.stderr.splitlines() == shown[1:]
    assert (result.returncode, result.stdout) == (4, "")


@pytest.mark.parametrize("command", [*COMMANDS, "migrate"])
def test_a_wrong_directory(tmp_path: Path, command: str) -> None:
    arguments = COMMANDS.get(command, ["--dry-run"])
    code, out, err = called(tmp_path / "typo", command, *arguments)
    assert (code, out) == (4, "")
    assert err == [
        f"lifeos: {tmp_path / 'typo'}: no such directory",
        "Name the data directory with --data-dir or LIFEOS_DATA_DIR, or create it first.",
    ]
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    assert called(tmp_path / "file", command, *arguments)[2][0] == f"lifeos: {tmp_path / 'file'}: no such directory"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_directory_without_a_database(tmp_path: Path, command: str) -> None:
    code, out, err = called(tmp_path, command)
    assert (code, out) == (4, "")
    assert err[0] == f"lifeos: {tmp_path / 'interactions.db'}: no such database"
    assert "lifeos db migrate" in err[1]
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Directories whose database no command but migrate, backup and eject can work with."""
    root = tmp_path_factory.mktemp("shapes")
    legacy = Path(shutil.copytree(DATA / "sample-legacy", root / "legacy"))
    found = {"legacy": legacy}
    for name, version in (("older", 1), ("newer", 99)):
        (root / name).mkdir()
        with closing(sqlite3.connect(root / name / "interactions.db")) as conn, closing(new_database()) as today:
            today.execute(f"PRAGMA user_version = {version}")
            today.backup(conn)
        found[name] = root / name
    (root / "broken").mkdir()
    (root / "broken" / "interactions.db").write_bytes(b"this is no database" * 100)
    return found | {"broken": root / "broken"}


WHAT_THEY_SAY = {
    "legacy": ("not migrated yet", "Run 'lifeos db migrate --dry-run'"),
    "older": ("schema version 1, this program works with", "Run 'lifeos db migrate'"),
    "newer": ("schema version 99 is newer than this program knows", "Upgrade lifeos-db"),
    "broken": ("not a readable SQLite database", "Restore it from backups/"),
}


@pytest.mark.parametrize("shape", WHAT_THEY_SAY)
def test_a_database_that_is_not_todays(shapes: dict[str, Path], shape: str) -> None:
    before = snapshot(shapes[shape])
    for command in COMMANDS:
        if shape != "broken" and (command == "backup" or (command, shape) == ("eject", "legacy")):
            continue  # a backup of any version is right, and a legacy directory needs no eject
        code, out, err = called(shapes[shape], command)
        assert (code, out) == (4, ""), command
        assert err[0].startswith("lifeos: ")
        assert WHAT_THEY_SAY[shape][0] in err[0], command
        assert err[1].startswith(WHAT_THEY_SAY[shape][1]), command
        if command == "backup":
            (shapes[shape] / "backups").rmdir()
        assert snapshot(shapes[shape]) == before, command


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "Heidi Le 24"],
        ["merge", PLANTED["me"], "Heidi Le 24"],
        ["merge", "Heidi Le 24", PLANTED["me"]],
        ["hide", "Heidi Le 24"],
        ["unhide", "Heidi Le 24"],
        ["unmerge", "Heidi Le 24"],
        ["split", "Heidi Le 24", "--new", "x", "--source-type", "slack"],
        ["split", PLANTED["me"], "--to", "Heidi Le 24", "--source-type", "slack"],
        ["orphans", "--assign", "Heidi Le 24"],
        ["verify", "--person", "Heidi Le 24"],
        ["migrate", "--owner", "Heidi Le 24"],
    ],
    ids=" ".join,
)
def test_a_typing_error_in_a_name_is_answered_with_the_nearest(
    migrated_sample: Path, arguments: list[str], tmp_path: Path
) -> None:
    directory = Path(shutil.copytree(migrated_sample, tmp_path / "data"))
    result = CliRunner().invoke(load(), ["db", arguments[0], "--data-dir", str(directory), *arguments[1:]])
    assert result.exit_code == 4
    lines = result.stderr.splitlines()
    assert lines[0].startswith("  29a3b2e9-5d65-4441-9588-42dea2bc372f  Heidi Lee 24  p24@example.org")
    assert lines[-2] == "lifeos: 'Heidi Le 24': no such person"
    assert "nearest are listed above" in lines[-1]


def test_the_owner_of_a_legacy_directory_may_be_named_and_is_helped_too(sample: Path) -> None:
    before = snapshot(sample)
    result = CliRunner().invoke(load(), ["db", "migrate", "--data-dir", str(sample), "--owner", "Nguyen Grun"])
    assert result.exit_code == 4
    assert "Nguyễn Grün 0" in result.stderr.splitlines()[0]
    assert snapshot(sample) == before
    done = CliRunner().invoke(load(), ["db", "migrate", "--data-dir", str(sample), "--owner", "nguyen grün 0"])
    assert done.exit_code == 4  # without its accents a name is found, but not taken for another's
    done = CliRunner().invoke(load(), ["db", "migrate", "--data-dir", str(sample), "--owner", "Nguyễn Grün 0"])
    assert done.exit_code == 0, done.stderr
    with opened(sample) as conn:
        assert conn.execute("SELECT value FROM settings WHERE key = 'owner_id'").fetchone() == (PLANTED["me"],)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["db", "merg"], "No such command 'merg'"),
        (["db", "show"], "PERSON"),
        (["db", "show", "x", "y"], "unexpected extra argument"),
        (["db", "verify", "--only", "conts"], "no check is called 'conts'"),
        (["db", "verify", "--frmat", "json"], "No such option"),
        (["db", "orphans", "--assign", "x", "--delete"], "give one of the two"),
        (["db", "split", "x"], "give either an existing person or a new name"),
        (["db", "backup", "x.db", "--keep", "2"], "needs a directory of backups"),
        (["db", "--data-dir", "somewhere", "demo"], "name it with --dir"),
        (["db", "run"], "COMMAND"),
        (["db", "watch", "--debounce", "-1"], "--debounce"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_called_in_the_wrong_way(migrated: Path, arguments: list[str], says: str) -> None:
    result = CliRunner().invoke(load(), arguments, env={"LIFEOS_DATA_DIR": str(migrated), "COLUMNS": "200"})
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr
    assert "--help" in result.stderr
    assert not Path("x.db").exists()


def test_a_demo_takes_a_directory_of_its_own(lifeos: Program, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    (tmp_path / "file").touch()
    before = snapshot(tmp_path)
    for name in ("mine", "file"):
        result = lifeos("db", "demo", "--dir", tmp_path / name)
        assert (result.returncode, result.stdout) == (4, "")
        assert result.stderr.splitlines()[0] == f"lifeos: {tmp_path / name}: not an empty directory"
        assert snapshot(tmp_path) == before
    below = lifeos("db", "demo", "--dir", tmp_path / "file" / "demo")
    assert below.returncode == 4
    assert "Not a directory" in below.stderr


@pytest.fixture
def forbidden(tmp_path: Path, migrated_sample: Path) -> Iterator[Path]:
    """A migrated directory in which nothing may be written, nor anything new be made."""
    directory = Path(shutil.copytree(migrated_sample, tmp_path / "data"))
    for path in directory.iterdir():
        path.chmod(0o444)
    directory.chmod(0o555)
    yield directory
    directory.chmod(0o755)


def unprivileged(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the installed program as somebody to whom permissions apply, root or not; skips where that cannot be."""
    import ctypes

    def obey() -> None:
        for capability in (1, 2, 3):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER: root is above permissions
            if ctypes.CDLL(None, use_errno=True).prctl(24, capability, 0, 0, 0):  # PR_CAPBSET_DROP
                raise OSError(ctypes.get_errno(), "prctl")

    try:
        return subprocess.run(
            [str(Path(sys.executable).with_name("lifeos")), *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=obey if os.getuid() == 0 else None,
        )
    except subprocess.SubprocessError as error:
        pytest.skip(f"root cannot give up its privileges here: {error}")


@pytest.mark.parametrize(
    "arguments",
    [
        ["db", "export", "--force"],
        ["db", "hide", PLANTED["me"]],
        ["db", "verify", "--fix"],
        ["db", "backup"],
        ["db", "eject"],
        ["db", "demo"],
    ],
    ids=" ".join,
)
def test_no_permission_to_write(forbidden: Path, arguments: list[str]) -> None:
    before = snapshot(forbidden)
    where = ["--dir", forbidden / "demo"] if "demo" in arguments else ["--data-dir", forbidden]
    result = unprivileged(*arguments, *where)
    assert (result.returncode, result.stdout) == (4, ""), result.stderr
    first, second = result.stderr.splitlines()
    assert first.startswith(f"lifeos: {forbidden}")
    assert re.search("Permission denied|readonly database|unable to open", first)
    assert second == "Check free space and permissions, then run the command again."
    assert snapshot(forbidden) == before


def test_no_permission_to_write_is_enough_to_read(forbidden: Path) -> None:
    result = unprivileged("db", "show", PLANTED["me"], "--data-dir", forbidden)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("command", ["hide", "merge", "eject"])
def test_a_table_that_cannot_be_made_anew_wants_a_backup(migrated: Path, command: str) -> None:
    with opened(migrated) as conn:
        conn.execute("DROP TABLE people")
    code, out, err = called(migrated, command)
    assert (code, out) == (4, "")
    assert err[0] == f"lifeos: {migrated / 'interactions.db'}: table people is missing"
    assert err[1] == "Restore interactions.db from backups/: a table cannot be rebuilt without its rows."


def test_a_log_that_cannot_be_opened_is_not_passed_over(migrated: Path, tmp_path: Path) -> None:
    """Commits that stand in the log alone would be missed, and what is wrong would be called right."""
    directory = tmp_path / "with-log"
    with opened(migrated) as conn:
        conn.execute("PRAGMA wal_autocheckpoint = 0")
        conn.execute("UPDATE people SET email_count = 99")
        shutil.copytree(migrated, directory)
    (directory / "interactions.db-shm").unlink()
    assert (directory / "interactions.db-wal").stat().st_size
    directory.chmod(0o555)
    try:
        for words in (["verify", "--only", "counts"], ["export", "--check"], ["show", PLANTED["me"]], ["status"]):
            result = unprivileged("db", *words, "--data-dir", directory)
            assert (result.returncode, result.stdout) == (4, ""), words
            assert result.stderr.startswith(f"lifeos: {directory / 'interactions.db'}: unable to open"), words
    finally:
        directory.chmod(0o755)


@pytest.mark.parametrize("place", ["directory", "above", "database"])
def test_no_permission_to_read(forbidden: Path, place: str) -> None:
    closed = {"directory": forbidden, "above": forbidden.parent, "database": forbidden / "interactions.db"}[place]
    mode = closed.stat().st_mode
    closed.chmod(0)
    try:
        for words in (["show", PLANTED["me"]], ["verify"], ["export"], ["migrate"], ["backup"]):
            result = unprivileged("db", *words, "--data-dir", forbidden)
            assert (result.returncode, result.stdout) == (4, ""), (words, result.stderr)
            first, second = result.stderr.splitlines()
            assert first.startswith(f"lifeos: {forbidden}")
            assert re.search("Permission denied|unable to open", first), first
            assert second == "Check free space and permissions, then run the command again."
    finally:
        closed.chmod(mode)

"""Ctrl-C in a terminal, at any moment of any long command: exit code 130, and the state before or the state after."""

from __future__ import annotations

import json
import os
import pty
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import lifeos_db
from lifeos_db.interrupts import finishing
from tests.circle import opened
from tests.conftest import DATA, PLANTED, add_interaction
from tests.recount import assert_exact

LIFEOS = Path(sys.executable).with_name("lifeos")
ONE, OTHER = "4b0dbb41-8d52-48f1-942c-3fe860e7a113", "0a368ce7-dc57-4131-b8e1-daa7cbceabde"
LOADED = "orjson" if sys.platform == "linux" else ""
"""A library that the work of each command loads: from then on there is something to interrupt."""
State = dict[str, object]


def start(arguments: Sequence[object]) -> tuple[subprocess.Popen[bytes], int]:
    """The installed program in the foreground of a pseudo-terminal of its own; and our end of that."""
    ours, theirs = pty.openpty()

    def take_the_terminal() -> None:
        os.setsid()
        os.close(os.open(os.ttyname(0), os.O_RDWR))  # the first terminal that a session opens becomes its own

    process = subprocess.Popen(
        [LIFEOS, "db", *map(str, arguments)], stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=take_the_terminal
    )
    os.close(theirs)
    return process, ours


def press_ctrl_c(terminal: int) -> None:
    """As a person does: the terminal makes a SIGINT of it for everybody in its foreground."""
    os.write(terminal, termios.tcgetattr(terminal)[6][termios.VINTR])


def ended(process: subprocess.Popen[bytes], terminal: int) -> tuple[int, str]:
    """Its exit code, and what it showed."""
    shown = b""
    try:
        while piece := os.read(terminal, 65536):
            shown += piece
    except OSError:  # what Linux answers when the other end has closed
        pass
    os.close(terminal)
    return process.wait(timeout=60), shown.decode(errors="replace")


def loaded(process: subprocess.Popen[bytes], library: str) -> None:
    """Wait until the process has loaded the library, or has ended."""
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if library in Path(f"/proc/{process.pid}/maps").read_text():
                return
        except OSError:
            return
        time.sleep(0.002)


def state(directory: Path) -> State:
    """The rows, what the schema is, and the JSON files."""
    found: State = {path.name: path.read_bytes() for path in directory.glob("*.json")}
    with opened(directory) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        objects = conn.execute("SELECT type, name FROM sqlite_master ORDER BY 1, 2").fetchall()
        found["objects"] = objects
        for name in ("interactions", "people", "person_merges", "relationship_records"):
            if ("table", name) in objects:
                columns = "merged_id, survivor_id" if name == "person_merges" else "*"
                found[name] = conn.execute(f"SELECT {columns} FROM {name} ORDER BY rowid").fetchall()
    return found


def changed_by_sql(directory: Path) -> None:
    with opened(directory) as conn:
        add_interaction(conn, "new", PLANTED["me"], "slack")


def edited(directory: Path) -> None:
    path = directory / "people_entities.json"
    people = json.loads(path.read_text())
    people[3]["notes"] = "edited"
    path.write_text(json.dumps(people, indent=2))


def damaged(directory: Path) -> None:
    with opened(directory) as conn:
        conn.execute("UPDATE people SET email_count = 99")
        conn.execute("DROP TRIGGER people_after_insert")


def legacy(directory: Path) -> None:
    shutil.rmtree(directory)
    shutil.copytree(DATA / "sample-legacy", directory)


def as_it_is(_directory: Path) -> None:
    pass


COMMANDS: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "migrate": (legacy, []),
    "export": (changed_by_sql, []),
    "import": (edited, []),
    "merge": (as_it_is, [ONE, OTHER]),
    "verify": (damaged, ["--fix"]),
    "backup": (as_it_is, []),
    "eject": (changed_by_sql, []),
}


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells when the work begins")
@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_at_any_moment(migrated: Path, tmp_path: Path, command: str) -> None:
    prepare, arguments = COMMANDS[command]
    prepare(migrated)
    before = state(migrated)
    done = Path(shutil.copytree(migrated, tmp_path / "done"))
    process, terminal = start([command, *arguments, "--data-dir", done])
    loaded(process, LOADED)
    began = time.monotonic()
    code, shown = ended(process, terminal)
    whole = time.monotonic() - began
    assert code in (0, 1), shown
    after = state(done)
    # An export comes before an eject takes anything out, and as_of moves with it.
    exported = Path(shutil.copytree(migrated, tmp_path / "exported"))
    if command == "eject":
        lifeos_db.export(exported)
    allowed = [before, after, state(exported)]
    rng = random.Random(command)
    interrupted = 0
    for number in range(3):
        directory = Path(shutil.copytree(migrated, tmp_path / f"try{number}"))
        process, terminal = start([command, *arguments, "--data-dir", directory])
        loaded(process, LOADED)
        time.sleep(rng.uniform(0, whole * 0.8) if number else 0)  # the first comes before anything is done
        press_ctrl_c(terminal)
        code, shown = ended(process, terminal)
        assert code in (0, 1, 130), shown
        assert "Traceback" not in shown
        assert "Exception" not in shown
        if code == 130:
            interrupted += 1
            assert "lifeos: interrupted; nothing is half done\r\nRun the command again when you like.\r\n" in shown
        found = state(directory)
        assert found in allowed, (shown, [[key for key in found if found[key] != one.get(key)] for one in allowed])
        left = {path.name for path in directory.rglob("*")} - {path.name for path in migrated.rglob("*")}
        kept = r"crm\.db|interactions\.db|.*\.json|backups|\d{8}T\d{6}Z-(interactions\.db|before-(migrate|eject))"
        assert not [name for name in left if not re.fullmatch(kept, name)]
        if state(directory) == before != after and command in ("migrate", "eject"):
            assert not (directory / "backups").exists()
        # Whatever was interrupted, the next run brings it to its end.
        if state(directory) != after and number == 0:
            process, terminal = start([command, *arguments, "--data-dir", directory])
            code, shown = ended(process, terminal)
            assert code in (0, 1), shown
            assert state(directory) == after
    assert interrupted
    if command != "eject":
        with closing(sqlite3.connect(done / "interactions.db")) as conn:
            assert_exact(conn)


def test_ctrl_c_while_the_program_is_still_being_loaded(migrated: Path) -> None:
    """No traceback, whatever was being imported."""
    for library in ("_json", "_ctypes", "_sqlite3"):
        process, terminal = start(["verify", "--data-dir", migrated])
        loaded(process, library)
        press_ctrl_c(terminal)
        code, shown = ended(process, terminal)
        assert (code, "Traceback" in shown) in ((130, False), (0, False)), shown


def test_a_demo_that_is_interrupted_leaves_no_directory(tmp_path: Path) -> None:
    process, terminal = start(["demo", "--dir", tmp_path / "demo"])
    deadline = time.monotonic() + 30
    while not (tmp_path / "demo" / "people_entities.json").exists() and time.monotonic() < deadline:
        time.sleep(0.002)
    press_ctrl_c(terminal)
    code, shown = ended(process, terminal)
    assert code == 130, shown
    assert "Traceback" not in shown
    assert not (tmp_path / "demo").exists()


def test_what_is_being_finished_is_finished_first() -> None:
    done = []

    def work(presses: int) -> None:
        with finishing(), finishing():
            for _ in range(presses):
                signal.raise_signal(signal.SIGINT)
            done.append(presses)

    with pytest.raises(KeyboardInterrupt):
        work(1)
    assert done == [1]
    with pytest.raises(KeyboardInterrupt):
        work(2)  # who presses twice does not want to wait
    assert done == [1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_ctrl_c_after_the_commit_leaves_the_files_written(
    migrated: Path, sample_changes: Callable[[Path], object]
) -> None:
    """Between commit and export, where half would be done: the interrupt comes when both are."""
    with pytest.raises(KeyboardInterrupt):
        sample_changes(migrated)
    assert lifeos_db.check_export(migrated).status == "fresh"
    assert {check.name for check in lifeos_db.verify(migrated, deep=True).checks if check.found} == {"orphans"}


@pytest.fixture(params=["merge", "verify", "import"])
def sample_changes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], object]:
    """A change of the directory in which a SIGINT comes as soon as the export begins."""
    from lifeos_db import changing, exporting, importing, repair

    plain = exporting.export_locked

    def interrupted(*args: Any, **kwargs: Any) -> exporting.ExportReport:
        signal.raise_signal(signal.SIGINT)
        return plain(*args, **kwargs)

    for module in (changing, importing, repair):
        monkeypatch.setattr(module, "export_locked", interrupted)

    def act(directory: Path) -> object:
        if request.param == "merge":
            return lifeos_db.merge(directory, ONE, OTHER)
        if request.param == "verify":
            damaged(directory)
            return lifeos_db.verify(directory, fix=True)
        edited(directory)
        return lifeos_db.import_edits(directory)

    return act

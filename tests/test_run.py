"""lifeos db run: a script as it is, with its output, signals and exit code; then an export and what it changed."""

from __future__ import annotations

import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

import lifeos_db
from tests.conftest import PLANTED, Program
from tests.legacy_program import PEOPLE, LegacyProgram

PROGRAM = str(Path(sys.executable).with_name("lifeos"))

SYNC = """
import sqlite3, sys
conn = sqlite3.connect(sys.argv[1])
person = sys.argv[2]
columns = "id, person_id, timestamp, source_type, title, snippet, source_link, source_id, created_at"
rows = [
    (f"sync-{n}", person if n % 2 else "nobody-yet", "2026-01-01T09:00:00+00:00", "imessage", "← hello", None, None,
     f"imessage_s{n}", "2026-01-01T10:00:00+00:00")
    for n in range(1200)
]
for start in range(0, len(rows), 500):
    batch = rows[start:start + 500]
    conn.executemany(f"INSERT OR IGNORE INTO interactions ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", batch)
    conn.commit()
conn.execute("DELETE FROM interactions WHERE source_type = 'vault'")
conn.execute("INSERT INTO people (id, canonical_name) VALUES ('somebody-new', 'New')")
conn.commit()
print("synced", len(rows))
print("a warning of the script's own", file=sys.stderr)
sys.exit(int(sys.argv[3]))
"""


def sync(path: Path, code: int = 0) -> list[str]:
    return [sys.executable, "-c", SYNC, str(path / "interactions.db"), PLANTED["me"], str(code)]


def test_a_script_in_the_legacys_own_style(lifeos: Program, migrated: Path) -> None:
    with closing(sqlite3.connect(migrated / "interactions.db")) as conn:
        rows = "FROM interactions WHERE source_type = 'vault'"
        vault = conn.execute(f"SELECT count(*) {rows}").fetchone()[0]
        people = conn.execute(f"SELECT count(*) FROM people WHERE id IN (SELECT person_id {rows})").fetchone()[0]
    result = lifeos("db", "run", "--data-dir", migrated, "--", *sync(migrated, 3))
    assert result.returncode == 3
    assert result.stdout == "synced 1200\n"
    assert "a warning of the script's own\n" in result.stderr
    assert f"imessage +1,200, vault -{vault}" in result.stderr
    touched = int(result.stderr.split(" touched, 1 new")[0].split()[-1])
    assert people <= touched <= people + 1  # the owner may have had a note
    assert "orphans        600 new" in result.stderr
    assert "written        people_entities.json" in result.stderr
    assert lifeos_db.check_export(migrated).status == "fresh"
    again = lifeos("db", "run", "--data-dir", migrated, "--", *sync(migrated)[:-1], "0")
    assert again.returncode == 1  # the script's own: somebody-new is there already
    assert "none added, none removed" in again.stderr


def test_delete_all_and_insert_again_shows_both(lifeos: Program, migrated: Path) -> None:
    code = (
        "import sqlite3, sys\n"
        "conn = sqlite3.connect(sys.argv[1])\n"
        "rows = conn.execute(\"SELECT * FROM interactions WHERE source_type = 'slack'\").fetchall()\n"
        "conn.execute(\"INSERT INTO interactions VALUES ('last', 'x', '', 'sms', '', '', '', '', '', '', 1)\")\n"
        "conn.execute(\"DELETE FROM interactions WHERE source_type = 'slack'\")\n"
        "conn.executemany('INSERT INTO interactions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', rows)\n"
        "conn.execute(\"UPDATE interactions SET source_type = 'sms' WHERE id = ?\", (rows[0][0],))\n"
        "conn.commit()\n"
        "print(len(rows))\n"
    )
    result = lifeos("db", "run", "--data-dir", migrated, "--", sys.executable, "-c", code, migrated / "interactions.db")
    assert result.returncode == 0, result.stderr
    rows = int(result.stdout)
    assert f"slack +{rows - 1} -{rows}, sms +2" in result.stderr


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        (["no-such-program-here"], 127, "no-such-program-here: No such file or directory"),
        (["/"], 126, "/: Permission denied"),
        (["sh", "-c", "kill -9 $$"], 137, "sh ended with 137"),
        (["sh", "-c", "exit 7"], 7, "sh ended with 7"),
        (["sh", "-c", "cat; echo $0 $1", "--verify", "--help"], 0, "sh ended with 0"),
    ],
)
def test_the_exit_code_is_the_scripts(
    lifeos: Program, migrated: Path, command: list[str], code: int, message: str
) -> None:
    result = lifeos("db", "run", "--data-dir", migrated, *command)
    assert result.returncode == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_input_goes_to_the_script(migrated: Path) -> None:
    result = subprocess.run(
        [PROGRAM, "db", "run", "--data-dir", str(migrated), "--", "cat"],
        input=b"\x00\xff",
        capture_output=True,
        timeout=60,
    )
    assert (result.returncode, result.stdout) == (0, b"\x00\xff")


def test_verify_makes_a_clean_script_with_a_dirty_result_fail(lifeos: Program, migrated: Path) -> None:
    code = (
        "import sqlite3, sys\n"
        "conn = sqlite3.connect(sys.argv[1])\n"
        "conn.execute('UPDATE people SET email_count = 99 WHERE rowid = 1')\n"
        "conn.commit()\n"
        "sys.exit(int(sys.argv[2]))\n"
    )
    command = (sys.executable, "-c", code, migrated / "interactions.db")
    assert lifeos("db", "run", "--verify", "--data-dir", migrated, "--", "true").returncode == 0
    result = lifeos("db", "run", "--verify", "--data-dir", migrated, "--", *command, 0)
    assert result.returncode == 1
    assert "verified       drift: counts 1" in result.stderr
    assert lifeos("db", "run", "--verify", "--data-dir", migrated, "--", *command, 5).returncode == 5
    assert lifeos("db", "run", "--data-dir", migrated, "--", *command, 0).returncode == 0


def test_legacy_saves_before_and_in_the_script_are_imported(lifeos: Program, migrated: Path) -> None:
    program = LegacyProgram(migrated)
    first, second = program.records[0]["id"], program.records[1]["id"]
    program[first]["notes"] = "before"
    program.save()
    code = (
        "import json, os, sys\n"
        "records = json.load(open(sys.argv[1]))\n"
        "records[1]['notes'] = 'in the script, which sees: ' + records[0]['notes']\n"
        "json.dump(records, open(sys.argv[1] + '.new', 'w'), indent=2)\n"
        "os.replace(sys.argv[1] + '.new', sys.argv[1])\n"
    )
    result = lifeos("db", "run", "--data-dir", migrated, "--", sys.executable, "-c", code, migrated / PEOPLE)
    assert result.returncode == 0, result.stderr
    with closing(sqlite3.connect(migrated / "interactions.db")) as conn:
        notes = dict(conn.execute("SELECT id, notes FROM people WHERE id IN (?, ?)", (first, second)).fetchall())
    assert notes == {first: "before", second: "in the script, which sees: before"}
    assert result.stderr.count("imported people_entities.json") == 2


def test_a_file_that_cannot_be_imported_keeps_no_script_from_running(lifeos: Program, migrated: Path) -> None:
    (migrated / PEOPLE).write_text("{broken")
    result = lifeos("db", "run", "--data-dir", migrated, "--", *sync(migrated))
    assert "imessage +1,200" in result.stderr
    assert result.stderr.count("is not JSON") == 1
    assert result.returncode == 4
    assert (migrated / PEOPLE).read_text() == "{broken"


def test_a_directory_that_is_not_migrated_is_refused_before_the_script_runs(lifeos: Program, sample: Path) -> None:
    result = lifeos("db", "run", "--data-dir", sample, "--", "touch", sample / "ran")
    assert result.returncode == 4
    assert "not migrated yet" in result.stderr
    assert not (sample / "ran").exists()


READY = "import signal, sys, time\n{}\nprint('ready', flush=True)\ntime.sleep(30)\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_goes_to_the_script_and_the_export_still_comes(migrated: Path, number: int) -> None:
    code = (
        "import sqlite3\n"
        f"conn = sqlite3.connect({str(migrated / 'interactions.db')!r})\n"
        "conn.execute(\"UPDATE people SET notes = 'written' WHERE rowid = 1\")\n"
        "conn.commit()\n" + READY.format(f"signal.signal({int(number)}, signal.SIG_DFL)")
    )
    process = subprocess.Popen(
        [PROGRAM, "db", "run", "--data-dir", str(migrated), "--", sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # no terminal: the signal reaches the program alone
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 128 + number, error.decode()
    assert LegacyProgram(migrated).records[0]["notes"] == "written"


def test_ctrl_c_on_a_terminal_reaches_the_script_once_and_one_that_ignores_it_goes_on(migrated: Path) -> None:
    code = (
        "import signal, sys, time\n"
        "got = []\n"
        "signal.signal(signal.SIGINT, lambda *_: got.append(1))\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "print('interrupted', len(got), flush=True)\n"
        "sys.exit(9)\n"
    )
    child, terminal = pty.fork()
    if child == 0:
        os.execv(PROGRAM, [PROGRAM, "db", "run", "--data-dir", str(migrated), "--", sys.executable, "-c", code])
    shown = b""
    until = time.monotonic() + 30
    while b"ready" not in shown and time.monotonic() < until:
        shown += os.read(terminal, 1000)
    os.write(terminal, b"\x03")
    time.sleep(0.5)  # a second, forwarded signal would have come by now
    os.write(terminal, b"\n")
    try:
        while piece := os.read(terminal, 1000):
            shown += piece
    except OSError:  # what Linux answers when the other end has closed
        pass
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    assert b"interrupted 1" in shown
    assert os.waitstatus_to_exitcode(status) == 9
    assert json.loads((migrated / PEOPLE).read_text())

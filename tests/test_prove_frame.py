"""The runner of `make prove`: the table and the exit code say what was lost, also of a part that broke in the end."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
Run = Callable[..., "subprocess.CompletedProcess[str]"]
FINE = """
from tests.prove.frame import Effort, Row
TITLE = "fine"
def prove(effort):
    yield Row("things", effort.times(1000))
    yield Row("what is not here", skipped="no such program")
"""
BROKEN = """
from tests.prove.frame import Effort, Row
TITLE = "broken"
def prove(effort):
    yield Row("other things", 3, ["SELECT 'what was lost';"])
    {}
"""


ENDLESS = """
import os, time
from pathlib import Path
from tests.prove.frame import Effort, Row
TITLE = "endless"
def prove(effort):
    Path("pid.new").write_text(str(os.getpid()))
    os.rename("pid.new", "pid")
    time.sleep(60)
    yield Row("a minute", 1)
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the real runner over parts of our own, in a package of the same name."""
    package = tmp_path / "tests" / "prove"
    package.mkdir(parents=True)
    (tmp_path / "tests" / "__init__.py").touch()
    for name in ("__init__.py", "__main__.py", "frame.py"):
        shutil.copy(HERE / "prove" / name, package)

    def with_parts(*parts: str) -> subprocess.CompletedProcess[str]:
        for number, text in enumerate(parts, 1):
            (package / f"part_{number}_x.py").write_text(text)
        command = [sys.executable, "-m", "tests.prove", "--seed", "5", "--share", "0.5"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    return with_parts


def test_nothing_lost_is_exit_code_0_and_what_was_skipped_is_named(run: Run) -> None:
    result = run(FINE)
    assert result.returncode == 0, result.stderr
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["fine", "things", "500", "0"] in lines
    assert "what is not here  skipped: no such program" in result.stdout
    assert "nothing lost" in result.stdout


@pytest.mark.parametrize(
    ("end", "told"),
    [("", ""), ("raise OSError('the part broke')", "the part broke"), ("yield Row('nothing tried')", "")],
)
def test_whatever_is_lost_is_shown_with_exit_code_1(run: Run, end: str, told: str) -> None:
    result = run(FINE, BROKEN.format(end or "pass"))
    assert result.returncode == 1
    assert ["broken", "other", "things", "3", "1"] in [line.split() for line in result.stdout.splitlines()]
    assert "SELECT 'what was lost';" in result.stdout
    assert told in result.stdout
    assert "nothing lost" not in result.stdout


def test_a_row_that_tried_nothing_and_says_not_why_is_a_failure(run: Run) -> None:
    assert run(FINE.replace("effort.times(1000)", "0")).returncode == 1


def test_whoever_ends_it_ends_the_parts_and_what_they_made(run: Run, tmp_path: Path) -> None:
    assert run(ENDLESS.replace("sleep(60)", "sleep(0)")).returncode == 0
    (tmp_path / "pid").unlink()
    (tmp_path / "tests" / "prove" / "part_1_x.py").write_text(ENDLESS)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    env = {**os.environ, "TMPDIR": str(scratch)}
    command = [sys.executable, "-m", "tests.prove", "--seed", "5"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as runner:
        ends = time.monotonic() + 30
        while not (tmp_path / "pid").exists() and time.monotonic() < ends:
            time.sleep(0.02)
        part = int((tmp_path / "pid").read_text())
        runner.terminate()
        assert runner.wait(timeout=30) == 130
    assert list(scratch.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(part, 0)

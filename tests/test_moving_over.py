"""docs/moving-over.md tells the truth: its Python and SQL run, its units are well formed and start the program."""

from __future__ import annotations

import configparser
import plistlib
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.conftest import Program
from tests.legacy_program import LegacyProgram

PAGE = (Path(__file__).parent.parent / "docs" / "moving-over.md").read_text()


def block(language: str) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def test_the_python_runs_on_a_legacy_directory(sample: Path) -> None:
    code = block("python")
    result = subprocess.run([sys.executable, "-c", code], cwd=sample.parent, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert sum("climbing" in record["tags"] for record in LegacyProgram(sample).records) == 1


def test_the_sql_runs(migrated: Path) -> None:
    with closing(sqlite3.connect(migrated / "interactions.db")) as conn:
        assert conn.execute(block("sql")).fetchall() == []


def options(command: str) -> list[str]:
    """The words behind ``lifeos``, up to the data directory."""
    return command.split("lifeos ", 1)[1].split(" --data-dir")[0].split()


def test_the_systemd_unit(lifeos: Program) -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[method-assign,assignment]
    unit.read_string(block("ini"))
    assert set(unit) == {"DEFAULT", "Unit", "Service", "Install"}
    assert lifeos(*options(unit["Service"]["ExecStart"]), "--help").returncode == 0


def test_the_launchd_agent(lifeos: Program) -> None:
    agent = plistlib.loads(block("xml").encode())
    assert agent["RunAtLoad"] is True
    shell = agent["ProgramArguments"]
    assert shell[:2] == ["/bin/sh", "-lc"]
    assert subprocess.run(["sh", "-n", "-c", shell[2]], timeout=60).returncode == 0
    assert lifeos(*options(shell[2]), "--help").returncode == 0

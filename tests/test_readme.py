"""The README tells the truth: its demo is what the demo prints, its statements run, its lines fit."""

from __future__ import annotations

import re
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

import lifeos_db
from tests.conftest import Program

README = (Path(__file__).parent.parent / "README.md").read_text()


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def told(title: str) -> str:
    """What a command prints, as the section of this title shows it first."""
    return blocks("text", README.split(f"\n## {title}\n")[1].split("\n## ")[0])[0]


def test_the_demo_prints_what_the_readme_says(lifeos: Program) -> None:
    assert lifeos("db", "demo").stdout == told("See it")


def test_the_migration_of_the_sample_prints_what_the_readme_says(lifeos: Program, sample: Path) -> None:
    printed = lifeos("db", "migrate", "--data-dir", sample).stdout.splitlines()
    lines = told("Migrate your data").splitlines()
    assert printed[1:-1] == lines[1:-1]  # without the seconds in the first line and the backup's path in the last


def test_the_commands_to_look_run_and_print_what_the_readme_says(lifeos: Program, migrated: Path) -> None:
    """But for what the clock says: how long ago things were, and the last 24 months."""
    printed = ""
    commands = next(block for block in blocks("sh") if "lifeos db people" in block)
    for line in commands.splitlines():
        result = lifeos(*shlex.split(line, comments=True)[1:], LIFEOS_DATA_DIR=str(migrated))
        assert (result.returncode, result.stderr) == (0, "")
        printed += result.stdout
    assert at_any_time(told("Look at it")) in at_any_time(printed)


def at_any_time(text: str) -> str:
    text = re.sub(r"(?m)^  months .*$", "  months ...", text)
    return re.sub(r" +", " ", re.sub(r"\d+ \w+ ago", "... ago", text))


def test_verify_prints_what_the_readme_says(lifeos: Program, migrated: Path) -> None:
    with closing(sqlite3.connect(migrated / "interactions.db")) as conn:
        conn.execute("UPDATE people SET email_count = 99 WHERE canonical_name = 'Eve Park'")
        conn.commit()
    printed = lifeos("db", "verify", "--only", "schema,counts", "--data-dir", migrated).stdout.splitlines()
    assert printed[:-1] == told("Prove it").splitlines()[:-1]  # without the seconds in the last line


def test_the_commands_on_people_run_and_print_what_the_readme_says(lifeos: Program, migrated: Path) -> None:
    printed = ""
    commands = next(block for block in blocks("sh") if "lifeos db unmerge" in block)
    for line in commands.splitlines():
        words = shlex.split(line, comments=True)
        result = lifeos(*words[1:], LIFEOS_DATA_DIR=str(migrated))
        assert result.returncode == 0, result.stderr
        printed += result.stdout
    assert told("Who is who") in printed
    assert lifeos_db.verify(migrated).status == "ok"


def test_the_pictures_of_pages_are_there_and_small() -> None:
    """'make docs/screenshots' takes them."""
    names = re.findall(r"^!\[.+\]\((docs/images/browse-.+\.png)\)$", README, re.MULTILINE)
    assert len(names) == 2
    for name in names:
        assert 10_000 < (Path(__file__).parent.parent / name).stat().st_size < 150_000


def test_the_sql_runs(migrated: Path) -> None:
    with closing(sqlite3.connect(migrated / "interactions.db")) as conn:
        for block in blocks("sql"):
            for statement in block.splitlines():
                conn.execute(statement)
        conn.commit()
    assert lifeos_db.verify(migrated, only=["schema", "counts", "identity"]).status == "ok"


def test_the_python_runs_in_a_directory_that_holds_data(migrated: Path) -> None:
    import subprocess
    import sys

    assert migrated.name == "data"
    for block in blocks("python"):
        result = subprocess.run([sys.executable, "-c", block], cwd=migrated.parent, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
    assert lifeos_db.verify(migrated).status == "warn"  # the planted orphans


def test_the_pictures_are_there_and_ask_no_other_server() -> None:
    """'make docs/screenshots' draws those of the terminal."""
    names = re.findall(r"^!\[.+\]\((.+)\)$", README, re.MULTILINE)
    assert {"docs/images/status.svg", "docs/images/show.svg"} <= set(names)
    for name in names:
        content = (Path(__file__).parent.parent / name).read_bytes()
        assert b"url(http" not in content.replace(b'"', b"")

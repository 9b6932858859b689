"""Random statements, and the program itself on the sample, under every minor version of SQLite from 3.37 on."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lifeos_db.directory import EXPORT_FILES
from tests.conftest import DATA, PLANTED, snapshot
from tests.prove.frame import Effort, Row
from tests.prove.sqlites import RELEASES, TOO_OLD, Unavailable, environment

TITLE = "every SQLite"
SHARE = 0.03
"""Of the statements of the first part, under each version."""


SCRIPT = """
import sqlite3, sys
conn = sqlite3.connect(sys.argv[1])
rows = [(f"n{n}", sys.argv[2 + n % 2], f"2025-01-{n + 1:02}", s, f"title {n // 3}", f"e{n // 4}:{n}")
        for n, s in enumerate(["gmail", "calendar", "imessage", "vault", "photos", "slack", "whatsapp", "phone"] * 3)]
columns = "INTO interactions (id, person_id, timestamp, source_type, title, source_id) VALUES (?, ?, ?, ?, ?, ?)"
for verb in ("INSERT OR IGNORE", "INSERT OR REPLACE", "REPLACE"):
    conn.executemany(f"{verb} {columns}", rows)
conn.execute("UPDATE interactions SET person_id = ? WHERE id IN ('n1', 'n2', 'n3')", (sys.argv[2],))
conn.execute("DELETE FROM interactions WHERE id = 'n4'")
conn.commit()
"""
"""A sync script, which `lifeos db run` runs."""
SURVIVOR, MERGED = "4b0dbb41-8d52-48f1-942c-3fe860e7a113", "0a368ce7-dc57-4131-b8e1-daa7cbceabde"


def prove(effort: Effort) -> Iterator[Row]:
    """One row a version; in the short form only the oldest and the newest."""
    wanted, lost = _commands(effort.scratch / "here", os.environ)
    yield Row(f"lifeos on SQLite {sqlite3.sqlite_version}, this Python's own", len(COMMANDS), lost)
    releases = RELEASES if effort.times(len(RELEASES)) > 2 else (RELEASES[0], RELEASES[-1])
    for index, release in enumerate(releases):
        row = Row(f"lifeos and random statements on SQLite {release.sqlite}")
        with _unless_unavailable(row):
            env = environment(release)
            files, lost = _commands(effort.scratch / release.sqlite, env)
            row.tried += len(COMMANDS)
            row.lost += lost
            row.lost += [f"{name} is not as on this Python's own" for name in files if files[name] != wanted[name]]
            _statements(row, effort.slice(len(releases) - index + 2), env)  # the commands need some of it too
        yield row
    if len(releases) > 2:
        row = Row(f"lifeos refused on SQLite {TOO_OLD.sqlite}, nothing changed")
        with _unless_unavailable(row):
            _refused(row, effort.scratch / TOO_OLD.sqlite, environment(TOO_OLD))
        yield row


@contextmanager
def _unless_unavailable(row: Row) -> Iterator[None]:
    """What cannot be had is skipped."""
    try:
        yield
    except Unavailable as error:
        row.skipped = str(error)


COMMANDS: tuple[tuple[str, ...], ...] = (
    ("migrate", "--owner", PLANTED["me"]),
    ("merge", SURVIVOR, MERGED),
    ("run", "--", sys.executable, "-c", SCRIPT, "{}/interactions.db", SURVIVOR, MERGED),
    ("unmerge", MERGED),
    ("show", SURVIVOR),
    ("verify", "--deep"),
)
"""What is run in turn, each of which exits with 0."""


def _run(directory: Path, env: Mapping[str, str], name: str, *options: str) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("lifeos"))
    command = [program, "db", "--data-dir", str(directory), name, *options]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)


def _refused(row: Row, directory: Path, env: Mapping[str, str]) -> None:
    """Every command says which version it wants, with exit code 4, and leaves every file as it was."""
    shutil.copytree(DATA / "sample-legacy", directory)
    before = snapshot(directory)
    for name in ("migrate", "verify", "export"):
        row.tried += 1
        result = _run(directory, env, name)
        if result.returncode != 4 or "3.37" not in result.stderr or "Traceback" in result.stderr:
            row.lost.append(f"lifeos db {name}: exit code {result.returncode}\n{result.stdout}{result.stderr}")
    if snapshot(directory) != before:
        row.lost.append("the directory is not as it was")


def _commands(directory: Path, env: Mapping[str, str]) -> tuple[dict[str, bytes], list[str]]:
    """Every command on a copy of the sample; the exported files in the end, and what went wrong."""
    shutil.copytree(DATA / "sample-legacy", directory)
    lost = []
    for name, *options in COMMANDS:
        placed = [option.format(directory) if option.startswith("{}") else option for option in options]
        result = _run(directory, env, name, *placed)
        if result.returncode:
            lost.append(f"lifeos db {name}: exit code {result.returncode}\n{result.stdout}{result.stderr}")
    return {name: (directory / name).read_bytes() for name in EXPORT_FILES}, lost


def _statements(row: Row, effort: Effort, env: Mapping[str, str]) -> None:
    """Some of the first part in that environment; what it tried and lost is added to the row."""
    command = [sys.executable, "-m", "tests.prove", "1", "--in-this-process"]
    command += [f"--share={SHARE * effort.share}", f"--seed={effort.seed}", f"--seconds={effort.left()}"]
    result = subprocess.run(command, env=env, capture_output=True, text=True, timeout=effort.left() + 60)
    if result.returncode:
        row.lost.append(result.stderr[-4000:])
    else:
        for inner in map(json.loads, result.stdout.splitlines()):
            row.tried += inner["tried"]
            row.lost += inner["lost"]

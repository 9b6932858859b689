"""What the tests share: fresh directories in each legacy shape, the installed program, plain-sqlite3 clients."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import settings

import lifeos_db
from lifeos_db.contacts import letter_folds
from lifeos_db.schema_objects import expected, expected_objects

settings.register_profile("suite", deadline=None, print_blob=True)
settings.load_profile("suite")

DATA = Path(__file__).parent / "data"
PLANTED = json.loads((DATA / "sample-legacy" / "planted.json").read_text())
NEW_ROW = "INSERT INTO interactions (id, person_id, timestamp, source_type, title) VALUES ('n', '{}', '', '{}', '')"
"""One row 'n' for a person and a source type."""
Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def signals_count() -> None:
    """Where the tests run in the background, a shell has told them, and so their children, to ignore some signals; and
    the program's entry point leaves SIGINT ignored behind."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A fresh copy of the sample legacy directory."""
    return Path(shutil.copytree(DATA / "sample-legacy", tmp_path / "data"))


@pytest.fixture(scope="session")
def migrated_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, migrated once, with its owner: to be copied, never to be changed."""
    directory = tmp_path_factory.mktemp("migrated") / "data"
    shutil.copytree(DATA / "sample-legacy", directory)
    lifeos_db.migrate(directory, backup=False, owner=PLANTED["me"])
    return directory


@pytest.fixture
def migrated(migrated_sample: Path, tmp_path: Path) -> Path:
    """A fresh copy of the sample, migrated, with its owner."""
    return Path(shutil.copytree(migrated_sample, tmp_path / "data"))


@pytest.fixture
def lifeos() -> Program:
    """Run the installed program, as a user does: without a terminal, with a bounded time."""
    program = Path(sys.executable).with_name("lifeos")

    def run(*args: object, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(program), *map(str, args)],
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "COLUMNS": "100", "GITHUB_STEP_SUMMARY": "", **env},
        )

    return run


@pytest.fixture(params=[False, True], ids=["plain", "recursive_triggers"])
def recursive(request: pytest.FixtureRequest) -> bool:
    """Both ways a client may have set recursive_triggers; sqlite-utils turns it on, everybody else leaves it off."""
    return bool(request.param)


@pytest.fixture
def db(recursive: bool) -> Iterator[sqlite3.Connection]:
    """An empty database of today's schema, in memory, as a plain client sees it."""
    conn = new_database()
    conn.execute(f"PRAGMA recursive_triggers = {int(recursive)}")
    yield conn
    conn.close()


UNIQUE_SOURCE = {"idx_interactions_source": ("CREATE INDEX", "CREATE UNIQUE INDEX")}
"""The change that makes today's schema that of a database whose source index is UNIQUE."""


def new_database(
    change: Mapping[str, tuple[str, str]] | None = None, *, triggers: bool = True, backwards: bool = False
) -> sqlite3.Connection:
    """Today's schema in memory, from the files of schema/ and the rows of the first step, in autocommit mode.

    ``change`` names objects whose definition differs, and how: what stands there, and what shall stand there instead.
    ``backwards`` makes the triggers in the opposite order, in which SQLite then fires those of one event.
    """
    from lifeos_db.migrations.m0001_people_in_the_database import SOURCE_TYPES

    conn = sqlite3.connect(":memory:", isolation_level=None)
    items = expected_objects()
    if backwards:
        items = (*(item for item in items if item.type != "trigger"), *reversed(expected("trigger")))
    for item in items:
        if item.type == "trigger" and not triggers:
            continue
        old, new = (change or {}).get(item.name, ("", ""))
        assert old in item.sql
        conn.execute(item.sql.replace(old, new) if old else item.sql)
    conn.execute("INSERT INTO export_state (id, revision, captured) VALUES (1, 1, 0)")
    conn.executemany("INSERT INTO source_types (source_type, counter) VALUES (?, ?)", SOURCE_TYPES)
    conn.execute("INSERT INTO evidence_changes (id) VALUES (1)")
    conn.execute("INSERT INTO evidence_rules (id, max_people) VALUES (1, 50)")
    conn.executemany("INSERT INTO letter_folds (letter, folded) VALUES (?, ?)", letter_folds())
    return conn


def add_interaction(
    conn: sqlite3.Connection, identity: str, person: str | None, source: str = "gmail", **more: object
) -> None:
    """Insert one row with the columns that scripts always name."""
    values: dict[str, object] = {"id": identity, "person_id": person, "source_type": source}
    values |= {"timestamp": "2025-05-01T10:00:00+00:00", "title": "title", **more}
    marks = ", ".join("?" * len(values))
    conn.execute(f"INSERT INTO interactions ({', '.join(values)}) VALUES ({marks})", list(values.values()))


def counts(conn: sqlite3.Connection, person: str) -> tuple[int, int, int, int]:
    """The cached email, meeting, mention and message counts."""
    query = "SELECT email_count, meeting_count, mention_count, message_count FROM people WHERE id = ?"
    email, meeting, mention, message = conn.execute(query, (person,)).fetchone()
    return email, meeting, mention, message


def snapshot(path: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below path: its bytes and mode."""
    return {
        str(file.relative_to(path)): (file.read_bytes(), file.stat().st_mode)
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }

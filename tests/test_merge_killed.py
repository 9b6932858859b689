"""A merge that is killed at any statement leaves the state before or the state after, and nothing in between."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import lifeos_db
import lifeos_db.changing
from lifeos_db import database
from tests.circle import WHAT_PEOPLE_SEE, assert_sound, make_circle, opened

MERGED = ("merge_records", "SELECT merged_id, survivor_id, state FROM merge_records")
TRACED = ("merge_moves", "SELECT * FROM merge_moves ORDER BY 1")


@pytest.fixture(scope="module")
def circle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ann and bob, with interactions and relationships that meet."""
    return make_circle(
        tmp_path_factory.mktemp("killed") / "data",
        {
            "ann": {"emails": '["a@x"]', "hidden": 1},
            "bob": {"emails": '["b@x"]', "company": "Globex"},
            "cy": {},
            "dee": {},
        },
        [(f"{who}-{number}", who, "gmail") for who in ("ann", "bob") for number in range(2)],
        [("ann", "cy", {}), ("bob", "cy", {"is_linkedin_connection": 1}), ("bob", "dee", {}), ("ann", "bob", {})],
    )


def killed_at(number: int, act: Callable[[], object], place: ModuleType = lifeos_db.changing) -> bool:
    """Run ``act`` in a process of its own that is killed before its n-th statement; whether it came that far.

    ``place`` is the module that opens the connection.
    Statements that triggers run count too.
    """
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL
            return True
        assert os.WEXITSTATUS(status) == 0
        return False
    try:
        seen = 0

        def count(_statement: str) -> None:
            nonlocal seen
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)

        plain = database.open_writer

        def traced(*args: Any, **kwargs: Any) -> sqlite3.Connection:
            conn = plain(*args, **kwargs)
            conn.set_trace_callback(count)
            return conn

        vars(place)["open_writer"] = traced
        act()
        os._exit(0)
    except BaseException:
        os._exit(1)


def rows(directory: Path) -> dict[str, Any]:
    with opened(directory) as conn:
        return {name: conn.execute(query).fetchall() for name, query in (*WHAT_PEOPLE_SEE.items(), MERGED, TRACED)}


@pytest.mark.parametrize("what", ["merge", "unmerge"])
def test_a_kill_at_any_statement_leaves_before_or_after(circle: Path, tmp_path: Path, what: str) -> None:
    start = Path(shutil.copytree(circle, tmp_path / "start"))
    if what == "unmerge":
        lifeos_db.merge(start, "ann", "bob")

    def act(directory: Path) -> None:
        if what == "merge":
            lifeos_db.merge(directory, "ann", "bob")
        else:
            lifeos_db.unmerge(directory, "bob")

    done = Path(shutil.copytree(start, tmp_path / "done"))
    act(done)
    before, after = rows(start), rows(done)
    assert before != after
    outcomes: list[bool] = []
    for number in range(1, 1000):
        if any(outcomes) and number % 10:  # committed: what is left is the export, of which some statements will do
            continue
        directory = Path(shutil.copytree(start, tmp_path / str(number)))
        killed = killed_at(number, lambda directory=directory: act(directory))  # type: ignore[misc]
        found = rows(directory)
        assert found in (before, after)
        outcomes.append(found == after)
        if not killed:
            break
        if number % 10 == 0:
            # The next run goes on from there, and a lock that the killed process left stops nobody.
            act(directory)
            assert rows(directory) == after
            lifeos_db.export(directory)
            assert_sound(directory)
        shutil.rmtree(directory)
    assert outcomes == sorted(outcomes)
    assert outcomes.index(True) > 30
    assert outcomes[-1]
    with closing(sqlite3.connect(done / "interactions.db")) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)

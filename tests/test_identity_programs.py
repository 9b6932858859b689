"""Random programs of merges, splits and unmerges over the sample: sound after each step, exact when taken back."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

import lifeos_db
from lifeos_db.errors import IdentityRefused, PersonMerged
from lifeos_db.splitting import Selection
from tests.circle import opened, whole
from tests.conftest import PLANTED
from tests.recount import assert_exact

FEW = 5
"""People who take part, so that they meet again and again."""

CROWD = 40
"""People of the sample who are kept, so that an export is quick."""

Fresh = Callable[[], AbstractContextManager[tuple[Path, list[str]]]]


@pytest.fixture(scope="session")
def fresh(migrated_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    """A copy of a part of the sample, and the ids of the few: the owner, and some who know each other."""
    folder = tmp_path_factory.mktemp("few")
    template = Path(shutil.copytree(migrated_sample, folder / "template"))
    with opened(template) as conn:
        kept = [*_first(conn, CROWD), PLANTED["me"]]
        marks = ", ".join("?" * len(kept))
        conn.execute(f"DELETE FROM people WHERE id NOT IN ({marks})", kept)
        conn.execute(f"DELETE FROM interactions WHERE person_id NOT IN ({marks})", kept)
        few = sorted([*_first(conn, FEW + 1), PLANTED["me"]])
        for number, pair in enumerate(combinations(few, 2)):
            columns = ("[]", '["gmail"]', '["slack", "gmail"]', None)[number % 4], number % 3 == 0, f"t{number % 2}"
            conn.execute(
                "INSERT OR IGNORE INTO relationships "
                "(id, person_a_id, person_b_id, shared_contexts, is_linkedin_connection, relationship_type) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (f"r{number}", *pair, *columns),
            )
        conn.execute(
            "UPDATE people SET emails = '[\"Shared@x\", \"own-' || rowid || '@x\"]' WHERE id IN (?, ?, ?)",
            few[:3],
        )
        taking_part = [*_first(conn, FEW - 1), PLANTED["me"]]
    lifeos_db.export(template)

    @contextmanager
    def copy() -> Iterator[tuple[Path, list[str]]]:
        with tempfile.TemporaryDirectory(dir=folder) as name:
            yield Path(shutil.copytree(template, Path(name) / "data", copy_function=shutil.copy2)), taking_part

    return copy


def _first(conn: sqlite3.Connection, number: int) -> list[str]:
    return [row[0] for row in conn.execute("SELECT id FROM people ORDER BY id LIMIT ?", (number,))]


people = st.integers(0, FEW - 1)
sources = st.lists(st.sampled_from(["gmail", "calendar", "imessage", "phone"]), min_size=1, max_size=2, unique=True)
steps = st.one_of(
    st.tuples(st.just("merge"), people, people),
    st.tuples(st.just("merge"), people, people),
    st.tuples(st.just("unmerge"), people),
    st.tuples(st.just("split"), people, people, sources),
    st.tuples(st.just("plain"), people, people),
    st.tuples(st.just("write"), people),
    st.tuples(st.just("hide"), people),
)


def take(directory: Path, few: list[str], step: tuple[Any, ...], number: int = 0) -> str:
    """Take one step; returns what came of it: a status, or that it was refused."""
    kind, who = step[0], few[step[1]]
    try:
        if kind == "merge":
            return lifeos_db.merge(directory, who, few[step[2]]).status
        if kind == "unmerge":
            return lifeos_db.unmerge(directory, who).status
        if kind == "split":
            return lifeos_db.split(directory, who, Selection(source_types=step[3]), to=few[step[2]]).status
        if kind == "hide":
            return str(lifeos_db.hide(directory, who)[1])
    except (IdentityRefused, PersonMerged):
        return "refused"
    with opened(directory) as conn:
        if kind == "write":
            conn.execute(
                "INSERT OR IGNORE INTO interactions (id, person_id, timestamp, source_type, title) "
                "VALUES (?, ?, '', 'slack', '')",
                (f"written-{number}", who),
            )
        elif (
            who != few[step[2]]
            and not conn.execute(
                "SELECT 1 FROM person_merges WHERE merged_id IN (?, ?) OR survivor_id = ?", (who, few[step[2]], who)
            ).fetchone()
        ):
            conn.execute("INSERT INTO person_merges (merged_id, survivor_id) VALUES (?, ?)", (who, few[step[2]]))
    lifeos_db.export(directory)
    return "written"


def assert_sound(directory: Path) -> None:
    report = lifeos_db.verify(directory, only=["counts", "relationships", "identity", "export"], deep=True)
    assert report.status == "ok", report.to_dict()


@settings(max_examples=10)
@given(st.lists(steps, min_size=3, max_size=10))
def test_every_step_is_sound_and_twice_is_once(fresh: Fresh, program: list[tuple[Any, ...]]) -> None:
    with fresh() as (directory, few):
        for number, step in enumerate(program):
            note(f"{step} -> {take(directory, few, step, number)}")
            assert_sound(directory)
            with opened(directory) as conn:
                assert_exact(conn)
            before = whole(directory)
            take(directory, few, step, number)
            assert whole(directory) == before


@settings(max_examples=15)
@given(st.lists(steps, max_size=6), people, people)
def test_merge_then_unmerge_restores_everything(
    fresh: Fresh, program: list[tuple[Any, ...]], survivor: int, other: int
) -> None:
    with fresh() as (directory, few):
        for number, step in enumerate(program):
            note(f"{step} -> {take(directory, few, step, number)}")
        before = whole(directory)
        status = take(directory, few, ("merge", survivor, other))
        if status == "merged":
            assert whole(directory) != before
            report = lifeos_db.unmerge(directory, few[other])
            assert report.kept == ()
        assert whole(directory) == before


@settings(max_examples=10)
@given(st.lists(st.tuples(st.just("merge"), people, people), min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_merges_come_apart_in_any_order_that_is_not_refused(
    fresh: Fresh, program: list[tuple[Any, ...]], random: Any
) -> None:
    """Everybody is back with their fields, interactions and relationships, whatever the order."""
    with fresh() as (directory, few):
        before = whole(directory)
        merged = [few[step[2]] for step in program if take(directory, few, step) == "merged"]
        while merged:
            random.shuffle(merged)
            for name in list(merged):
                try:
                    report = lifeos_db.unmerge(directory, name)
                except IdentityRefused:
                    continue
                note(f"unmerge {few.index(name)}: {report.kept}")
                assert report.kept == ()
                assert_sound(directory)
                merged.remove(name)
        after = whole(directory)
        records = sorted(row[1:] for row in after["relationship_records"])
        assert records == sorted(row[1:] for row in before["relationship_records"])
        for name in ("people", "interactions", "person_merges", "people_entities.json", "merged_person_ids.json"):
            assert after[name] == before[name]

"""refresh_person_stats and verify_person_stats: in the old shapes, harmless and nearly free."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import lifeos_db
from lifeos_db.legacy import refresh_person_stats, verify_person_stats
from tests.conftest import PLANTED, add_interaction, counts, snapshot


@pytest.fixture
def conn(migrated: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    """The directory is the one that LIFEOS_DATA_DIR names."""
    monkeypatch.setenv("LIFEOS_DATA_DIR", str(migrated))
    with closing(sqlite3.connect(migrated / "interactions.db", isolation_level=None)) as conn:
        yield conn


def test_a_refresh_changes_nothing_and_counts(conn: sqlite3.Connection, migrated: Path) -> None:
    me = PLANTED["me"]
    add_interaction(conn, "new", me, "sms")
    conn.execute("INSERT INTO person_merges (merged_id, survivor_id) VALUES ('elder', ?)", (me,))
    before = snapshot(migrated)
    total = conn.execute("SELECT count(*) FROM interactions WHERE person_id = ?", (me,)).fetchone()[0]
    assert refresh_person_stats([me]) == {"updated": 1, "total_interactions": total}
    assert refresh_person_stats(["elder", "nobody"], save=False) == {"updated": 1, "total_interactions": total}
    assert refresh_person_stats([]) == {"updated": 0, "total_interactions": 0}
    rows = conn.execute("SELECT count(*) FROM interactions").fetchone()[0]
    assert refresh_person_stats() == {"updated": PLANTED["people"], "total_interactions": rows}
    after = snapshot(migrated)
    assert {name for name in after if after[name] != before.get(name)} <= {"interactions.db-shm"}  # locks of readers


def test_verify_names_drift_in_the_old_shape_and_fixes_it(conn: sqlite3.Connection, migrated: Path) -> None:
    me = PLANTED["me"]
    assert verify_person_stats() == {}
    right = counts(conn, me)
    conn.execute("UPDATE people SET email_count = 99 WHERE id = ?", (me,))
    name = conn.execute("SELECT canonical_name FROM people WHERE id = ?", (me,)).fetchone()[0]
    names = ("email", "meeting", "mention", "message")
    drift = {me: {"name": name, "cached": dict(zip(names, (99, *right[1:]))), "computed": dict(zip(names, right))}}
    assert verify_person_stats() == drift
    assert verify_person_stats(fix=True) == drift
    assert (verify_person_stats(), counts(conn, me)) == ({}, right)
    assert lifeos_db.verify(migrated, only=["counts"]).status == "ok"

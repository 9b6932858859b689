"""Interactions whose person does not exist: listed, given to somebody, or deleted once they are in a file."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

import lifeos_db
from tests.circle import assert_sound, make_circle, opened, owner_of, person
from tests.conftest import PLANTED, Program, add_interaction, snapshot


@pytest.fixture
def circle(tmp_path: Path) -> Path:
    """ann has one row; the missing x has three, the missing y one that is undated."""
    circle = make_circle(
        tmp_path / "data",
        {"ann": {}},
        [("a", "ann", "gmail"), ("x1", "x", "gmail"), ("x2", "x", "gmail"), ("x3", "x", "slack"), ("y1", "y", "vault")],
    )
    with opened(circle) as conn:
        conn.execute("UPDATE interactions SET timestamp = '1970-01-01T00:00:00+00:00' WHERE id = 'y1'")
        conn.execute("UPDATE interactions SET timestamp = '2024-01-01T00:30:00+02:00' WHERE id = 'x2'")
        conn.execute("UPDATE interactions SET timestamp = '2024-01-01' WHERE id = 'x3'")
        conn.execute("UPDATE interactions SET snippet = ?, attendee_count = 3 WHERE id = 'x1'", (b"\x00\xff",))
    lifeos_db.export(circle)
    return circle


def test_they_are_listed_by_missing_id(lifeos: Program, circle: Path) -> None:
    before = snapshot(circle)
    result = lifeos("db", "orphans", "--format", "json", "--data-dir", circle)
    assert json.loads(result.stdout) == {
        "interactions": 4,
        "orphans": [
            {
                "person_id": "x",
                "interactions": 3,
                "sources": {"gmail": 2, "slack": 1},
                "first": "2023-12-31T22:30:00.000Z",
                "last": "2025-05-01T10:00:00.000Z",
            },
            {"person_id": "y", "interactions": 1, "sources": {"vault": 1}, "first": None, "last": None},
        ],
        "assigned_to": None,
        "file": None,
    }
    text = lifeos("db", "orphans", "--data-dir", circle).stdout
    assert "x  3 interaction(s), 2023-12-31 to 2025-05-01: 2 gmail, 1 slack\n" in text
    assert "y  1 interaction(s), undated: 1 vault\n" in text
    assert snapshot(circle) == before


def test_assign_gives_them_to_a_person(lifeos: Program, circle: Path) -> None:
    result = lifeos("db", "orphans", "y", "--assign", "Ann", "--data-dir", circle)
    assert result.stdout.splitlines()[-1] == "assigned 1 interaction(s) to Ann (ann)"
    assert person(circle, "ann")["mention_count"] == 1
    lifeos("db", "orphans", "--assign", "ann", "--data-dir", circle)
    assert set(owner_of(circle).values()) == {"ann"}
    again = lifeos("db", "orphans", "--assign", "ann", "--data-dir", circle)
    assert (again.returncode, again.stdout) == (0, "no orphans: every interaction has its person\n")
    assert_sound(circle)


def test_delete_writes_them_to_a_file_first(lifeos: Program, circle: Path) -> None:
    with opened(circle) as conn:
        cursor = conn.execute("SELECT * FROM interactions WHERE person_id = 'x'")
        names = [column[0] for column in cursor.description]
        rows = {row[0]: dict(zip(names, row)) for row in cursor}
    result = lifeos("db", "orphans", "x", "--delete", "--data-dir", circle, "--format", "json")
    file = Path(json.loads(result.stdout)["file"])
    assert file.parent.parent == circle / "backups"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    kept = {record["id"]: record for record in map(json.loads, file.read_text().splitlines())}
    assert kept.pop("x1") == rows.pop("x1") | {"snippet": {"hex": "00ff"}}
    assert kept == rows
    assert set(owner_of(circle)) == {"a", "y1"}
    told = lifeos("db", "orphans", "--delete", "--data-dir", circle).stdout
    other = told.split(" they are in ")[1].strip()
    assert Path(other).exists()
    assert other != str(file)
    assert_sound(circle)
    files = snapshot(circle)
    again = lifeos("db", "orphans", "--delete", "--data-dir", circle)
    assert (again.returncode, again.stdout) == (0, "no orphans: every interaction has its person\n")
    assert snapshot(circle) == files


def test_a_file_that_cannot_be_written_deletes_nothing(circle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(circle)

    def refuse(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(lifeos_db.LifeosError, match="No space left on device"):
        lifeos_db.delete_orphans(circle)
    monkeypatch.undo()
    now = snapshot(circle)
    assert {name: now[name][0] for name in now} == {name: before[name][0] for name in before}
    assert len(owner_of(circle)) == 5


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (("--assign", "ann", "--delete"), 2, "give one of the two"),
        (("--assign", "nobody"), 4, "no such person"),
        (("z", "--delete"), 4, "'z': no orphaned interactions are under this id"),
        (("ann", "--delete"), 4, "'ann': no orphaned"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(
    lifeos: Program, circle: Path, arguments: tuple[str, ...], code: int, reason: str
) -> None:
    before = snapshot(circle)
    result = lifeos("db", "orphans", *arguments, "--data-dir", circle)
    assert (result.returncode, result.stdout) == (code, "")
    assert reason in result.stderr
    assert snapshot(circle) == before


def test_the_planted_orphans_of_the_sample(migrated: Path) -> None:
    report = lifeos_db.orphans(migrated)
    assert (report.interactions, len(report.missing)) == (PLANTED["rows_orphaned"], PLANTED["orphan_ids"])
    lifeos_db.delete_orphans(migrated)
    assert lifeos_db.verify(migrated).status == "ok"


def test_ids_that_are_no_text_are_listed_and_named(circle: Path) -> None:
    with opened(circle) as conn:
        add_interaction(conn, "bad", "z")
        conn.execute("UPDATE interactions SET person_id = CAST(x'ff' AS TEXT) WHERE id = 'bad'")
    assert "\udcff" in {item.person_id for item in lifeos_db.orphans(circle).missing}
    with pytest.raises(lifeos_db.LifeosError, match="interactions 'bad', column person_id: is not UTF-8 text"):
        lifeos_db.delete_orphans(circle)
    assert len(owner_of_ids(circle)) == 6


def owner_of_ids(circle: Path) -> list[str]:
    with opened(circle) as conn:
        return [row[0] for row in conn.execute("SELECT id FROM interactions")]

"""Hiding people: the legacy fields, and the list of contacts that must not come back."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import lifeos_db
from lifeos_db import is_blocked
from tests.circle import assert_sound, make_circle, opened, person, whole
from tests.conftest import Program


@pytest.fixture
def circle(tmp_path: Path) -> Path:
    return make_circle(
        tmp_path / "data",
        {
            "ann": {"emails": '["News@x"]', "phone_numbers": '["+1 202"]', "phone_primary": "+3"},
            "bob": {"emails": '["bob@x", "news@x"]'},
        },
    )


def blocked(circle: Path, *contacts: str) -> list[bool]:
    with opened(circle) as conn:
        return [is_blocked(conn, **({"email": one} if "@" in one else {"phone": one})) for one in contacts]


def test_hide_sets_the_legacy_fields_and_blocks_the_contacts(lifeos: Program, circle: Path) -> None:
    result = lifeos("db", "hide", "ann", "--reason", "no human", "--data-dir", circle)
    assert (result.returncode, result.stdout) == (0, "hidden: Ann (ann)\n")
    record = json.loads((circle / "people_entities.json").read_text())[0]
    assert (record["hidden"], record["hidden_reason"]) == (True, "no human")
    assert record["hidden_at"].endswith("+00:00")
    assert blocked(circle, "NEWS@X ", "+1-202", "003", "bob@x", "+1") == [True, True, True, False, False]
    assert_sound(circle)


def test_unhide_takes_it_back(lifeos: Program, circle: Path) -> None:
    before = whole(circle)
    lifeos_db.hide(circle, "ann")
    lifeos_db.hide(circle, "bob")
    assert lifeos("db", "unhide", "ann", "--data-dir", circle).returncode == 0
    assert blocked(circle, "news@x", "+1202") == [True, False]  # bob has news@x too
    lifeos_db.unhide(circle, "bob")
    assert whole(circle) == before


def test_twice_is_once(lifeos: Program, circle: Path) -> None:
    lifeos_db.hide(circle, "ann", reason="why")
    before = whole(circle)
    for arguments in (("hide", "ann"), ("hide", "ann", "--reason", "why"), ("unhide", "bob")):
        result = lifeos("db", *arguments, "--data-dir", circle)
        assert (result.returncode, result.stdout[:13]) == (0, "nothing to do")
    assert whole(circle) == before
    assert lifeos_db.hide(circle, "ann", reason="better")[1]
    assert person(circle, "ann")["hidden_reason"] == "better"


def test_blocked_contacts_stay_when_the_person_is_edited_or_deleted(circle: Path) -> None:
    lifeos_db.hide(circle, "ann")
    with opened(circle) as conn:
        conn.execute("UPDATE people SET emails = NULL WHERE id = 'ann'")
        conn.execute("DELETE FROM people WHERE id = 'ann'")
    assert blocked(circle, "news@x") == [True]


def test_a_merge_keeps_the_list_in_step_and_unmerge_takes_that_back(circle: Path) -> None:
    lifeos_db.hide(circle, "ann")
    before = whole(circle)
    lifeos_db.merge(circle, "bob", "ann")  # bob is not hidden: what is his now is not blocked
    assert blocked(circle, "news@x", "+1202") == [False, False]
    lifeos_db.unmerge(circle, "ann")
    assert whole(circle) == before
    lifeos_db.merge(circle, "ann", "bob")  # ann is hidden, and bob is ann
    assert person(circle, "ann")["hidden"] == 1
    assert blocked(circle, "news@x", "bob@x") == [True, True]
    lifeos_db.unmerge(circle, "bob")
    assert whole(circle) == before


def test_who_was_hidden_before_the_migration_is_blocked(migrated: Path) -> None:
    people = json.loads((migrated / "people_entities.json").read_text())
    hidden = [email for record in people if record["hidden"] for email in record["emails"] or []]
    shown = [email for record in people if not record["hidden"] for email in record["emails"] or []]
    assert hidden
    assert blocked(migrated, *hidden) == [True] * len(hidden)
    assert not any(blocked(migrated, *set(shown) - set(hidden)))


def test_who_was_hidden_by_a_legacy_program_is_blocked_once_that_is_imported(migrated: Path) -> None:
    path = migrated / "people_entities.json"
    people = json.loads(path.read_text())
    someone = next(record for record in people if record["emails"] and not record["hidden"])
    someone["hidden"] = True
    path.write_text(json.dumps(people, indent=2))
    lifeos_db.import_edits(migrated)
    with closing(sqlite3.connect(migrated / "interactions.db")) as conn:
        assert lifeos_db.is_blocked(conn, email=someone["emails"][0])

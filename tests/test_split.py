"""Splitting a person: what is named goes, everything else stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import lifeos_db
from lifeos_db.splitting import Selection
from tests.circle import assert_sound, make_circle, opened, owner_of, person, whole
from tests.conftest import Program, snapshot


@pytest.fixture
def circle(tmp_path: Path) -> Path:
    """ann has rows of four sources, two emails and two phone numbers; bob has an email."""
    circle = make_circle(
        tmp_path / "data",
        {
            "ann": {
                "emails": '["ann@x", "Other@x"]',
                "phone_numbers": '["+1 202", "+2"]',
                "phone_primary": "+1202",
                "notes": "tall",
            },
            "bob": {"emails": '["bob@x"]'},
        },
        [(f"ann-{source}", "ann", source) for source in ("gmail", "calendar", "slack", "phone")],
    )
    with opened(circle) as conn:
        conn.execute("UPDATE interactions SET source_id = 's-' || source_type")
        conn.execute("UPDATE interactions SET source_id = 's-gmail' WHERE source_type = 'calendar'")
        conn.execute("UPDATE interactions SET timestamp = '2024-05-01T12:00:00+02:00' WHERE source_type = 'slack'")
    lifeos_db.export(circle)
    return circle


@pytest.mark.parametrize(
    ("selection", "moved"),
    [
        (Selection(source_types=["gmail", "slack"]), {"gmail", "slack"}),
        (Selection(source_ids=["s-gmail"]), {"gmail", "calendar"}),
        (Selection(source_types=["gmail"], source_ids=["s-gmail"]), {"gmail"}),
        (Selection(interactions=["ann-phone"]), {"phone"}),
        (Selection(interactions=["ann-phone"], source_types=["slack"]), {"phone", "slack"}),
        (Selection(emails=["other@X"]), set()),
    ],
)
def test_the_interactions_named_go_and_the_others_stay(circle: Path, selection: Selection, moved: set[str]) -> None:
    report = lifeos_db.split(circle, "ann", selection, to="bob")
    assert (report.status, report.interactions) == ("split", len(moved))
    assert {name for name, who in owner_of(circle).items() if who == "bob"} == {f"ann-{source}" for source in moved}
    assert_sound(circle)


def test_contact_points_go_and_lead_to_the_other_person(lifeos: Program, circle: Path) -> None:
    result = lifeos(
        "db", "split", "ann", "--to", "bob", "--email", "OTHER@x", "--phone", "+1 (202)", "--data-dir", circle
    )
    assert result.returncode == 0, result.stderr
    ann, bob = person(circle, "ann"), person(circle, "bob")
    assert (json.loads(ann["emails"]), json.loads(bob["emails"])) == (["ann@x"], ["bob@x", "Other@x"])
    assert (json.loads(ann["phone_numbers"]), json.loads(bob["phone_numbers"])) == (["+2"], ["+1 202"])
    assert (ann["phone_primary"], bob["phone_primary"]) == (None, "+1202")
    assert ann["notes"] == "tall"
    for contact in ("other@x", "+1-202"):
        with opened(circle) as conn:
            from lifeos_db.lookup import find

            kind: Any = "email" if "@" in contact else "phone"
            assert [found.id for found in find(conn, kind, contact)] == ["bob"]
    assert_sound(circle)


def test_a_new_person_has_the_name_and_what_moved(lifeos: Program, circle: Path) -> None:
    result = lifeos(
        "db", "split", "ann", "--new", "Zoë", "--source-type", "slack", "--email", "ann@x", "--data-dir", circle
    )
    assert result.returncode == 0, result.stderr
    people = json.loads((circle / "people_entities.json").read_text())
    new = people[-1]
    assert [record["canonical_name"] for record in people] == ["Ann", "Bob", "Zoë"]
    assert new["id"] in result.stdout
    assert (new["display_name"], new["emails"], new["sources"], new["message_count"]) == (
        "Zoë",
        ["ann@x"],
        ["slack"],
        1,
    )
    assert new["first_seen"] == new["last_seen"] == "2024-05-01T10:00:00.000+00:00"
    assert_sound(circle)


def test_a_dry_run_says_the_same_and_changes_nothing(lifeos: Program, circle: Path) -> None:
    before = snapshot(circle)
    arguments = ("db", "split", "ann", "--to", "bob", "--source-type", "gmail", "--phone", "+2", "--data-dir", circle)
    dry = lifeos(*arguments, "--dry-run")
    assert dry.stdout == "would split Ann (ann): to Bob (bob)\n  interactions   1\n  phone numbers  +2\n"
    assert snapshot(circle) == before
    assert lifeos(*arguments).stdout == dry.stdout.replace("would split", "split")


@pytest.mark.parametrize("target", [("--to", "bob"), ("--new", "Zoë")])
def test_a_second_run_has_nothing_to_do(lifeos: Program, circle: Path, target: tuple[str, str]) -> None:
    what = ("--source-type", "slack", "--email", "ann@x", "--interaction", "ann-phone", "--source-id", "s-slack")
    arguments = ("db", "split", "ann", *target, *what, "--data-dir", circle)
    assert lifeos(*arguments).returncode == 0
    before = whole(circle)
    again = lifeos(*arguments)
    assert (again.returncode, again.stdout[:13]) == (0, "nothing to do"), again.stderr
    assert whole(circle) == before


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (("ann", "--to", "bob"), 2, "nothing is selected"),
        (("ann", "--source-type", "gmail"), 2, "either"),
        (("ann", "--to", "bob", "--new", "Zoë", "--source-type", "gmail"), 2, "either"),
        (("ann", "--new", " ", "--source-type", "gmail"), 2, "either"),
        (("ann", "--to", "ann", "--source-type", "gmail"), 4, "cannot be split from themselves"),
        (("ann", "--to", "nobody", "--source-type", "gmail"), 4, "no such person"),
        (("ann", "--to", "bob", "--source-type", "sms"), 4, "any interaction of source_type 'sms'"),
        (("ann", "--to", "bob", "--source-type", "gmail", "--source-id", "s-slack"), 4, "source_id 's-slack'"),
        (("ann", "--to", "bob", "--interaction", "x"), 4, "interaction 'x'"),
        (("ann", "--to", "bob", "--email", "ann@x", "--email", ""), 4, "the email ''"),
        (("ann", "--to", "bob", "--phone", "+9"), 4, "the phone '+9'"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(
    lifeos: Program, circle: Path, arguments: tuple[str, ...], code: int, reason: str
) -> None:
    before = snapshot(circle)
    result = lifeos("db", "split", *arguments, "--data-dir", circle)
    assert result.returncode == code
    assert reason in result.stderr.replace("│", "").replace("\n", " ").replace("  ", " ")
    assert "Traceback" not in result.stderr
    assert snapshot(circle) == before

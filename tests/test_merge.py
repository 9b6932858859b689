"""Merging two people: what becomes of their interactions, fields and relationships, and what is refused."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import lifeos_db
from lifeos_db.errors import BadValue, IdentityRefused, PersonMerged
from tests.circle import assert_sound, make_circle, opened, owner_of, pairs_of, person, whole
from tests.conftest import NEW_ROW, Program, snapshot


@pytest.fixture
def circle(tmp_path: Path) -> Path:
    """ann, bob and cy; each has a mail and a photo, and everybody knows everybody."""
    return make_circle(
        tmp_path / "data",
        {
            "ann": {"emails": '["ann@x"]', "notes": "tall"},
            "bob": {"emails": '["bob@x", "ANN@x"]', "aliases": '["Bobby"]', "notes": "short", "company": "Globex"},
            "cy": {},
        },
        [(f"{who}-{source}", who, source) for who in ("ann", "bob", "cy") for source in ("gmail", "photos")],
        [
            ("ann", "bob", {}),
            ("ann", "cy", {"shared_contexts": '["gmail"]', "relationship_type": "friend"}),
            (
                "bob",
                "cy",
                {"shared_contexts": '["slack", "gmail"]', "is_linkedin_connection": 1},
            ),
        ],
    )


def test_everything_of_the_other_is_the_survivors(circle: Path) -> None:
    report = lifeos_db.merge(circle, "ann", "bob")
    assert (report.status, report.interactions, report.relationships) == ("merged", 2, 2)
    assert set(owner_of(circle).values()) == {"ann", "cy"}
    ann = person(circle, "ann")
    assert json.loads(ann["emails"]) == ["ann@x", "bob@x"]
    assert json.loads(ann["aliases"]) == ["Bob", "Bobby"]
    assert ann["notes"] == "tall\n\n---\n\nshort"
    assert (ann["company"], ann["email_count"]) == ("Globex", 2)
    people = json.loads((circle / "people_entities.json").read_text())
    assert [record["id"] for record in people] == ["ann", "cy"]
    assert json.loads((circle / "merged_person_ids.json").read_text()) == {"bob": "ann"}
    assert_sound(circle)


def test_relationships_unite_and_the_one_between_the_two_goes(circle: Path) -> None:
    lifeos_db.merge(circle, "ann", "bob")
    pairs = pairs_of(circle)
    assert list(pairs) == [("ann", "cy")]
    united = pairs["ann", "cy"]
    assert united["id"] == "ann-cy"
    assert united["is_linkedin_connection"] == 1
    assert json.loads(united["shared_contexts"]) == ["gmail", "slack"]
    assert united["relationship_type"] == "friend"


def test_a_relationship_that_only_the_other_had_is_led_to_the_survivor(tmp_path: Path) -> None:
    circle = make_circle(
        tmp_path / "data", {"zoe": {}, "bob": {}, "cy": {}}, (), [("bob", "cy", {"extra": '{"k": 1}'})]
    )
    lifeos_db.merge(circle, "zoe", "bob")
    assert {pair: row["extra"] for pair, row in pairs_of(circle).items()} == {("cy", "zoe"): '{"k": 1}'}
    assert [row["id"] for row in pairs_of(circle).values()] == ["bob-cy"]


def test_what_is_written_under_the_old_id_lands_on_the_survivor(circle: Path) -> None:
    lifeos_db.merge(circle, "ann", "bob")
    with opened(circle) as conn:
        conn.execute(NEW_ROW.format("bob", "slack"))
    assert owner_of(circle)["n"] == "ann"
    assert person(circle, "ann")["message_count"] == 1


@pytest.mark.parametrize(
    ("column", "mine", "theirs", "expected"),
    [
        ("emails", '["A@x"]', '["a@X", "b@x", "B@x"]', ["A@x", "b@x"]),
        ("emails", None, '["b@x"]', ["b@x"]),
        ("phone_numbers", '["+1 202 1"]', '["+1202-1", "+2"]', ["+1 202 1", "+2"]),
        ("tags", '["b", "a"]', '["a", "B"]', ["b", "a", "B"]),
        ("sources", '["gmail"]', '["slack", "gmail"]', ["gmail", "slack"]),
        ("vault_contexts", "[]", '["Work/"]', ["Work/"]),
        ("related_notes", '["x.md"]', None, ["x.md"]),
        ("aliases", '["boB"]', '["ANN", "Bee"]', ["boB", "Bee"]),
    ],
)
def test_lists_unite_without_duplicates(
    tmp_path: Path, column: str, mine: str | None, theirs: str | None, expected: list[str]
) -> None:
    circle = make_circle(tmp_path / "data", {"ann": {column: mine}, "bob": {column: theirs}})
    lifeos_db.merge(circle, "ann", "bob")
    assert json.loads(person(circle, "ann")[column]) == expected


@pytest.mark.parametrize(
    ("column", "mine", "theirs", "expected"),
    [
        ("category", "work", "family", "family"),
        ("category", "family", "work", "family"),
        ("category", "personal", "work", "work"),
        ("category", "unknown", "personal", "personal"),
        ("category", "family", "self", "self"),
        ("category", "self", "family", "self"),
        ("category", None, "personal", "personal"),
        ("category", "unknown", "club", "club"),
        ("category", "club", "work", "work"),
        ("company", None, "Globex", "Globex"),
        ("company", "", "Globex", "Globex"),
        ("company", "Initech", "Globex", "Initech"),
        ("position", None, "CEO", "CEO"),
        ("linkedin_url", None, "https://x", "https://x"),
        ("birthday", None, "02-29", "02-29"),
        ("phone_primary", "+1", "+2", "+1"),
        ("notes", "", "short", "short"),
        ("notes", "tall", "", "tall"),
        ("notes", "same", "same", "same"),
        # The earlier and the later instant, not the smaller and the larger text.
        ("first_seen", "2020-01-01T01:00:00+05:00", "2019-12-31T21:00:00+00:00", "2020-01-01T01:00:00+05:00"),
        ("first_seen", "2020-01-01T00:00:00+00:00", "2020-01-01T01:00:00+05:00", "2020-01-01T01:00:00+05:00"),
        ("first_seen", None, "2020-01-01", "2020-01-01"),
        ("first_seen", "2020-01-01", "1970-01-01T00:00:00+00:00", "2020-01-01"),
        ("first_seen", "not a date", "2020-01-01", "2020-01-01"),
        ("last_seen", "2020-01-01T00:30:00", "2020-01-01T01:00:00+01:00", "2020-01-01T00:30:00"),
        ("last_seen", "2020-01-01T00:30:00+01:00", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"),
        ("last_seen", "2020-01-01T00:00:00Z", None, "2020-01-01T00:00:00Z"),
        # The survivor's own.
        ("display_name", "Annie", "Bobby", "Annie"),
        ("dunbar_circle", 1, 5, 1),
        ("hidden", 0, 1, 0),
    ],
)
def test_single_values_unite_by_their_rules(tmp_path: Path, column: str, mine: Any, theirs: Any, expected: Any) -> None:
    circle = make_circle(tmp_path / "data", {"ann": {column: mine}, "bob": {column: theirs}})
    lifeos_db.merge(circle, "ann", "bob")
    assert person(circle, "ann")[column] == expected


def test_a_dry_run_says_the_same_and_changes_nothing(lifeos: Program, circle: Path) -> None:
    before = snapshot(circle)
    dry = lifeos("db", "merge", "ann", "bob", "--dry-run", "--data-dir", circle)
    assert dry.returncode == 0
    assert snapshot(circle) == before
    real = lifeos("db", "merge", "ann", "bob", "--data-dir", circle)
    assert dry.stdout.splitlines() == real.stdout.replace("merged", "would merge", 1).splitlines()[:-1]
    assert real.stdout.splitlines()[-1] == f"  take it back: lifeos db unmerge --data-dir {circle} bob"


def test_a_second_run_has_nothing_to_do(lifeos: Program, circle: Path) -> None:
    lifeos_db.merge(circle, "ann", "bob")
    before = whole(circle)
    for other in ("bob", "Bob", "bobby", "BOB@x"):
        result = lifeos("db", "merge", "ann", other, "--data-dir", circle)
        assert (result.returncode, result.stdout[:13]) == (0, "nothing to do"), result.stderr
    assert whole(circle) == before


@pytest.mark.parametrize(
    ("survivor", "other", "reason"),
    [
        ("ann", "ann", "same person"),
        ("ANN", "ann", "same person"),
        ("bob", "ann", "bob: was merged into Ann"),
        ("cy", "bob", "bob: was merged into Ann"),
        ("bob", "cy", "bob: was merged into Ann"),
        ("bob", "bob", "bob: was merged into Ann"),
        ("ann", "nobody", "'nobody': no such person"),
        ("", "ann", "'': no such person"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(
    lifeos: Program, circle: Path, survivor: str, other: str, reason: str
) -> None:
    lifeos_db.merge(circle, "ann", "bob")
    before = snapshot(circle)
    result = lifeos("db", "merge", "--data-dir", circle, "--", survivor, other)
    assert result.returncode == 4
    assert reason in result.stderr
    assert "Traceback" not in result.stderr
    assert snapshot(circle) == before


def test_merges_of_merges_stay_flat(circle: Path) -> None:
    lifeos_db.merge(circle, "bob", "cy")
    lifeos_db.merge(circle, "ann", "bob")
    assert json.loads((circle / "merged_person_ids.json").read_text()) == {"cy": "ann", "bob": "ann"}
    assert set(owner_of(circle).values()) == {"ann"}
    with pytest.raises(PersonMerged):
        lifeos_db.merge(circle, "cy", "ann")
    assert_sound(circle)


@pytest.mark.parametrize(
    ("who", "column", "value"),
    [("ann", "emails", '["a@x"'), ("bob", "tags", "{}"), ("bob", "notes", b"\x00"), ("ann", "aliases", "[1]")],
)
def test_a_damaged_column_is_named_and_nothing_changes(circle: Path, who: str, column: str, value: object) -> None:
    with opened(circle) as conn:
        conn.execute(f"UPDATE people SET {column} = ? WHERE id = ?", (value, who))
        before = conn.execute("SELECT * FROM people").fetchall()
        with pytest.raises(BadValue, match=rf"people '{who}', column {column}: "):
            lifeos_db.merge(circle, "ann", "bob")
        assert conn.execute("SELECT * FROM people").fetchall() == before
        assert conn.execute("SELECT * FROM person_merges").fetchall() == []


def test_a_missing_trigger_is_named_before_anything_is_written(circle: Path) -> None:
    with opened(circle) as conn:
        conn.execute("DROP TRIGGER person_merges_after_insert")
    with pytest.raises(lifeos_db.LifeosError, match="trigger person_merges_after_insert is missing"):
        lifeos_db.merge(circle, "ann", "bob")
    lifeos_db.verify(circle, fix=True)
    lifeos_db.merge(circle, "ann", "bob")
    assert_sound(circle)


def test_a_directory_that_is_not_migrated_stays_as_it_is(lifeos: Program, sample: Path) -> None:
    before = snapshot(sample)
    for command in (
        ("merge", "a", "b"),
        ("unmerge", "a"),
        ("split", "a", "--to", "b", "--email", "x"),
        ("hide", "a"),
        ("unhide", "a"),
        ("orphans", "--delete"),
        ("duplicates",),
    ):
        result = lifeos("db", *command, "--data-dir", sample)
        assert result.returncode == 4
        assert "not migrated yet" in result.stderr
    assert snapshot(sample) == before


def test_a_locked_database_is_waited_for_and_then_named(lifeos: Program, circle: Path) -> None:
    before = whole(circle)
    with opened(circle) as conn:
        conn.execute("BEGIN IMMEDIATE")
        result = lifeos("db", "merge", "ann", "bob", "--data-dir", circle, "--timeout", "0.3")
        assert result.returncode == 4
        assert "locked by another process for more than 0.3 s" in result.stderr
        conn.execute("ROLLBACK")
    assert whole(circle) == before


def test_another_programs_edit_of_a_file_is_not_overwritten(lifeos: Program, circle: Path) -> None:
    (circle / "people_entities.json").write_text("[]")
    result = lifeos("db", "merge", "ann", "bob", "--data-dir", circle)
    assert result.returncode == 4
    assert "merged, but the JSON files are not exported yet" in result.stderr
    assert (circle / "people_entities.json").read_text() == "[]"
    assert owner_of(circle)["bob-gmail"] == "ann"


def test_ids_and_names_of_any_kind(lifeos: Program, tmp_path: Path) -> None:
    """Ids that look like options, names that would command the terminal."""
    circle = make_circle(
        tmp_path / "data",
        {"--delete": {"canonical_name": "\x1b[31mred\x07"}, "-x": {"canonical_name": ""}, "it's": {"aliases": None}},
        [("i", "-x", "gmail")],
    )
    result = lifeos("db", "merge", "--data-dir", circle, "--", "--delete", "-x")
    assert result.returncode == 0, result.stderr
    assert "\x1b" not in result.stdout
    assert result.stdout.splitlines()[-1].endswith(f"--data-dir {circle} -- -x")
    assert lifeos("db", "merge", "--data-dir", circle, "--", "--delete", "it's").returncode == 0
    assert lifeos("db", "unmerge", "--data-dir", circle, "it's").returncode == 0
    assert lifeos("db", "unmerge", "--data-dir", circle, "--", "-x").returncode == 0
    assert owner_of(circle) == {"i": "-x"}
    assert_sound(circle)


def test_a_refusal_is_an_identity_refused(circle: Path) -> None:
    with pytest.raises(IdentityRefused):
        lifeos_db.merge(circle, "ann", "ann")


def test_ctrl_c_leaves_the_directory_as_it_was(circle: Path) -> None:
    """SIGINT while the merge waits for another program's lock, long before that is given up: nothing is half done."""
    before = whole(circle)
    program = Path(sys.executable).with_name("lifeos")
    with opened(circle) as conn:
        conn.execute("BEGIN IMMEDIATE")
        command = [str(program), "db", "merge", "ann", "bob", "--data-dir", str(circle), "--timeout", "60"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 30
        while not (circle / ".lifeos.lock").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)  # from our own lock to the wait for the other program's
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        conn.execute("ROLLBACK")
    assert process.returncode == 130
    assert "Traceback" not in err
    assert whole(circle) == before
    assert lifeos_db.merge(circle, "ann", "bob").status == "merged"

"""Taking a merge back: exactly what it gave, and of what was changed since, the newer value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import lifeos_db
from lifeos_db.errors import IdentityRefused
from tests.circle import assert_sound, make_circle, opened, owner_of, pairs_of, person, whole
from tests.conftest import NEW_ROW, PLANTED, Program, add_interaction, snapshot


@pytest.fixture
def circle(tmp_path: Path) -> Path:
    """Four people; each has a mail and a photo; relationships among them."""
    names = ("ann", "bob", "cy", "dee")
    return make_circle(
        tmp_path / "data",
        {
            "bob": {
                "emails": '["bob@x"]',
                "notes": "short",
                "company": "Globex",
                "first_seen": "2019-01-01",
                "extra": "{}",
            },
            "ann": {"emails": '[ "ann@x" ]', "notes": "tall", "hidden_reason": None, "confidence_score": 1},
            "cy": {"emails": '["cy@x", "bob@x"]', "notes": "old", "category": "family"},
            "dee": {"emails": None, "tags": '["t"]', "company": "Initech"},
        },
        [(f"{who}-{source}", who, source) for who in names for source in ("gmail", "photos")],
        [
            ("ann", "bob", {"shared_contexts": '["gmail"]'}),
            ("ann", "cy", {"is_linkedin_connection": None}),
            ("bob", "cy", {"shared_contexts": '["slack"]', "is_linkedin_connection": 1}),
            ("bob", "dee", {"extra": '{"k": 1}'}),
        ],
    )


def test_merge_then_unmerge_is_nothing_at_all(circle: Path) -> None:
    before = whole(circle)
    lifeos_db.merge(circle, "ann", "bob")
    assert whole(circle) != before
    report = lifeos_db.unmerge(circle, "bob")
    assert (report.status, report.interactions, report.kept) == ("unmerged", 2, ())
    assert whole(circle) == before
    assert_sound(circle)


def test_a_second_run_has_nothing_to_do(lifeos: Program, circle: Path) -> None:
    lifeos_db.merge(circle, "ann", "bob")
    lifeos_db.unmerge(circle, "bob")
    before = snapshot(circle)
    result = lifeos("db", "unmerge", "bob", "--data-dir", circle)
    assert (result.returncode, result.stdout) == (0, "nothing to do: Bob (bob) is not merged into anybody\n")
    result = lifeos("db", "unmerge", "nobody", "--data-dir", circle)
    assert result.returncode == 4
    assert snapshot(circle) == before


def test_the_beginning_of_the_id_is_enough(circle: Path) -> None:
    lifeos_db.merge(circle, "ann", "bob")
    assert lifeos_db.unmerge(circle, "bo").merged.id == "bob"


@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR IGNORE", "INSERT OR REPLACE"])
def test_what_was_written_under_the_id_since_goes_back_too(circle: Path, verb: str, recursive: bool) -> None:
    lifeos_db.merge(circle, "ann", "bob")
    with opened(circle) as conn:
        conn.execute(f"PRAGMA recursive_triggers = {int(recursive)}")
        conn.execute(NEW_ROW.format("bob", "slack").replace("INSERT", verb))
        add_interaction(conn, "anns", "ann", "slack")
        add_interaction(conn, "moved", "dee", "slack")
        conn.execute("UPDATE interactions SET person_id = 'bob' WHERE id = 'moved'")
        conn.execute(
            "INSERT INTO interactions (id, person_id, timestamp, source_type, title) "
            "VALUES ('dee-gmail', 'bob', '', 'gmail', '') ON CONFLICT (id) DO UPDATE SET person_id = excluded.person_id"
        )
    assert owner_of(circle)["n"] == "ann"
    lifeos_db.unmerge(circle, "bob")
    owners = owner_of(circle)
    assert {name for name, who in owners.items() if who == "bob"} == {
        "bob-gmail",
        "bob-photos",
        "n",
        "moved",
        "dee-gmail",
    }
    assert owners["anns"] == "ann"
    assert person(circle, "bob")["message_count"] == 2
    assert_sound(circle)


def test_rows_without_an_id_come_back_too(circle: Path) -> None:
    """The legacy table allows NULL there."""
    insert = (
        "INSERT INTO interactions (id, person_id, timestamp, source_type, title) VALUES (NULL, 'bob', '', 'sms', ?)"
    )
    with opened(circle) as conn:
        conn.execute(insert, ("before",))
        conn.execute(insert, ("other",))
        conn.execute(
            "UPDATE interactions SET id = (SELECT rowid FROM interactions WHERE title = 'before') WHERE title = 'other'"
        )  # an id that looks like the rowid of another row
        conn.execute("UPDATE interactions SET person_id = 'ann' WHERE title = 'other'")
    lifeos_db.merge(circle, "ann", "bob")
    with opened(circle) as conn:
        conn.execute(insert, ("after",))
    lifeos_db.unmerge(circle, "bob")
    with opened(circle) as conn:
        assert dict(conn.execute("SELECT title, person_id FROM interactions WHERE source_type = 'sms'")) == {
            "before": "bob",
            "after": "bob",
            "other": "ann",
        }


def test_interactions_that_moved_or_went_since_stay_so_and_are_named(lifeos: Program, circle: Path) -> None:
    lifeos_db.merge(circle, "ann", "bob")
    with opened(circle) as conn:
        conn.execute("UPDATE interactions SET person_id = 'dee' WHERE id = 'bob-gmail'")
        conn.execute("DELETE FROM interactions WHERE id = 'bob-photos'")
    lifeos_db.export(circle)
    before = snapshot(circle)
    dry = lifeos("db", "unmerge", "bob", "--dry-run", "--data-dir", circle)
    assert "1 interaction(s) moved to Dee (dee) since the merge, and left so: bob-gmail" in dry.stdout
    assert "1 interaction(s) deleted since the merge, and left so: bob-photos" in dry.stdout
    assert snapshot(circle) == before
    real = lifeos("db", "unmerge", "bob", "--data-dir", circle)
    assert real.stdout == dry.stdout.replace("would unmerge", "unmerged").replace("go back", "went back")
    assert owner_of(circle)["bob-gmail"] == "dee"
    assert_sound(circle)


@pytest.mark.parametrize(
    ("column", "edited", "expected", "taken"),
    [
        ("emails", '["new@x", "ann@x", "BOB@x"]', '["new@x", "ann@x"]', True),
        ("emails", '["ann@x"]', '["ann@x"]', True),
        ("emails", "[]", "[]", True),
        ("emails", "damaged", "damaged", False),
        ("notes", "tall, I say\n\n---\n\nshort", "tall, I say", True),
        ("notes", "all new", "all new", False),
        ("company", "Umbrella", "Umbrella", False),
        ("first_seen", "2018-01-01", "2018-01-01", False),
    ],
)
def test_a_field_that_was_edited_since_keeps_the_newer_value(
    lifeos: Program, circle: Path, column: str, edited: str, expected: str, taken: bool
) -> None:
    lifeos_db.merge(circle, "ann", "bob")
    with opened(circle) as conn:
        conn.execute(f"UPDATE people SET {column} = ? WHERE id = 'ann'", (edited,))
    report = lifeos_db.unmerge(circle, "bob", dry_run=True)
    what = "what the merge gave is taken out, the rest stays" if taken else "the newer value stays"
    assert report.kept == (f"{column} of Ann (ann): edited since the merge; {what}",)
    if expected == "damaged":
        return
    lifeos_db.unmerge(circle, "bob")
    assert person(circle, "ann")[column] == expected
    assert person(circle, "bob")["emails"] == '["bob@x"]'


def test_a_field_that_the_merge_did_not_touch_may_change_freely(circle: Path) -> None:
    lifeos_db.merge(circle, "ann", "bob")
    with opened(circle) as conn:
        conn.execute("UPDATE people SET tags = '[\"t\"]', display_name = 'A', category = 'work' WHERE id = 'ann'")
    assert lifeos_db.unmerge(circle, "bob").kept == ()
    ann = person(circle, "ann")
    assert (ann["tags"], ann["display_name"], ann["category"]) == ('["t"]', "A", "work")


def test_merges_of_merges_come_apart_in_reverse_order(lifeos: Program, circle: Path) -> None:
    first = whole(circle)
    lifeos_db.merge(circle, "bob", "cy")
    second = whole(circle)
    lifeos_db.merge(circle, "ann", "bob")
    before = snapshot(circle)
    refused = lifeos("db", "unmerge", "cy", "--data-dir", circle)
    assert refused.returncode == 4
    assert "cy: was merged into bob, who was merged into Ann (ann) since" in refused.stderr
    assert "run 'lifeos db unmerge bob' first" in refused.stderr
    assert snapshot(circle) == before
    with opened(circle) as conn:
        conn.execute(NEW_ROW.format("cy", "slack"))  # lands on ann, and is cy's all the same
    lifeos_db.unmerge(circle, "bob")
    assert owner_of(circle)["n"] == "bob"
    with opened(circle) as conn:
        conn.execute("DELETE FROM interactions WHERE id = 'n'")
    lifeos_db.export(circle)
    assert whole(circle) == second
    with opened(circle) as conn:
        conn.execute(NEW_ROW.format("cy", "slack"))
    lifeos_db.unmerge(circle, "cy")
    assert owner_of(circle)["n"] == "cy"
    with opened(circle) as conn:
        conn.execute("DELETE FROM interactions WHERE id = 'n'")
    lifeos_db.export(circle)
    assert whole(circle) == first


@pytest.mark.parametrize(
    "order", [("bob", "cy", "dee"), ("cy", "bob", "dee"), ("dee", "cy", "bob"), ("cy", "dee", "bob")]
)
def test_merges_into_the_same_survivor_come_apart_in_any_order(circle: Path, order: tuple[str, ...]) -> None:
    before = whole(circle)
    for other in ("bob", "cy", "dee"):
        lifeos_db.merge(circle, "ann", other)
    for other in order:
        assert lifeos_db.unmerge(circle, other).kept == ()
        assert_sound(circle)
    after = whole(circle)
    # Who came back is at their old place; only records of relationships that met may have changed theirs.
    assert {name: after[name] for name in ("people", "interactions", "person_merges", "person_contacts")} == {
        name: before[name] for name in ("people", "interactions", "person_merges", "person_contacts")
    }
    assert after["people_entities.json"] == before["people_entities.json"]
    assert set(pairs_of(circle)) == {("ann", "bob"), ("ann", "cy"), ("bob", "cy"), ("bob", "dee")}


def test_what_two_merges_gave_stays_until_the_second_is_taken_back(circle: Path) -> None:
    lifeos_db.merge(circle, "ann", "bob")
    lifeos_db.merge(circle, "ann", "cy")  # has bob@x too
    lifeos_db.unmerge(circle, "bob")
    assert sorted(json.loads(person(circle, "ann")["emails"])) == ["ann@x", "bob@x", "cy@x"]
    lifeos_db.unmerge(circle, "cy")
    assert person(circle, "ann")["emails"] == '[ "ann@x" ]'


def test_what_two_merges_gave_to_an_edited_list_stays_until_the_second_is_taken_back(circle: Path) -> None:
    lifeos_db.merge(circle, "ann", "bob")
    lifeos_db.merge(circle, "ann", "cy")
    with opened(circle) as conn:
        conn.execute('UPDATE people SET emails = \'["new@x", "ann@x", "bob@x", "cy@x"]\' WHERE id = \'ann\'')
    lifeos_db.unmerge(circle, "bob")
    assert json.loads(person(circle, "ann")["emails"]) == ["new@x", "ann@x", "bob@x", "cy@x"]
    lifeos_db.unmerge(circle, "cy")
    assert json.loads(person(circle, "ann")["emails"]) == ["new@x", "ann@x"]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO person_merges (merged_id, survivor_id) VALUES ('bob', 'ann')",
        "INSERT OR IGNORE INTO person_merges (merged_id, survivor_id) VALUES ('bob', 'ann')",
        "INSERT OR REPLACE INTO person_merges (merged_id, survivor_id) VALUES ('bob', 'ann')",
        "INSERT INTO person_merges (merged_id, survivor_id) VALUES ('bob', 'ann') ON CONFLICT DO NOTHING",
    ],
)
def test_a_merge_by_plain_sql_can_be_taken_back(circle: Path, statement: str, recursive: bool) -> None:
    before = whole(circle)
    with opened(circle) as conn:
        conn.execute(f"PRAGMA recursive_triggers = {int(recursive)}")
        conn.execute(statement)
        conn.execute(NEW_ROW.format("bob", "slack"))
    assert set(owner_of(circle).values()) == {"ann", "cy", "dee"}
    lifeos_db.unmerge(circle, "bob")
    assert owner_of(circle)["n"] == "bob"
    with opened(circle) as conn:
        conn.execute("DELETE FROM interactions WHERE id = 'n'")
    lifeos_db.export(circle)
    assert whole(circle) == before


def test_chains_made_by_plain_sql_come_apart_in_reverse_order(circle: Path, recursive: bool) -> None:
    before = whole(circle)
    with opened(circle) as conn:
        conn.execute(f"PRAGMA recursive_triggers = {int(recursive)}")
        conn.execute("INSERT INTO person_merges (merged_id, survivor_id) VALUES ('cy', 'bob')")
        conn.execute("INSERT INTO person_merges (merged_id, survivor_id) VALUES ('bob', 'ann')")
        conn.execute("INSERT INTO person_merges (merged_id, survivor_id) VALUES ('dee', 'cy')")
    with pytest.raises(
        IdentityRefused, match=r"cy: was merged into Bob \(bob\), who was merged into Ann \(ann\) since"
    ):
        lifeos_db.unmerge(circle, "cy")
    for who in ("bob", "dee", "cy"):
        lifeos_db.unmerge(circle, who)
        assert_sound(circle)
    assert whole(circle) == before


def test_a_merge_that_was_deleted_by_plain_sql_can_still_be_taken_back(circle: Path) -> None:
    before = whole(circle)
    lifeos_db.merge(circle, "ann", "bob")
    with opened(circle) as conn:
        conn.execute("DELETE FROM person_merges")
    lifeos_db.unmerge(circle, "bob")
    assert whole(circle) == before


def test_a_merge_that_was_led_elsewhere_by_plain_sql(circle: Path) -> None:
    lifeos_db.merge(circle, "ann", "bob")
    with opened(circle) as conn:
        conn.execute("UPDATE person_merges SET survivor_id = 'dee' WHERE merged_id = 'bob'")
        conn.execute(NEW_ROW.format("bob", "slack"))
    assert owner_of(circle)["n"] == "dee"
    lifeos_db.unmerge(circle, "bob")
    assert {who for name, who in owner_of(circle).items() if name in ("n", "bob-gmail", "bob-photos")} == {"bob"}
    assert json.loads(person(circle, "ann")["emails"]) == ["ann@x"]
    assert_sound(circle)


def test_a_person_who_was_written_again_since_is_kept(circle: Path) -> None:
    lifeos_db.merge(circle, "ann", "bob")
    with opened(circle) as conn:
        conn.execute("INSERT INTO people (id, canonical_name) VALUES ('bob', 'Robert')")
    report = lifeos_db.unmerge(circle, "bob")
    assert report.kept == ("Robert (bob): was written again since the merge, and kept as they are",)
    assert person(circle, "bob")["canonical_name"] == "Robert"
    assert owner_of(circle)["bob-gmail"] == "bob"
    assert_sound(circle)


def test_relationships_that_changed_since_keep_the_newer_values(circle: Path) -> None:
    lifeos_db.merge(circle, "ann", "bob")
    with opened(circle) as conn:
        conn.execute("UPDATE relationships SET relationship_type = 'friend' WHERE id = 'ann-cy'")  # united
        conn.execute("DELETE FROM relationships WHERE id = 'bob-dee'")  # led to ann
    report = lifeos_db.unmerge(circle, "bob")
    assert report.kept == (
        "relationship ann - cy: edited since the merge; what was edited is kept",
        "relationship bob - dee: deleted since the merge, and not brought back",
    )
    pairs = pairs_of(circle)
    assert set(pairs) == {("ann", "bob"), ("ann", "cy"), ("bob", "cy")}
    cy = pairs["ann", "cy"]
    assert (cy["relationship_type"], cy["is_linkedin_connection"], cy["shared_contexts"]) == ("friend", None, None)
    assert pairs["bob", "cy"]["shared_contexts"] == '["slack"]'


def test_a_survivor_who_is_gone_does_not_stop_it(circle: Path) -> None:
    lifeos_db.merge(circle, "ann", "bob")
    with opened(circle) as conn:
        conn.execute("DELETE FROM people WHERE id = 'ann'")
    lifeos_db.unmerge(circle, "bob")
    assert owner_of(circle)["bob-gmail"] == "bob"
    assert person(circle, "bob")["email_count"] == 1


def test_a_merge_from_a_legacy_file_needs_the_person_first(lifeos: Program, migrated: Path) -> None:
    """Nobody knows who they were, but the rows that migrate moved, and those written since, are known."""
    merged = next(iter(json.loads((migrated / "merged_person_ids.json").read_text())))
    refused = lifeos("db", "unmerge", merged, "--data-dir", migrated)
    assert refused.returncode == 4
    assert "nothing is recorded of this person" in refused.stderr
    with opened(migrated) as conn:
        query = "SELECT interactions FROM merge_moves WHERE merged_id = ?"
        given = {name for row in conn.execute(query, (merged,)) for name in json.loads(row[0])}
        conn.execute("INSERT INTO people (id, canonical_name) VALUES (?, 'Back')", (merged,))
    assert 0 < len(given) < PLANTED["rows_under_merged_ids"]
    assert lifeos_db.unmerge(migrated, merged).interactions == len(given)
    assert {name for name, who in owner_of(migrated).items() if who == merged} == given
    assert_sound(migrated)


def test_who_came_since_keeps_their_place(circle: Path) -> None:
    """The last person leaves, somebody new takes the last place, and the first comes back behind them."""
    lifeos_db.merge(circle, "ann", "dee")
    with opened(circle) as conn:
        conn.execute("INSERT INTO people (id) VALUES ('new')")
    lifeos_db.unmerge(circle, "dee")
    people: list[dict[str, Any]] = json.loads((circle / "people_entities.json").read_text())
    assert [record["id"] for record in people] == ["bob", "ann", "cy", "new", "dee"]
    assert_sound(circle)


def test_three_merges_deep_each_comes_apart_on_its_own(circle: Path, recursive: bool) -> None:
    """Whoever was led on keeps remembering whom they were merged into."""
    before = whole(circle)
    with opened(circle) as conn:
        conn.execute(f"PRAGMA recursive_triggers = {int(recursive)}")
        for merged, survivor in (("dee", "cy"), ("cy", "bob"), ("bob", "ann")):
            conn.execute("INSERT INTO person_merges (merged_id, survivor_id) VALUES (?, ?)", (merged, survivor))
        direct = dict(conn.execute("SELECT merged_id, survivor_id FROM merge_records"))
    assert direct == {"dee": "cy", "cy": "bob", "bob": "ann"}
    for who in ("bob", "cy", "dee"):
        for deeper in {"bob": ("cy", "dee"), "cy": ("dee",), "dee": ()}[who]:
            with pytest.raises(IdentityRefused, match="since"):
                lifeos_db.unmerge(circle, deeper)
        lifeos_db.unmerge(circle, who)
    assert whole(circle) == before


def test_records_that_a_plain_merge_left_unseen_stay_where_they_are(circle: Path, recursive: bool) -> None:
    """bob's record with cy meets ann's and stays with bob; a further merge and its unmerge leave it there."""
    with opened(circle) as conn:
        conn.execute(f"PRAGMA recursive_triggers = {int(recursive)}")
        conn.execute("INSERT INTO person_merges (merged_id, survivor_id) VALUES ('bob', 'ann')")
    lifeos_db.export(circle)
    before = whole(circle)
    assert ("bob", "cy") in pairs_of(circle)
    lifeos_db.merge(circle, "dee", "ann")
    lifeos_db.unmerge(circle, "ann")
    assert whole(circle) == before
    assert_sound(circle)

"""Imports: what a legacy writer did to the files is taken in, and nothing that anybody wrote is lost."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import lifeos_db
from lifeos_db.import_report import ImportReport
from lifeos_db.schema_objects import SCHEMA_VERSION
from tests.conftest import Program, add_interaction, snapshot
from tests.legacy_program import MERGES, PEOPLE, RELATIONSHIPS, LegacyProgram, save


def person(identity: str, **fields: Any) -> dict[str, Any]:
    """A record; ann is the owner of the directory."""
    record: dict[str, Any] = {
        "id": identity,
        "canonical_name": identity.title(),
        "sources": [],
        "notes": "",
        "company": None,
    }
    return {**record, "email_count": 0, "category": "self" if identity == "ann" else "unknown", **fields}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Six people of a legacy directory, migrated: ann has a mail; bob, cy, dee, eve and fay have nothing."""
    path = tmp_path / "data"
    path.mkdir()
    (path / PEOPLE).write_text(json.dumps([person(name) for name in ("ann", "bob", "cy", "dee", "eve", "fay")]))
    lifeos_db.migrate(path, backup=False)
    with lifeos_db.session(path) as conn:
        add_interaction(conn, "i1", "ann")
    return path


@pytest.fixture
def conn(data: Path) -> Iterator[sqlite3.Connection]:
    """A plain client in autocommit mode."""
    with closing(sqlite3.connect(data / "interactions.db", isolation_level=None)) as conn:
        yield conn


def field(conn: sqlite3.Connection, identity: str, column: str = "notes") -> Any:
    row = conn.execute(f"SELECT {column} FROM people WHERE id = ?", (identity,)).fetchone()
    return row[0] if row else "nobody"


def take_in(path: Path, **options: Any) -> ImportReport:
    """Import, and hold the outcome against every promise: nothing left to do, files as exported, all consistent."""
    report = lifeos_db.import_edits(path, **options)
    assert lifeos_db.check_export(path).status == "fresh"
    assert lifeos_db.verify(path, deep=True).status == "ok"
    again = lifeos_db.import_edits(path)
    assert (again.status, again.exported) == ("nothing", [])
    return report


def test_a_changed_field_is_taken(data: Path, conn: sqlite3.Connection) -> None:
    program = LegacyProgram(data)
    program["ann"]["notes"] = "met at the fair"
    program["bob"]["company"] = "Acme"
    program.save()
    report = take_in(data)
    assert (report.status, report.files, report.people_changed) == ("imported", [PEOPLE], 2)
    assert (field(conn, "ann"), field(conn, "bob", "company")) == ("met at the fair", "Acme")
    assert LegacyProgram(data)["ann"]["notes"] == "met at the fair"


def test_a_new_person_is_taken_with_all_they_have(data: Path, conn: sqlite3.Connection) -> None:
    add_interaction(conn, "early", "gil", "sms")
    program = LegacyProgram(data)
    program.records.append(person("gil", notes="n", sources=["linkedin", "sms"], email_count=99))
    program.save()
    assert take_in(data).people_added == 1
    query = "SELECT notes, sources, email_count, message_count FROM people WHERE id = 'gil'"
    assert conn.execute(query).fetchone() == ("n", '["linkedin", "sms"]', 0, 1)
    assert [record["id"] for record in LegacyProgram(data).records][-1] == "gil"


def test_a_person_taken_out_of_the_file_is_deleted_if_they_have_no_interactions(
    data: Path, conn: sqlite3.Connection
) -> None:
    program = LegacyProgram(data)
    program.remove("ann")
    program.remove("bob")
    program.save()
    report = take_in(data)
    assert report.people_deleted == 1
    assert [(kept.id, kept.reason) for kept in report.kept] == [("ann", "has 1 interaction")]
    assert field(conn, "bob", "id") == "nobody"
    assert LegacyProgram(data)["ann"]["email_count"] == 1


def test_nobody_is_deleted_whom_the_file_did_not_know(data: Path, conn: sqlite3.Connection) -> None:
    program = LegacyProgram(data)
    conn.execute("INSERT INTO people (id) VALUES ('new'), ('newer')")
    lifeos_db.export(data)
    conn.execute("INSERT INTO people (id) VALUES ('unexported')")
    program["ann"]["notes"] = "edited"
    program.save()
    report = take_in(data)
    assert (report.people_changed, report.people_deleted) == (1, 0)
    assert [kept.id for kept in report.kept] == ["new", "newer"]
    assert "older than" in report.kept[0].reason
    assert {record["id"] for record in LegacyProgram(data).records} >= {"new", "newer", "unexported"}


def test_whoever_was_added_later_is_deleted_once_the_file_shows_that_it_knew_them(
    data: Path, conn: sqlite3.Connection
) -> None:
    conn.execute("INSERT INTO people (id) VALUES ('new')")
    conn.execute("UPDATE people SET company = 'Acme' WHERE id = 'bob'")
    lifeos_db.export(data)
    program = LegacyProgram(data)
    program.remove("new")  # and bob's company says that this was read after the export with them
    program.save()
    assert take_in(data).people_deleted == 1


def test_a_person_changed_here_since_is_not_deleted(data: Path, conn: sqlite3.Connection) -> None:
    program = LegacyProgram(data)
    program.remove("bob")
    program.remove("cy")
    conn.execute("UPDATE people SET notes = 'new' WHERE id = 'bob'")
    lifeos_db.export(data)
    conn.execute("UPDATE people SET notes = 'newer' WHERE id = 'cy'")
    program.save()
    report = take_in(data)
    assert report.people_deleted == 0
    assert [kept.id for kept in report.kept] == ["bob", "cy"]


def test_different_fields_of_one_person_changed_on_both_sides_are_both_kept(
    data: Path, conn: sqlite3.Connection
) -> None:
    program = LegacyProgram(data)
    program["ann"]["notes"] = "theirs"
    conn.execute("UPDATE people SET company = 'Ours' WHERE id = 'ann'")
    program.save()
    report = take_in(data)
    assert (report.people_changed, report.conflicts) == (1, [])
    assert (field(conn, "ann"), field(conn, "ann", "company")) == ("theirs", "Ours")


def test_an_edit_of_an_old_copy_takes_back_nothing_that_was_exported_since(
    data: Path, conn: sqlite3.Connection
) -> None:
    """The program loaded the file before the export that shows the company, and saves after it."""
    program = LegacyProgram(data)
    for company in ("First", "Second"):
        conn.execute("UPDATE people SET company = ? WHERE id = 'ann'", (company,))
        lifeos_db.export(data)
    program["ann"]["notes"] = "theirs"
    program.save()
    report = take_in(data)
    assert (report.people_changed, report.conflicts) == (1, [])
    assert (field(conn, "ann"), field(conn, "ann", "company")) == ("theirs", "Second")


@pytest.mark.parametrize("exported", [False, True])
def test_where_both_changed_a_field_the_database_wins_and_the_other_value_is_kept(
    data: Path, conn: sqlite3.Connection, exported: bool
) -> None:
    """Also where the database's value is exported already: the old copy of bob says that the program is older."""
    program = LegacyProgram(data)
    program["ann"]["notes"] = "theirs"
    conn.execute("UPDATE people SET notes = 'ours' WHERE id IN ('ann', 'bob')")
    if exported:
        lifeos_db.export(data)
    program.save()
    (conflict,) = take_in(data).conflicts
    assert (conflict.id, conflict.key, conflict.theirs, conflict.ours) == ("ann", "notes", "theirs", "ours")
    kept = conn.execute("SELECT kind, record_id, key, theirs, ours FROM import_conflicts").fetchall()
    assert kept == [("person", "ann", "notes", '"theirs"', '"ours"')]
    assert field(conn, "ann") == "ours"
    program.save()  # the program still has its value in memory: that is said once
    assert take_in(data).conflicts == []
    assert conn.execute("SELECT count(*) FROM import_conflicts").fetchone() == (1,)


def test_a_value_replaced_by_a_file_that_may_be_older_is_kept_beside(data: Path, conn: sqlite3.Connection) -> None:
    """Nothing else in the file tells whether its writer had seen the database's value."""
    conn.execute("UPDATE people SET notes = 'ours' WHERE id = 'ann'")
    lifeos_db.export(data)
    program = LegacyProgram(data)
    program["ann"]["notes"] = "theirs"
    program.save()
    report = take_in(data)
    assert (report.people_changed, report.conflicts, field(conn, "ann")) == (1, [], "theirs")
    assert [(item.id, item.key, item.theirs, item.ours) for item in report.replaced] == [
        ("ann", "notes", "theirs", "ours")
    ]
    assert conn.execute("SELECT ours FROM import_conflicts").fetchall() == [('"ours"',)]
    program["bob"]["notes"] = "another edit"
    program.save()
    assert take_in(data).replaced == []


def test_of_two_programs_that_change_one_field_the_last_wins_and_the_other_value_is_kept(
    data: Path, conn: sqlite3.Connection
) -> None:
    one, other = LegacyProgram(data), LegacyProgram(data)
    one["ann"]["notes"] = "one"
    one.save()
    take_in(data)
    other["ann"]["notes"] = "other"
    other.save()
    take_in(data)
    assert field(conn, "ann") == "other"
    assert conn.execute("SELECT ours FROM import_conflicts").fetchall() == [('"one"',)]


def test_both_changed_a_field_to_the_same(data: Path, conn: sqlite3.Connection) -> None:
    program = LegacyProgram(data)
    program["ann"]["notes"] = "same"
    conn.execute("UPDATE people SET notes = 'same' WHERE id = 'ann'")
    program.save()
    report = take_in(data)
    assert (report.conflicts, field(conn, "ann")) == ([], "same")


def test_an_old_copy_is_no_edit_and_is_counted(data: Path, conn: sqlite3.Connection) -> None:
    old = (data / PEOPLE).read_bytes()
    for number in range(4):
        conn.execute("UPDATE people SET notes = ?, company = 'c' || ? WHERE id < 'dee'", (str(number), number))
        add_interaction(conn, f"more{number}", "bob")
        lifeos_db.export(data)
    (data / PEOPLE).write_bytes(old)
    report = take_in(data)
    assert (report.stale, report.people_changed, report.people_deleted, report.conflicts) == (3, 0, 0, [])
    assert field(conn, "ann") == "3"


def test_an_old_copy_of_people_merged_hidden_and_deleted_since_brings_nothing_back(
    data: Path, conn: sqlite3.Connection
) -> None:
    program = LegacyProgram(data)
    conn.execute("UPDATE people SET hidden = 1, hidden_at = '2026-01-01T00:00:00+00:00' WHERE id = 'bob'")
    conn.execute("INSERT INTO person_merges (merged_id, survivor_id) VALUES ('cy', 'ann')")
    conn.execute("DELETE FROM people WHERE id IN ('cy', 'dee')")
    lifeos_db.export(data)
    program["cy"]["notes"] = "edited, though merged"
    program["dee"]["notes"] = "edited, though deleted"
    program["eve"]["notes"] = "edited"
    program.save()
    report = take_in(data)
    assert conn.execute("SELECT id FROM people").fetchall() == [("ann",), ("bob",), ("eve",), ("fay",)]
    assert (field(conn, "bob", "hidden"), field(conn, "eve")) == (1, "edited")
    assert {(item.id, item.key, item.reason) for item in report.conflicts} == {
        ("cy", None, "merged into ann here"),
        ("dee", None, "deleted here"),
    }
    assert next(item.theirs for item in report.conflicts if item.id == "dee")["notes"] == "edited, though deleted"


def test_a_program_that_saves_again_and_again_from_one_load(data: Path, conn: sqlite3.Connection) -> None:
    """Its own earlier edits are no news, and are no sign that it has read anything since."""
    program = LegacyProgram(data)
    conn.execute("INSERT INTO people (id, canonical_name) VALUES ('new', 'New')")
    lifeos_db.export(data)
    for number, name in enumerate(("bob", "cy", "bob", "fay")):
        program[name]["notes"] = f"edit {number}"
        program.save()
        report = take_in(data)
        assert (report.people_changed, report.people_deleted, report.conflicts) == (1, 0, [])
        assert [kept.id for kept in report.kept] == ["new"]
    assert [field(conn, name) for name in ("bob", "cy", "fay")] == ["edit 2", "edit 1", "edit 3"]


def test_two_programs_that_loaded_the_same_file_lose_nothing_of_each_other(
    data: Path, conn: sqlite3.Connection
) -> None:
    one, other = LegacyProgram(data), LegacyProgram(data)
    one["ann"]["notes"] = "one"
    one.records.append(person("gil"))
    one.save()
    take_in(data)
    other["ann"]["company"] = "Other"
    other["bob"]["notes"] = "other"
    other.save()
    report = take_in(data)
    assert (report.people_changed, report.people_deleted, report.conflicts) == (2, 0, [])
    assert (field(conn, "ann"), field(conn, "ann", "company"), field(conn, "bob")) == ("one", "Other", "other")
    assert field(conn, "gil", "id") == "gil"


def test_counts_and_derived_sources_in_the_file_are_ignored(data: Path, conn: sqlite3.Connection) -> None:
    program = LegacyProgram(data)
    ann = program["ann"]
    ann["email_count"] = ann["message_count"] = ann["slack_message_count"] = 77
    ann["sources"] = ["sms", "gmail"]  # as the legacy refresh writes them: what there is, in any order
    program.save()
    report = take_in(data)
    assert (report.people_changed, report.conflicts) == (0, [])
    assert conn.execute("SELECT email_count, message_count, sources FROM people WHERE id = 'ann'").fetchone() == (
        1, 0, "[]"
    )  # fmt: skip
    assert LegacyProgram(data)["ann"]["sources"] == ["gmail"]


def test_declared_sources_are_taken_beside_derived_ones(data: Path, conn: sqlite3.Connection) -> None:
    program = LegacyProgram(data)
    program["ann"]["sources"] = ["gmail", "linkedin"]
    program.save()
    take_in(data)
    assert field(conn, "ann", "sources") == '["linkedin"]'
    assert LegacyProgram(data)["ann"]["sources"] == ["linkedin", "gmail"]
    conn.execute("UPDATE people SET notes = 'x' WHERE id = 'bob'")  # by which the file shows how new it is
    lifeos_db.export(data)
    program = LegacyProgram(data)
    program["ann"].update(sources=["gmail"], notes="edited")
    program.save()
    take_in(data)
    assert (field(conn, "ann", "sources"), field(conn, "ann")) == ("[]", "edited")


def test_what_a_legacy_program_rewrites_without_meaning_to_is_no_edit(tmp_path: Path) -> None:
    """Loading makes datetimes of dates, fills in display names, and turns full birthdays into MM-DD."""
    values = {
        "first_seen": "2024-05-01",
        "last_seen": "2025-01-01T10:00:00Z",
        "hidden_at": "2025-01-01T12:00:00+02:00",
        "display_name": "",
        "birthday": "2000-08-07T00:00:00+00:00",
        "tags": None,
    }
    (tmp_path / PEOPLE).write_text(json.dumps([person("ann", **values)]))
    lifeos_db.migrate(tmp_path)
    program = LegacyProgram(tmp_path)
    program["ann"].update(
        first_seen="2024-05-01T00:00:00+00:00",
        last_seen="2025-01-01T10:00:00+00:00",
        hidden_at="2025-01-01T10:00:00+00:00",
        display_name="Ann",
        birthday="08-07",
        tags=[],
    )
    program.save()
    assert take_in(tmp_path).people_changed == 0
    assert {key: LegacyProgram(tmp_path)["ann"][key] for key in values} == values


def test_unknown_keys_are_fields_like_others(tmp_path: Path) -> None:
    (tmp_path / PEOPLE).write_text(json.dumps([person("ann", mood=[1]), person("bob", mood=None)]))
    lifeos_db.migrate(tmp_path)
    program = LegacyProgram(tmp_path)
    program["ann"]["mood"] = {"now": 2**70}
    del program["bob"]["mood"]
    program["bob"]["brand_new"] = "a newer program writes this"
    program.save()
    assert take_in(tmp_path).people_changed == 2
    after = LegacyProgram(tmp_path)
    assert after["ann"]["mood"] == {"now": 2**70}
    assert "mood" not in after["bob"]
    assert after["bob"]["brand_new"] == "a newer program writes this"


def test_a_program_that_does_not_know_a_key_takes_nothing_away(tmp_path: Path) -> None:
    (tmp_path / PEOPLE).write_text(json.dumps([person("ann", mood=1, tags=["x"]), person("bob", mood=2, tags=["y"])]))
    lifeos_db.migrate(tmp_path)
    program = LegacyProgram(tmp_path)
    for record in program.records:
        del record["mood"], record["tags"]
    program["ann"]["notes"] = "edited"
    program.save()
    assert take_in(tmp_path).people_changed == 1
    assert [(record["notes"], record["mood"], record["tags"]) for record in LegacyProgram(tmp_path).records] == [
        ("edited", 1, ["x"]),
        ("", 2, ["y"]),
    ]


def test_new_merges_move_the_interactions(data: Path, conn: sqlite3.Connection) -> None:
    """As the legacy merge script leaves the files: the map has the merged id, the people file has it no more."""
    program = LegacyProgram(data)
    program.remove("ann")
    program["bob"]["notes"] = "united"
    program.save()
    save(data / MERGES, {"ann": "bob", "elder": "ann"})
    report = take_in(data)
    assert (report.merges_added, report.people_deleted, report.people_changed) == (2, 1, 1)
    assert conn.execute("SELECT merged_id, survivor_id FROM person_merges ORDER BY 1").fetchall() == [
        ("ann", "bob"),
        ("elder", "bob"),
    ]
    assert conn.execute("SELECT person_id FROM interactions").fetchall() == [("bob",)]
    assert LegacyProgram(data)["bob"]["email_count"] == 1


def test_a_merge_that_was_taken_back_does_not_return_with_an_old_copy(data: Path, conn: sqlite3.Connection) -> None:
    conn.execute("INSERT INTO person_merges (merged_id, survivor_id) VALUES ('old', 'ann'), ('kept', 'ann')")
    lifeos_db.export(data)
    old = json.loads((data / MERGES).read_text())
    conn.execute("DELETE FROM person_merges WHERE merged_id = 'old'")
    lifeos_db.export(data)
    save(data / MERGES, {**old, "newest": "bob"})
    report = take_in(data)
    assert report.merges_added == 1
    assert json.loads((data / MERGES).read_text()) == {"kept": "ann", "newest": "bob"}


def test_a_merge_the_database_refuses_is_a_conflict(data: Path, conn: sqlite3.Connection) -> None:
    conn.execute("INSERT INTO person_merges (merged_id, survivor_id) VALUES ('ann', 'bob'), ('x', 'ann')")
    save(data / MERGES, {"bob": "ann", "x": "cy", "dee": "eve"})
    report = take_in(data)
    assert report.merges_added == 1
    assert {item.id for item in report.conflicts} == {"bob", "x"}
    assert "cycle" in next(item.reason for item in report.conflicts if item.id == "bob")
    assert conn.execute("SELECT merged_id, survivor_id FROM person_merges ORDER BY 1").fetchall() == [
        ("ann", "bob"),
        ("dee", "eve"),
        ("x", "bob"),
    ]


def pair(identity: str, a: str, b: str, **fields: Any) -> dict[str, Any]:
    return {"id": identity, "person_a_id": a, "person_b_id": b, "relationship_type": "inferred", **fields}


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """A directory with two people pairs, one of them typed by hand."""
    (tmp_path / PEOPLE).write_text(json.dumps([person(name) for name in ("ann", "bob", "cy")]))
    records = [
        pair("r1", "ann", "bob", shared_contexts=["linkedin"], is_linkedin_connection=False, shared_events_count=3),
        pair("r2", "ann", "cy", relationship_type="friend", shared_contexts=[], is_linkedin_connection=True),
    ]
    (tmp_path / RELATIONSHIPS).write_text(json.dumps(records))
    lifeos_db.migrate(tmp_path)
    return tmp_path


def test_relationship_metadata_is_taken_and_evidence_is_not(pairs: Path) -> None:
    program = LegacyProgram(pairs, RELATIONSHIPS)
    before = program["r1"]["shared_events_count"]
    program["r1"].update(relationship_type="family", is_linkedin_connection=True, shared_events_count=99)
    program["r1"]["shared_contexts"] = ["linkedin", "climbing", "calendar"]
    program["r2"]["relationship_type"] = "inferred"
    program.save()
    report = take_in(pairs)
    assert (report.relationships_changed, report.conflicts) == (2, [])
    after = LegacyProgram(pairs, RELATIONSHIPS)
    assert after["r1"]["relationship_type"] == "family"
    assert after["r1"]["is_linkedin_connection"] is True
    assert {"linkedin", "climbing"} <= set(after["r1"]["shared_contexts"])
    assert after["r1"]["shared_events_count"] == before
    assert after["r2"]["relationship_type"] == "inferred"


def test_relationships_merge_by_field_and_keep_conflicts(pairs: Path) -> None:
    program = LegacyProgram(pairs, RELATIONSHIPS)
    program["r2"].update(relationship_type="family", shared_contexts=["chess"])
    with closing(sqlite3.connect(pairs / "interactions.db", isolation_level=None)) as conn:
        conn.execute("UPDATE relationships SET relationship_type = 'partner' WHERE id = 'r2'")
    program.save()
    report = take_in(pairs)
    assert [(item.key, item.theirs, item.ours) for item in report.conflicts] == [
        ("relationship_type", "family", "partner")
    ]
    after = LegacyProgram(pairs, RELATIONSHIPS)
    assert (after["r2"]["relationship_type"], after["r2"]["shared_contexts"]) == ("partner", ["chess"])
    program.save()
    assert take_in(pairs).conflicts == []


def test_an_old_copy_of_the_relationships_brings_nothing_back(pairs: Path) -> None:
    program = LegacyProgram(pairs, RELATIONSHIPS)
    with closing(sqlite3.connect(pairs / "interactions.db", isolation_level=None)) as conn:
        conn.execute("UPDATE relationships SET relationship_type = 'partner' WHERE id = 'r1'")
        conn.execute("DELETE FROM relationships WHERE id = 'r2'")
    lifeos_db.export(pairs)
    program["r1"]["shared_events_count"] = 4
    program.save()
    report = take_in(pairs)
    assert (report.relationships_changed, report.relationships_added, report.conflicts) == (0, 0, [])
    assert [record["relationship_type"] for record in LegacyProgram(pairs, RELATIONSHIPS).records] == ["partner"]


def test_a_new_pair_is_taken_if_a_hand_wrote_something_there(pairs: Path) -> None:
    program = LegacyProgram(pairs, RELATIONSHIPS)
    program.records.append(pair("r3", "cy", "bob", relationship_type="sibling"))
    program.save()
    assert take_in(pairs).relationships_added == 1
    assert LegacyProgram(pairs, RELATIONSHIPS)["r3"]["relationship_type"] == "sibling"


# --- refusals


@pytest.mark.parametrize("content", [b"", b"[]", b'[{"id": "ann"}, {"id": "bob"}]'])
def test_a_file_that_lost_more_than_half_is_refused_without_force(
    lifeos: Program, data: Path, conn: sqlite3.Connection, content: bytes
) -> None:
    (data / PEOPLE).write_bytes(content)
    before = snapshot(data)
    result = lifeos("db", "import", "--data-dir", data)
    assert result.returncode == 4
    assert f"{data / PEOPLE}: has only " in result.stderr
    assert " of 6 records left" in result.stderr
    assert "--force" in result.stderr
    assert snapshot(data) == before
    assert lifeos("db", "import", "--data-dir", data, "--force").returncode == 0
    left = {record["id"] for record in LegacyProgram(data).records}
    assert left == {"ann"} | {record["id"] for record in json.loads(content or b"[]")}


def test_an_old_file_has_lost_nothing_because_there_are_many_more_now(data: Path, conn: sqlite3.Connection) -> None:
    program = LegacyProgram(data)
    conn.executemany("INSERT INTO people (id) VALUES (?)", [(f"new-{number}",) for number in range(20)])
    lifeos_db.export(data)
    program["ann"]["notes"] = "edited"
    program.save()
    report = take_in(data)
    assert (report.people_changed, report.people_deleted, len(report.kept)) == (1, 0, 20)


@pytest.mark.parametrize(("name", "content"), [(MERGES, "{}"), (RELATIONSHIPS, "[]")])
def test_the_other_files_are_refused_too(pairs: Path, name: str, content: str) -> None:
    with closing(sqlite3.connect(pairs / "interactions.db", isolation_level=None)) as conn:
        conn.execute("INSERT INTO person_merges (merged_id, survivor_id) VALUES ('old', 'ann')")
    lifeos_db.export(pairs)
    (pairs / name).write_text(content)
    with pytest.raises(lifeos_db.LifeosError, match=f"{name}: has only 0 of "):
        lifeos_db.import_edits(pairs)
    assert take_in(pairs, force=True).exported == [name]


def test_half_a_file_is_enough(data: Path) -> None:
    program = LegacyProgram(data)
    for name in ("dee", "eve", "fay"):
        program.remove(name)
    program.save()
    assert take_in(data).people_deleted == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{nonsense", "is not JSON"),
        (b'[{"id": "ann"}, {"id": "b"', "is not JSON"),
        (b'{"id": "a"}', "must be a JSON array"),
        (b'[{"id": "\xff"}]', "is not UTF-8"),
        (b'[{"canonical_name": "X"}]', "record 1: has no id"),
        (b'[{"id": "ann", "tags": 3}]', "record 1 (id 'ann'): tags must be an array"),
    ],
)
def test_bad_input_is_named_and_nothing_is_changed(lifeos: Program, data: Path, content: bytes, message: str) -> None:
    (data / PEOPLE).write_bytes(content)
    before = snapshot(data)
    result = lifeos("db", "import", "--data-dir", data)
    assert result.returncode == 4
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert snapshot(data) == before


def test_skip_bad_sets_a_record_aside_and_does_not_take_it_for_missing(
    lifeos: Program, data: Path, conn: sqlite3.Connection
) -> None:
    program = LegacyProgram(data)
    program["bob"]["tags"] = "no list"
    program["cy"]["notes"] = "edited"
    program.save()
    result = lifeos("db", "import", "--data-dir", data, "--skip-bad", "--format", "json")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert (report["rejected"], report["people_changed"], report["people_deleted"]) == (1, 1, 0)
    assert (field(conn, "bob", "id"), field(conn, "cy")) == ("bob", "edited")
    assert "tags" in conn.execute("SELECT problem FROM import_rejects").fetchone()[0]


def test_a_byte_order_mark_and_repeated_ids_are_understood(data: Path, conn: sqlite3.Connection) -> None:
    program = LegacyProgram(data)
    program.records.append({**program["ann"], "notes": "the last one counts"})
    (data / PEOPLE).write_bytes(b"\xef\xbb\xbf" + json.dumps(program.records).encode())
    report = take_in(data)
    assert "1 repeated id" in report.warnings[0]
    assert (report.people_added, report.people_changed, field(conn, "ann")) == (0, 1, "the last one counts")


def test_a_file_that_is_gone_is_written_again(data: Path) -> None:
    (data / PEOPLE).unlink()
    report = take_in(data)
    assert (report.files, report.exported) == ([], [PEOPLE])


def test_a_dry_run_says_what_an_import_would_do_and_changes_nothing(lifeos: Program, data: Path) -> None:
    program = LegacyProgram(data)
    program["ann"]["notes"] = "theirs"
    program.remove("bob")
    program.save()
    before = {name: content for name, (content, _) in snapshot(data).items() if name.endswith(".json")}
    result = lifeos("db", "import", "--data-dir", data, "--dry-run", "--format", "json")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert (report["status"], report["people_changed"], report["people_deleted"]) == ("dry-run", 1, 1)
    assert {name: (data / name).read_bytes() for name in before} == before
    with closing(sqlite3.connect(data / "interactions.db")) as conn:
        assert conn.execute("SELECT notes FROM people WHERE id IN ('ann', 'bob')").fetchall() == [("",), ("",)]


def test_the_report_for_people_names_conflicts_and_who_was_kept(
    lifeos: Program, data: Path, conn: sqlite3.Connection
) -> None:
    program = LegacyProgram(data)
    program["bob"]["notes"] = "theirs"
    program.remove("ann")
    program.save()
    conn.execute("UPDATE people SET notes = 'ours' WHERE id = 'bob'")
    result = lifeos("db", "import", "--data-dir", data)
    assert result.returncode == 0, result.stderr
    assert "imported people_entities.json" in result.stdout
    assert "Ann: has 1 interaction" in result.stdout
    assert "person bob: notes 'theirs' not taken, is 'ours' (changed on both sides)" in result.stdout
    assert "written: people_entities.json" in result.stdout
    result = lifeos("db", "import", "--data-dir", data)
    assert result.stdout.startswith("nothing to import")


# --- at the same time


def test_a_file_written_again_while_it_is_imported_is_imported_again(
    data: Path, conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The legacy program saves between our look at the file and our export, twice."""
    program = LegacyProgram(data)
    program["bob"]["notes"] = "first"
    program.save()
    real, saves = os.fsync, iter([("cy", "second"), ("dee", "third")])

    def meanwhile(handle: int) -> None:
        if following := next(saves, None):
            program[following[0]]["notes"] = following[1]
            program.save()
        real(handle)

    monkeypatch.setattr(os, "fsync", meanwhile)
    lifeos_db.import_edits(data)
    monkeypatch.undo()
    assert [field(conn, name) for name in ("bob", "cy", "dee")] == ["first", "second", "third"]
    assert lifeos_db.check_export(data).status == "fresh"


def test_a_save_at_the_very_moment_of_the_exchange_is_not_lost(
    data: Path, conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lifeos_db import swapping

    program = LegacyProgram(data)
    conn.execute("UPDATE people SET company = 'Acme' WHERE id = 'ann'")
    real, once = swapping._exchange, iter([True])

    def meanwhile(one: Path, other: Path) -> bool:
        if other.name == PEOPLE and next(once, False):
            program["bob"]["notes"] = "just in time"
            program.save()
        return real(one, other)

    monkeypatch.setattr(swapping, "_exchange", meanwhile)
    with pytest.raises(lifeos_db.LifeosError, match="changed by another program"):
        lifeos_db.export(data)
    assert LegacyProgram(data)["bob"]["notes"] == "just in time"
    take_in(data)
    assert (field(conn, "bob"), field(conn, "ann", "company")) == ("just in time", "Acme")


def test_an_export_of_nothing_new_leaves_the_database_as_it_is(data: Path, conn: sqlite3.Connection) -> None:
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = (data / "interactions.db").stat().st_size
    for _ in range(30):
        lifeos_db.export(data, force=True)
    tables = [conn.execute(f"SELECT count(*) FROM exported_{name}").fetchone()[0] for name in ("records", "history")]
    assert tables == [6, 0]
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert (data / "interactions.db").stat().st_size == size


def test_a_directory_migrated_by_an_older_version_imports_what_was_edited_meanwhile(data: Path) -> None:
    """Without a base nobody can tell who changed a field: the database wins, and both values are kept."""
    with closing(sqlite3.connect(data / "interactions.db", isolation_level=None)) as conn:
        conn.execute("DELETE FROM exported_records")
        conn.execute("UPDATE people SET company = 'Ours' WHERE id = 'ann'")
        program = LegacyProgram(data)
        program["ann"]["company"] = "Theirs"
        program["bob"]["notes"] = "only theirs"
        program.save()
        report = take_in(data)
        assert [(item.id, item.key) for item in report.conflicts] == [("ann", "company")]
        assert (field(conn, "ann", "company"), field(conn, "bob")) == ("Ours", "only theirs")


def test_an_older_schema_is_migrated_and_has_a_base_from_then_on(data: Path) -> None:
    with closing(sqlite3.connect(data / "interactions.db", isolation_level=None)) as conn:
        for table in ("exported_records", "exported_history", "import_conflicts"):
            conn.execute(f"DROP TABLE {table}")
        conn.execute("DELETE FROM _sqlite_migrations WHERE name LIKE '%_imports_from_legacy_writers'")
        conn.execute(f"PRAGMA user_version = {SCHEMA_VERSION - 1}")
    assert lifeos_db.migrate(data).status == "migrated"
    program = LegacyProgram(data)
    program["ann"]["notes"] = "edited"
    program.remove("bob")
    program.save()
    report = take_in(data)
    assert (report.people_changed, report.people_deleted, report.conflicts, report.replaced) == (1, 1, [], [])


def test_a_read_only_directory_is_named(lifeos: Program, data: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    program = LegacyProgram(data)
    program["ann"]["notes"] = "edited"
    program.save()
    data.chmod(0o500)
    try:
        result = lifeos("db", "import", "--data-dir", data)
    finally:
        data.chmod(0o700)
    assert result.returncode == 4
    assert "Permission denied" in result.stderr or "readonly" in result.stderr

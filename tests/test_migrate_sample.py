"""Migrating the sample directory: what was planted is found, nothing is lost, and JSON equals a plain recount."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import lifeos_db
from tests.conftest import DATA, PLANTED, Program
from tests.recount import COUNTERS, assert_exact


def load(path: Path) -> Any:
    return json.loads(path.read_text())


def test_the_report_names_what_was_planted(sample: Path) -> None:
    report = lifeos_db.migrate(sample)
    assert report.status == "migrated"
    assert report.counts_corrected == PLANTED["people_with_drift"]
    assert report.merged_rows_moved == PLANTED["rows_under_merged_ids"]
    assert report.orphans == PLANTED["rows_orphaned"]
    assert (report.people, report.interactions) == (PLANTED["people"], PLANTED["interactions"])
    assert (report.relationships, report.merges) == (PLANTED["relationships"], PLANTED["merged"])
    assert len({item.person_id for item in report.corrections}) == PLANTED["people_with_drift"]


def test_the_json_form_of_the_report_is_the_one_that_is_promised(lifeos: Program, sample: Path) -> None:
    result = lifeos("db", "migrate", "--data-dir", sample, "--format", "json")
    assert result.returncode == 0
    report = json.loads(result.stdout)
    assert list(report) == [
        *("status", "from_version", "to_version", "people", "interactions", "relationships", "merges"),
        *("merged_rows_moved", "counts_corrected", "orphans", "rejected", "backup", "seconds", "warnings"),
    ]
    assert report["counts_corrected"] == PLANTED["people_with_drift"]


def test_the_exported_counts_equal_a_recount_in_plain_python(sample: Path) -> None:
    """Nothing of ours is used to count: the legacy database, the legacy merge map, the mapping of the legacy form."""
    counter_of = {"gmail": "email", "calendar": "meeting", "vault": "mention", "granola": "mention"}
    counter_of |= dict.fromkeys(("imessage", "sms", "whatsapp", "slack"), "message")
    survivor = load(sample / "merged_person_ids.json")
    counted: Counter[tuple[str, str]] = Counter()
    sources: dict[str, set[str]] = {}
    with closing(sqlite3.connect(sample / "interactions.db")) as conn:
        for person, source in conn.execute("SELECT person_id, source_type FROM interactions"):
            person = survivor.get(person, person)
            sources.setdefault(person, set()).add(source)
            if source in counter_of:
                counted[person, counter_of[source]] += 1
    before = load(sample / "people_entities.json")
    lifeos_db.migrate(sample)
    after = load(sample / "people_entities.json")
    assert [person["id"] for person in after] == [person["id"] for person in before]
    assert sum(counted.values()) - sum(person[f"{counter}_count"] for person in after for counter in COUNTERS) == sum(
        value for (person, _), value in counted.items() if person not in {record["id"] for record in after}
    )
    for person, old in zip(after, before):
        for counter in COUNTERS:
            assert person[f"{counter}_count"] == counted[person["id"], counter]
        assert set(person["sources"]) == set(old["sources"]) | sources.get(person["id"], set())
        assert person["sources"][: len(old["sources"])] == old["sources"]


def test_nothing_but_counts_and_sources_changes_in_the_people_file(sample: Path) -> None:
    before = load(sample / "people_entities.json")
    lifeos_db.migrate(sample)
    derived = {"sources", *(f"{counter}_count" for counter in COUNTERS)}
    for old, new in zip(before, load(sample / "people_entities.json")):
        assert [key for key in new if key in old] == list(old)
        assert {key: new[key] for key in old if key not in derived} == {
            key: value for key, value in old.items() if key not in derived
        }


def test_merges_come_out_as_they_went_in(sample: Path) -> None:
    lifeos_db.migrate(sample)
    name = "merged_person_ids.json"
    assert (sample / name).read_bytes() == (DATA / "sample-legacy" / name).read_bytes()


def test_imported_relationships_keep_their_order_and_all_but_their_evidence(sample: Path) -> None:
    before = load(sample / "relationships.json")
    lifeos_db.migrate(sample)
    after = load(sample / "relationships.json")
    assert len(after) > len(before)
    evidence = {"shared_contexts", "first_seen_together", "last_seen_together"}
    for old, new in zip(before, after):
        assert list(new) == list(old)
        kept = [key for key in old if key not in evidence and not key.endswith("_count")]
        assert {key: new[key] for key in kept} == {key: old[key] for key in kept}


def test_every_interaction_is_still_there_as_it_was(sample: Path) -> None:
    query = (
        "SELECT id, timestamp, source_type, title, snippet, source_link, source_id, created_at, source_account, "
        "attendee_count, rowid FROM interactions ORDER BY id"
    )
    with closing(sqlite3.connect(sample / "interactions.db")) as conn:
        before = conn.execute(query).fetchall()
    lifeos_db.migrate(sample)
    with closing(sqlite3.connect(sample / "interactions.db")) as conn:
        assert conn.execute(query).fetchall() == before
        assert_exact(conn)


def test_the_backup_holds_every_file_as_it_was(sample: Path) -> None:
    report = lifeos_db.migrate(sample)
    backup = Path(str(report.backup))
    names = ["crm.db", "interactions.db", "merged_person_ids.json", "people_entities.json", "relationships.json"]
    assert sorted(path.name for path in backup.iterdir()) == names
    for name in names:
        assert (backup / name).stat().st_mode & 0o777 == 0o600
        if name.endswith(".json"):
            assert (backup / name).read_bytes() == (DATA / "sample-legacy" / name).read_bytes()
    assert backup.stat().st_mode & 0o777 == 0o700
    dumps = []
    for path in (backup / "interactions.db", DATA / "sample-legacy" / "interactions.db"):
        with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as conn:
            dumps.append(list(conn.iterdump()))
    assert dumps[0] == dumps[1]


def test_the_legacy_table_keeps_its_columns_and_its_index_names(migrated: Path) -> None:
    with closing(sqlite3.connect(migrated / "interactions.db")) as conn:
        columns = [row[1] for row in conn.execute("PRAGMA table_info(interactions)")]
        assert columns[-2:] == ["source_account", "attendee_count"]
        assert len(columns) == 11
        for name, definition in (
            ("idx_interactions_person_timestamp", "interactions(person_id, timestamp DESC)"),
            ("idx_interactions_source", "interactions(source_type, source_id)"),
            ("idx_interactions_timestamp", "interactions(timestamp DESC)"),
        ):
            conn.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {definition}")
        assert len(conn.execute("SELECT * FROM pragma_index_list('interactions')").fetchall()) == 4


def test_a_second_run_has_nothing_to_do_and_changes_nothing(lifeos: Program, sample: Path) -> None:
    assert lifeos("db", "migrate", "--data-dir", sample).returncode == 0
    before = {path: path.read_bytes() for path in sample.rglob("*") if path.is_file()}
    result = lifeos("db", "migrate", "--data-dir", sample)
    assert result.returncode == 0
    assert result.stdout.startswith("nothing to do")
    assert {path: path.read_bytes() for path in sample.rglob("*") if path.is_file()} == before


def test_the_aggregate_reads_one_covering_index(migrated: Path) -> None:
    with closing(sqlite3.connect(migrated / "interactions.db")) as conn:
        plan = " ".join(str(row) for row in conn.execute("EXPLAIN QUERY PLAN SELECT * FROM person_counts"))
        assert "USING COVERING INDEX idx_interactions_person_timestamp" in plan
        assert "TEMP B-TREE" not in plan

"""PersonEntityStore: a legacy program moves over by changing one import line, and nobody's changes are lost."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lifeos_db
from lifeos_db.errors import DataDirectoryMissing
from lifeos_db.legacy import PersonEntity, PersonEntityStore, RelationshipStore
from lifeos_db.legacy.pending import merge_lists
from tests.conftest import PLANTED, add_interaction
from tests.legacy_program import PEOPLE, LegacyProgram


@pytest.fixture
def store(migrated: Path) -> Iterator[PersonEntityStore]:
    store = PersonEntityStore(migrated / PEOPLE)
    yield store
    store.close()


@pytest.fixture
def other(migrated: Path) -> Iterator[PersonEntityStore]:
    """Another program's store on the same directory."""
    store = PersonEntityStore(migrated / PEOPLE)
    yield store
    store.close()


@pytest.fixture
def conn(migrated: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(migrated / "interactions.db", isolation_level=None)) as conn:
        yield conn


ME = PLANTED["me"]


def get(store: PersonEntityStore, identity: str = ME) -> PersonEntity:
    entity = store.get_by_id(identity)
    assert entity is not None
    return entity


def test_a_legacy_directory_is_migrated_with_a_backup(sample: Path) -> None:
    people = len(LegacyProgram(sample).records)
    with closing_store(PersonEntityStore(str(sample / PEOPLE))) as store:
        assert store.count() == people
    assert list(sample.glob(f"backups/*/{PEOPLE}"))
    assert lifeos_db.verify(sample).status == "warn"  # the planted orphans


def test_a_directory_that_does_not_exist_is_a_new_store(tmp_path: Path) -> None:
    with closing_store(PersonEntityStore(tmp_path / "new" / "data" / PEOPLE)) as store:
        assert store.get_all() == []
        store.add(PersonEntity(id="a", canonical_name="Ann"))
        store.save()
    assert LegacyProgram(tmp_path / "new" / "data")["a"]["canonical_name"] == "Ann"


class closing_store:  # noqa: N801 - reads as contextlib's closing
    def __init__(self, store: PersonEntityStore) -> None:
        self.store = store

    def __enter__(self) -> PersonEntityStore:
        return self.store

    def __exit__(self, *_: object) -> None:
        self.store.close()


def test_the_default_path_is_the_legacy_one(migrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(migrated.parent)
    with closing_store(PersonEntityStore()) as store:
        assert store.get_by_id(ME) is not None


def test_the_default_directory_is_that_of_every_command(
    migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a script that was started in the wrong place makes no new one."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("LIFEOS_DATA_DIR", str(migrated))
    with closing_store(PersonEntityStore()) as store:
        assert store.get_by_id(ME) is not None
    assert RelationshipStore().get_for_person(ME)
    monkeypatch.delenv("LIFEOS_DATA_DIR")
    for store_class in (PersonEntityStore, RelationshipStore):
        with pytest.raises(DataDirectoryMissing):
            store_class()
    assert not list(elsewhere.iterdir())


def test_what_is_handed_out_is_the_callers_own_until_update(store: PersonEntityStore) -> None:
    mine = get(store)
    mine.notes = "changed"
    mine.tags.append("changed")
    assert get(store).notes != "changed"
    assert "changed" not in get(store).tags
    stored = store.update(mine)
    assert (stored.notes, get(store).notes) == ("changed", "changed")
    stored.notes = mine.notes = "changed again"
    assert get(store).notes == "changed"


def test_updates_are_one_transaction_at_save_and_then_exported(
    store: PersonEntityStore, other: PersonEntityStore, migrated: Path
) -> None:
    people = store.get_all()[:5]
    for number, person in enumerate(people):
        person.notes = f"note {number}"
        store.update(person)
    assert get(other, people[0].id).notes != "note 0"
    store.save()
    assert [get(other, person.id).notes for person in people] == [f"note {number}" for number in range(5)]
    assert LegacyProgram(migrated)[people[4].id]["notes"] == "note 4"
    assert lifeos_db.check_export(migrated).status == "fresh"


def test_a_save_that_fails_writes_nothing_and_can_be_tried_again(
    store: PersonEntityStore, conn: sqlite3.Connection
) -> None:
    one, two = store.get_all()[:2]
    one.notes = "one"
    store.update(one)
    two.notes = "two"
    store.update(two)
    conn.execute(
        "CREATE TRIGGER refuse BEFORE UPDATE ON people WHEN NEW.notes = 'two' BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    with pytest.raises(lifeos_db.LifeosError):
        store.save()
    assert conn.execute("SELECT count(*) FROM people WHERE notes IN ('one', 'two')").fetchone() == (0,)
    conn.execute("DROP TRIGGER refuse")
    store.save()
    assert conn.execute("SELECT count(*) FROM people WHERE notes IN ('one', 'two')").fetchone() == (2,)


def test_commits_of_others_are_seen_at_the_next_read(store: PersonEntityStore, conn: sqlite3.Connection) -> None:
    before = get(store)
    conn.execute("UPDATE people SET company = 'Elsewhere' WHERE id = ?", (ME,))
    add_interaction(conn, "new", ME, "sms")
    after = get(store)
    assert (after.company, after.message_count) == ("Elsewhere", before.message_count + 1)
    assert "sms" in after.sources
    conn.execute("DELETE FROM people WHERE id = ?", (ME,))
    assert store.get_by_id(ME) is None


def test_different_people_and_different_fields_lose_nothing(
    store: PersonEntityStore, other: PersonEntityStore, migrated: Path
) -> None:
    mine, theirs = get(store), get(other)
    mine.company, theirs.position = "Mine", "Theirs"
    mine.add_email("mine@x.org")
    theirs.add_email("theirs@x.org")
    mine.add_tag("mine")
    store.update(mine)
    other.update(theirs)
    store.save()
    other.save()
    for reader in (store, other):
        person = get(reader)
        assert (person.company, person.position) == ("Mine", "Theirs")
        assert {"mine@x.org", "theirs@x.org"} <= set(person.emails)
        assert person.tags[-1] == "mine"
    assert LegacyProgram(migrated)[ME]["position"] == "Theirs"


def test_one_object_may_be_updated_again_and_again(store: PersonEntityStore, other: PersonEntityStore) -> None:
    mine = get(store)
    mine.company = "First"
    store.update(mine)
    store.save()
    theirs = get(other)
    theirs.company = "Theirs"
    other.update(theirs)
    other.save()
    mine.notes = "a second change, which says nothing of the company"
    store.update(mine)
    store.save()
    assert (get(store).company, get(store).notes) == ("Theirs", mine.notes)


def test_counts_are_the_databases_whatever_an_entity_says(store: PersonEntityStore, migrated: Path) -> None:
    person = get(store)
    right = person.email_count
    person.email_count = person.message_count = 4711
    store.update(person)
    store.save()
    assert get(store).email_count == right
    assert lifeos_db.verify(migrated, only=["counts"]).status == "ok"


def test_untouched_texts_stay_as_they_are(store: PersonEntityStore, conn: sqlite3.Connection) -> None:
    conn.execute("UPDATE people SET first_seen = '2024-05-01', birthday = '2000-08-07T00:00:00' WHERE id = ?", (ME,))
    person = get(store)
    person.notes = "x"
    store.update(person)
    store.save()
    row = conn.execute("SELECT first_seen, birthday, notes FROM people WHERE id = ?", (ME,)).fetchone()
    assert row == ("2024-05-01", "2000-08-07T00:00:00", "x")


def test_derived_sources_are_shown_and_not_written(store: PersonEntityStore, conn: sqlite3.Connection) -> None:
    conn.execute("UPDATE people SET sources = '[\"contacts\"]' WHERE id = ?", (ME,))
    add_interaction(conn, "new", ME, "sms")
    person = get(store)
    assert person.sources[0] == "contacts"
    assert "sms" in person.sources
    person.sources.append("linkedin")
    store.update(person)
    store.save()
    assert conn.execute("SELECT sources FROM people WHERE id = ?", (ME,)).fetchone() == ('["contacts", "linkedin"]',)


def test_a_new_person_is_found_before_and_after_save(store: PersonEntityStore, other: PersonEntityStore) -> None:
    new = PersonEntity(canonical_name="Zoë New", emails=["Zoe@New.org"], phone_numbers=["+1555"], aliases=["Z"])
    number = store.count()
    added = store.add(new)
    assert added is not None
    assert added is not new
    assert store.count() == number + 1
    assert other.get_by_id(new.id) is None
    for saved in (False, True):
        for found in (
            store.get_by_id(new.id),
            store.get_by_email("zoe@NEW.org"),
            store.get_by_phone("+1555"),
            store.get_by_name("zoë new"),
            store.get_by_name("z"),
        ):
            assert found is not None
            assert found.id == new.id
        assert new.id in [person.id for person in store.get_all()]
        assert [person.id for person in store.search("ZOË NEW")] == [new.id]
        if not saved:
            store.save()
    assert other.count() == number + 1


def test_a_changed_email_is_found_and_the_old_one_no_more(store: PersonEntityStore) -> None:
    person = get(store)
    old = person.emails[0]
    person.emails = ["moved@x.org"]
    store.update(person)
    for _ in range(2):
        moved = store.get_by_email("MOVED@x.org")
        assert moved is not None
        assert moved.id == ME
        found = store.get_by_email(old)
        assert found is None or found.id != ME
        store.save()


def test_delete(store: PersonEntityStore, other: PersonEntityStore) -> None:
    number = store.count()
    assert [store.delete(ME), store.delete(ME), store.delete("nobody")] == [True, False, False]
    assert (store.get_by_id(ME), store.count(), other.count()) == (None, number - 1, number)
    assert ME not in [person.id for person in store.get_all(include_hidden=True, include_merged=True)]
    store.save()
    assert other.get_by_id(ME) is None


def test_merged_ids_lead_to_the_survivor(store: PersonEntityStore, conn: sqlite3.Connection) -> None:
    elder = store.get_all()[1]
    conn.execute("INSERT INTO person_merges (merged_id, survivor_id) VALUES (?, ?), ('gone', ?)", (elder.id, ME, ME))
    store.reload_merged_ids()
    assert (get(store, elder.id).id, get(store, "gone").id) == (ME, ME)
    assert (store.get_canonical_id("gone"), store.get_canonical_id("nobody")) == (ME, "nobody")
    assert elder.id not in [person.id for person in store.get_all()]
    assert elder.id in [person.id for person in store.get_all(include_merged=True)]


def test_hidden_people_are_blocked_and_left_out(store: PersonEntityStore, other: PersonEntityStore) -> None:
    new = PersonEntity(canonical_name="Spam Spam", emails=["Spam@Spam.org"], phone_numbers=["+15551234"])
    store.add(new)
    hidden = store.hide_person(new.id, "marketing")
    assert hidden is not None
    assert (hidden.hidden, hidden.hidden_reason) == (True, "marketing")
    assert store.hide_person("nobody") is None
    assert [other.is_blocked(contact) for contact in ("spam@SPAM.org", "+15551234", "fine@x.org")] == [
        True,
        True,
        False,
    ]
    assert other.add(PersonEntity(emails=["ok@x.org", "SPAM@spam.org"])) is None
    assert other.add(PersonEntity(phone_numbers=["+15551234"])) is None
    assert other.search("spam spam") == []
    assert [person.id for person in other.search("spam spam", include_hidden=True)] == [new.id]
    assert new.id not in [person.id for person in other.get_all()]
    assert new.id in [person.id for person in other.get_all(include_hidden=True)]


def test_search_puts_who_was_seen_last_first(store: PersonEntityStore) -> None:
    found = store.search("a", limit=7)
    assert len(found) == 7
    dates = [person.last_seen.isoformat() if person.last_seen else "" for person in found]
    assert dates == sorted(dates, reverse=True)


def test_statistics(store: PersonEntityStore) -> None:
    statistics = store.get_statistics()
    assert statistics["total_entities"] == store.count() == sum(statistics["by_category"].values())
    assert statistics["by_source"]["gmail"] > 0


def test_a_store_may_be_used_from_several_threads(store: PersonEntityStore) -> None:
    people = store.get_all()[:20]
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for person in people[number::4]:
                mine = get(store, person.id)
                mine.add_tag(f"thread-{number}")
                store.update(mine)
            store.save()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    assert all(any(tag.startswith("thread-") for tag in get(store, person.id).tags) for person in people)


PROCESS = """
import sys
from lifeos_db.legacy import PersonEntityStore
path, name = sys.argv[1:]
for number in range(8):
    store = PersonEntityStore(path)
    for person in store.get_all()[:4]:
        person.add_tag(f"{name}-{number}")
        store.update(person)
    store.save()
    store.close()
"""


def test_three_processes_at_once_lose_nothing(migrated: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", PROCESS, str(migrated / PEOPLE), name], stderr=subprocess.PIPE)
        for name in ("a", "b", "c")
    ]
    for process in processes:
        _, error = process.communicate(timeout=60)
        assert process.returncode == 0, error.decode()
    wanted = {f"{name}-{number}" for name in "abc" for number in range(8)}
    for record in LegacyProgram(migrated).records[:4]:
        assert wanted <= set(record["tags"])
    assert lifeos_db.verify(migrated, deep=True).status == "warn"  # the planted orphans


def test_a_replaced_database_is_opened_again(store: PersonEntityStore, migrated: Path) -> None:
    with closing(sqlite3.connect(migrated / "interactions.db")) as conn:
        conn.execute("VACUUM INTO ?", (str(migrated / "copy.db"),))
    with closing(sqlite3.connect(migrated / "copy.db")) as conn:
        conn.execute("UPDATE people SET notes = 'of the copy' WHERE id = ?", (ME,))
        conn.commit()
    assert get(store).notes != "of the copy"
    (migrated / "copy.db").replace(migrated / "interactions.db")
    assert get(store).notes == "of the copy"


def test_a_legacy_save_beside_the_store_is_taken_in_by_its_save(store: PersonEntityStore, migrated: Path) -> None:
    program = LegacyProgram(migrated)
    program[ME]["company"] = "From a legacy program"
    mine = get(store)
    mine.notes = "from the store"
    store.update(mine)
    program.save()
    store.save()
    assert (get(store).company, get(store).notes) == ("From a legacy program", "from the store")
    assert json.loads((migrated / PEOPLE).read_text())


def test_the_process_wide_store(migrated: Path) -> None:
    code = (
        "import sys\n"
        "from lifeos_db.legacy import get_person_entity_store\n"
        "one = get_person_entity_store(sys.argv[1])\n"
        "assert get_person_entity_store() is one\n"
        "print(one.count())\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(migrated / PEOPLE)], capture_output=True, text=True, timeout=60
    )
    assert int(result.stdout) == len(LegacyProgram(migrated).records)


items = st.lists(st.sampled_from("abcdef"), unique=True)


@settings(max_examples=200)
@given(base=items, mine=items, current=items)
def test_lists_are_merged_item_by_item(base: list[str], mine: list[str], current: list[str]) -> None:
    merged = merge_lists(base, mine, current)
    assert set(merged) == (set(current) - (set(base) - set(mine))) | (set(mine) - set(base))
    assert len(merged) == len(set(merged))
    assert merge_lists(base, base, current) == current
    assert merge_lists(base, mine, base) == mine

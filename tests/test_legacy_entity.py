"""PersonEntity: a legacy record and back, and the small methods that legacy programs call."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime, timezone
from pathlib import Path

import pytest

from lifeos_db.legacy import PersonEntity
from lifeos_db.legacy_form import PERSON_KEYS
from lifeos_db.record_forms import person_form

SAMPLE = json.loads((Path(__file__).parent / "data" / "sample-legacy" / "people_entities.json").read_text())


def test_it_has_every_legacy_field() -> None:
    assert [item.name for item in fields(PersonEntity)] == [key.name for key in PERSON_KEYS]


def test_every_record_of_the_sample_comes_out_as_it_went_in() -> None:
    for record in SAMPLE:
        before = json.dumps(record)
        again = PersonEntity.from_dict(record).to_dict()
        assert json.dumps(record) == before
        assert person_form(again) == person_form(record)
        assert [key for key in again if key in record] == list(record)


def test_dates_are_aware_datetimes_and_go_out_as_iso_text() -> None:
    entity = PersonEntity.from_dict({"id": "a", "first_seen": "2024-05-01", "last_seen": "2025-01-01T10:00:00Z"})
    assert entity.first_seen == datetime(2024, 5, 1, tzinfo=timezone.utc)
    assert entity.to_dict()["last_seen"] == "2025-01-01T10:00:00+00:00"
    assert PersonEntity.from_dict({"id": "a", "last_seen": "some day"}).to_dict()["last_seen"] == "some day"


def test_a_new_person_has_an_id_and_shows_their_name() -> None:
    one, other = PersonEntity(canonical_name="Ann"), PersonEntity()
    assert one.display_name == "Ann"
    assert one.id != other.id
    assert list(one.to_dict()) == [key.name for key in PERSON_KEYS][:-1]


def test_unknown_keys_survive() -> None:
    record = {"id": "a", "mood": {"x": [1]}, "relationship_strength": 5}
    assert list(PersonEntity.from_dict(record).to_dict().items())[-2:] == [
        ("mood", {"x": [1]}),
        ("relationship_strength", 5.0),
    ]


@pytest.mark.parametrize(("given", "kept"), [(150, 100.0), (-1, 0.0), (33.5, 33.5), (None, 0.0)])
def test_the_strength_is_clamped(given: float | None, kept: float) -> None:
    entity = PersonEntity(relationship_strength=given)
    assert entity.relationship_strength == kept
    entity.relationship_strength = given
    assert entity.relationship_strength == kept
    assert ("relationship_strength" in entity.to_dict()) is (given is not None)


def test_emails_phones_and_tags() -> None:
    entity = PersonEntity()
    assert PersonEntity().primary_email is None
    assert [entity.add_email(email) for email in ("Ann@X.org", "ann@x.ORG", "")] == [True, False, False]
    assert (entity.primary_email, entity.has_email("ANN@x.org"), entity.has_email("b@x.org")) == (
        "ann@x.org",
        True,
        False,
    )
    assert [entity.add_phone(phone) for phone in ("+15550100", "+15550100", "+15550101", "")] == [
        True,
        False,
        True,
        False,
    ]
    assert (entity.phone_primary, entity.has_phone("+15550101")) == ("+15550100", True)
    assert [entity.add_tag(tag) for tag in (" VIP ", "vip", "")] == [True, False, False]
    assert [entity.remove_tag(tag) for tag in ("Vip", "vip")] == [True, False]


def test_merge_unites_two_people_into_a_new_entity() -> None:
    one = PersonEntity(
        id="a", canonical_name="Ann", emails=["a@x.org"], tags=["x"], category="work", notes="one", email_count=2,
        first_seen=datetime(2024, 1, 1, tzinfo=timezone.utc), hidden=True,
    )  # fmt: skip
    other = PersonEntity(
        id="b", canonical_name="Bob", emails=["A@X.org", "B@x.org"], tags=["y", "x"], category="family", notes="two",
        email_count=3, company="Acme", first_seen=datetime(2023, 1, 1, tzinfo=timezone.utc), phone_numbers=["+1"],
        phone_primary="+1", last_seen=datetime(2025, 1, 1, tzinfo=timezone.utc),
    )  # fmt: skip
    both = one.merge(other)
    assert (both.id, both.canonical_name, both.emails, both.tags) == ("a", "Ann", ["a@x.org", "b@x.org"], ["x", "y"])
    assert (both.category, both.notes, both.email_count) == ("family", "one\n\n---\n\ntwo", 5)
    assert (both.company, both.phone_primary, both.hidden) == ("Acme", "+1", True)
    assert (both.first_seen, both.last_seen) == (other.first_seen, other.last_seen)
    assert (one.emails, one.notes, one.email_count) == (["a@x.org"], "one", 2)
    assert one.merge(PersonEntity(category="self")).category == "self"

"""A person as legacy programs hold one: the fields of a record of people_entities.json, dates as datetimes."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from typing import Any, ClassVar

from ..legacy_form import OPTIONAL_LAST_KEY, PERSON_KEYS, Json
from ..person_union import RULE
from ..record_forms import DATE_KEYS, month_and_day

_CATEGORIES = ("self", "family", "work", "personal", "unknown")
"""The stronger first: of two people who are one, the stronger category holds."""
_MERGE_DISCOUNT = 0.95
"""What is left of the confidence when two people are taken for one."""


class _Strength:
    """relationship_strength: kept between 0 and 100, and 0 where nobody has computed it."""

    def __get__(self, entity: Any, owner: type | None = None) -> float | None:
        if entity is None:
            return None  # what the dataclass takes for the default
        return entity.__dict__.get("_strength") or 0.0

    def __set__(self, entity: Any, value: float | None) -> None:
        entity.__dict__["_strength"] = None if value is None else max(0.0, min(100.0, float(value)))


@dataclass
class PersonEntity:
    """One person. Dates are aware datetimes; a text that is no date stays a text. Counts are the database's.

    ``relationship_strength`` is clamped to 0..100, and 0.0 where it is not known.
    """

    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    canonical_name: str = ""
    display_name: str = ""
    emails: list[str] = field(default_factory=list)
    company: str | None = None
    position: str | None = None
    linkedin_url: str | None = None
    category: str = "unknown"
    vault_contexts: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    meeting_count: int = 0
    email_count: int = 0
    mention_count: int = 0
    message_count: int = 0
    slack_message_count: int = 0
    related_notes: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    phone_numbers: list[str] = field(default_factory=list)
    phone_primary: str | None = None
    confidence_score: float = 1.0
    tags: list[str] = field(default_factory=list)
    notes: str = ""
    source_entity_count: int = 1
    birthday: str | None = None
    hidden: bool = False
    hidden_at: datetime | None = None
    hidden_reason: str = ""
    is_peripheral_contact: bool = False
    dunbar_circle: int | None = None
    relationship_strength: float | None = _Strength()  # type: ignore[assignment]

    # What a store knows of an entity that it handed out. These are no fields: nobody but the store looks at them.
    _unknown: ClassVar[Mapping[str, Json]] = {}
    _handed_out: ClassVar[Mapping[str, Json] | None] = None

    def __post_init__(self) -> None:
        if not self.display_name and self.canonical_name:
            self.display_name = self.canonical_name

    @classmethod
    def from_dict(cls, data: Mapping[str, Json]) -> PersonEntity:
        """A person from a record in the legacy form; ``data`` stays as it is.

        A missing or null key means its default. Keys that this program does not know come out of ``to_dict`` again.
        """
        known: dict[str, Any] = {}
        for key in PERSON_KEYS:
            value = data.get(key.name)
            if value is None:
                continue
            if key.kind == "list":
                value = list(value)
            elif key.name in DATE_KEYS:
                value = _moment(value)
            elif key.name == "birthday":
                value = month_and_day(value)
            known[key.name] = value
        entity = cls(**known)
        names = {key.name for key in PERSON_KEYS}
        entity.__dict__["_unknown"] = {name: value for name, value in data.items() if name not in names}
        return entity

    def to_dict(self) -> dict[str, Json]:
        """The record in the legacy form: keys in order, dates as ISO text, relationship_strength only where known."""
        record: dict[str, Json] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, datetime):
                value = value.isoformat()
            elif isinstance(value, list):
                value = list(value)
            record[item.name] = value
        del record[OPTIONAL_LAST_KEY]
        record |= self._unknown
        if (strength := self.__dict__.get("_strength")) is not None:
            record[OPTIONAL_LAST_KEY] = strength
        return record

    @property
    def primary_email(self) -> str | None:
        """The first email, or None."""
        return self.emails[0] if self.emails else None

    def has_email(self, email: str) -> bool:
        """Whether the person has this email, in any case."""
        return email.lower() in map(str.lower, self.emails)

    def add_email(self, email: str) -> bool:
        """Add an email, in lower case; returns whether it was new."""
        if not email or self.has_email(email):
            return False
        self.emails.append(email.lower())
        return True

    def has_phone(self, phone: str) -> bool:
        """Whether the person has this phone number, as it is written."""
        return phone in self.phone_numbers

    def add_phone(self, phone: str) -> bool:
        """Add a phone number; the first becomes the primary one. Returns whether it was new."""
        if not phone or self.has_phone(phone):
            return False
        self.phone_numbers.append(phone)
        self.phone_primary = self.phone_primary or phone
        return True

    def add_tag(self, tag: str) -> bool:
        """Add a tag, in lower case and trimmed; returns whether it was new."""
        tag = tag.strip().lower() if tag else ""
        if not tag or tag in self.tags:
            return False
        self.tags.append(tag)
        return True

    def remove_tag(self, tag: str) -> bool:
        """Take a tag away, given in any case; returns whether it was there."""
        tag = tag.strip().lower()
        if tag not in self.tags:
            return False
        self.tags.remove(tag)
        return True

    def merge(self, other: PersonEntity) -> PersonEntity:
        """A new entity of both, under this id.

        Lists are united, this one's first; empty single fields filled; counts summed; of the dates the outer ones. This
        changes nothing in a store and records no merge.
        """
        merged = PersonEntity.from_dict(self.to_dict())
        for email in other.emails:
            merged.add_email(email)
        for name in ("sources", "vault_contexts", "related_notes", "aliases", "phone_numbers", "tags"):
            setattr(merged, name, list(dict.fromkeys((*getattr(self, name), *getattr(other, name)))))
        for name in ("company", "position", "linkedin_url", "birthday", "phone_primary"):
            setattr(merged, name, getattr(self, name) or getattr(other, name))
        for item in fields(self):
            if item.name.endswith("_count"):
                setattr(merged, item.name, getattr(self, item.name) + getattr(other, item.name))
        merged.first_seen = min(_moments(self.first_seen, other.first_seen), default=self.first_seen)
        merged.last_seen = max(_moments(self.last_seen, other.last_seen), default=self.last_seen)
        merged.category = min(self.category, other.category, key=_rank)
        if other.notes and other.notes != self.notes:
            merged.notes = f"{self.notes}{RULE}{other.notes}" if self.notes else other.notes
        merged.confidence_score = (self.confidence_score + other.confidence_score) / 2 * _MERGE_DISCOUNT
        return merged


def _rank(category: str) -> int:
    return _CATEGORIES.index(category) if category in _CATEGORIES else len(_CATEGORIES)


def _moments(*dates: datetime | None) -> Iterable[datetime]:
    return [_aware(date) for date in dates if isinstance(date, datetime)]


def _moment(value: Any) -> Any:
    """A date in a record as an aware datetime; what is no date as it is."""
    if isinstance(value, datetime):
        return _aware(value)
    try:
        return _aware(datetime.fromisoformat(value[:-1] + "+00:00" if value.endswith("Z") else value))
    except (ValueError, AttributeError):
        return value


def _aware(moment: datetime) -> datetime:
    """A naive one is UTC, as legacy programs read it."""
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)

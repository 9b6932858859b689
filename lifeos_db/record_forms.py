"""The form in which records of the JSON files are compared: what a legacy program changes without meaning to is alike.

A form is a dict without counts, ids and defaults. A legacy program that loads a file and saves it again writes dates
in another notation, sources in another order and empty display names filled in; in this form the record is the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Literal

import orjson

from .directory import MERGES_FILE, PEOPLE_FILE, RELATIONSHIPS_FILE
from .legacy_form import COUNT_KEYS, PERSON_KEYS, RELATIONSHIP_KEYS, Json
from .moments import parse_instant

RecordKind = Literal["person", "merge", "relationship"]
Form = dict[str, Json]

KIND_OF_FILE: dict[str, RecordKind] = {
    PEOPLE_FILE: "person",
    RELATIONSHIPS_FILE: "relationship",
    MERGES_FILE: "merge",
}
DATE_KEYS = frozenset({"first_seen", "last_seen", "hidden_at"})
DERIVED_CONTEXTS = frozenset({"calendar", "gmail", "photos", "imessage", "whatsapp", "phone", "slack", "vault"})
"""The shared_contexts that evidence gives and takes; every other one was written by hand."""
DERIVED_TYPES = frozenset({"inferred", "coworker"})
"""The relationship_types that evidence gives."""

_NOT_COMPARED = frozenset({"id", "slack_message_count", *COUNT_KEYS})
_PERSON_DEFAULTS = {key.name: key.default for key in PERSON_KEYS if key.name not in _NOT_COMPARED}
_NORMALISED = frozenset({"birthday", "sources", *DATE_KEYS})
_PERSON_LISTS = frozenset(key.name for key in PERSON_KEYS if key.kind == "list")
_EVIDENCE = frozenset(key.name for key in RELATIONSHIP_KEYS) - {
    "relationship_type",
    "shared_contexts",
    "is_linkedin_connection",
}
_MISSING = object()
_IN_UTC = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\+00:00")
"""The notation of ``instant``; it stays, also where it is no date."""


def person_form(record: Mapping[str, Json]) -> Form:
    """The form of a record of people_entities.json. Its sources still hold what interactions may have added."""
    form: Form = {name: record[name] for name, default in _compared(tuple(record)) if record[name] != default}
    for name in [name for name, value in form.items() if value is None or name in _NORMALISED]:
        if name in _PERSON_DEFAULTS:
            value = normal(name, form[name])
            if value == _PERSON_DEFAULTS[name]:
                del form[name]
            else:
                form[name] = value
    if "display_name" not in form and "display_name" in record and form.get("canonical_name"):
        form["display_name"] = form["canonical_name"]  # as legacy programs fill it in
    return form


@cache
def _compared(names: tuple[str, ...]) -> list[tuple[str, Json]]:
    """Of these keys those that are compared, each with what a missing one means."""
    return [(name, _PERSON_DEFAULTS.get(name, _MISSING)) for name in names if name not in _NOT_COMPARED]


def normal(name: str, value: Json) -> Json:
    """A value of a key of _NORMALISED, or null, as it is compared."""
    if value is None:
        return "" if _PERSON_DEFAULTS[name] == "" else [] if name in _PERSON_LISTS else None
    if name == "birthday":
        return month_and_day(value)
    return sorted(set(value)) if name == "sources" else instant(value)


def instant(text: str) -> str:
    """A date in one notation, in UTC; a naive one is UTC, as legacy programs read it. What is no date stays."""
    if _IN_UTC.fullmatch(text):
        return text
    try:
        return parse_instant(text).isoformat()
    except (ValueError, OverflowError):
        return text


def month_and_day(text: str) -> str:
    """A birthday as MM-DD: of a full date, as old files have it, month and day count."""
    if len(text) <= 5:
        return text
    try:
        return datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text).strftime("%m-%d")
    except ValueError:
        return text


def merge_form(survivor: str) -> Form:
    """The form of an entry of merged_person_ids.json."""
    return {"survivor_id": survivor}


def relationship_form(record: Mapping[str, Json]) -> Form:
    """The form of a record of relationships.json: what a hand wrote there. Counts, dates and ids are evidence's."""
    form: Form = {}
    for name, value in record.items():
        if name in _EVIDENCE:
            continue
        if name == "shared_contexts":
            value = sorted(set(value or []) - DERIVED_CONTEXTS)
        elif name == "relationship_type" and value in DERIVED_TYPES:
            continue
        elif name == "is_linkedin_connection":
            value = bool(value)
        if name not in ("relationship_type", "shared_contexts", "is_linkedin_connection") or value:
            form[name] = value
    return form


def pair_id(person_a_id: str, person_b_id: str) -> str:
    """The id under which a pair is remembered, whatever id its record has."""
    return json.dumps([person_a_id, person_b_id])


def without_derived(form: Form, derived: Collection[str]) -> Form:
    """A person's form without the sources that the person's interactions may have added."""
    if "sources" not in form:
        return form
    declared = [source for source in form["sources"] if source not in derived]
    return {**form, "sources": declared} if declared else {key: form[key] for key in form if key != "sources"}


def dump_form(form: Form) -> str:
    """A form as JSON text, the same for the same form."""
    try:
        return orjson.dumps(form, option=orjson.OPT_SORT_KEYS).decode("utf-8")
    except TypeError:  # an integer of more than 64 bits in a key we do not know
        return json.dumps(form, sort_keys=True)

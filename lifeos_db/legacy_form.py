"""The legacy record forms: which keys a person and a relationship have, and how a value becomes a column and back.

Source: the key lists and value forms of the legacy LifeOS (docs/legacy-formats.md).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

_STRINGS, _TEXTS, _INTEGERS = frozenset({str}), frozenset({str, type(None)}), frozenset({int, type(None)})
_BOOLEANS: dict[Any, bool | None] = {None: None, 0: False, 1: True}

Json = Any
Column = str | int | float | None
Kind = Literal["text", "list", "integer", "number", "boolean"]

_KIND_NAMES = {
    "text": "a string or null",
    "list": "an array of strings or null",
    "integer": "an integer or null",
    "number": "a number or null",
    "boolean": "true, false or null",
}
_JSON_NAMES = {
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "an array",
    dict: "an object",
}


@dataclass(frozen=True)
class Key:
    """One key of a legacy record: its name, the form of its value, and what a missing key means."""

    name: str
    kind: Kind
    default: Json = None


PERSON_KEYS: tuple[Key, ...] = (
    Key("id", "text"),
    Key("canonical_name", "text", ""),
    Key("display_name", "text", ""),
    Key("emails", "list", []),
    Key("company", "text"),
    Key("position", "text"),
    Key("linkedin_url", "text"),
    Key("category", "text", "unknown"),
    Key("vault_contexts", "list", []),
    Key("sources", "list", []),
    Key("first_seen", "text"),
    Key("last_seen", "text"),
    Key("meeting_count", "integer", 0),
    Key("email_count", "integer", 0),
    Key("mention_count", "integer", 0),
    Key("message_count", "integer", 0),
    Key("slack_message_count", "integer", 0),
    Key("related_notes", "list", []),
    Key("aliases", "list", []),
    Key("phone_numbers", "list", []),
    Key("phone_primary", "text"),
    Key("confidence_score", "number", 1.0),
    Key("tags", "list", []),
    Key("notes", "text", ""),
    Key("source_entity_count", "integer", 1),
    Key("birthday", "text"),
    Key("hidden", "boolean", False),
    Key("hidden_at", "text"),
    Key("hidden_reason", "text", ""),
    Key("is_peripheral_contact", "boolean", False),
    Key("dunbar_circle", "integer"),
    Key("relationship_strength", "number"),
)
COUNT_KEYS = ("email_count", "meeting_count", "mention_count", "message_count")
"""The keys whose values the triggers own."""
OPTIONAL_LAST_KEY = "relationship_strength"
"""Written last, and only when it is not null."""

RELATIONSHIP_KEYS: tuple[Key, ...] = (
    Key("id", "text"),
    Key("person_a_id", "text"),
    Key("person_b_id", "text"),
    Key("relationship_type", "text", "inferred"),
    Key("shared_contexts", "list", []),
    Key("shared_events_count", "integer", 0),
    Key("shared_threads_count", "integer", 0),
    Key("shared_messages_count", "integer", 0),
    Key("shared_whatsapp_count", "integer", 0),
    Key("shared_slack_count", "integer", 0),
    Key("shared_phone_calls_count", "integer", 0),
    Key("shared_photos_count", "integer", 0),
    Key("is_linkedin_connection", "boolean", False),
    Key("first_seen_together", "text"),
    Key("last_seen_together", "text"),
    Key("created_at", "text"),
    Key("updated_at", "text"),
)


def json_name(value: Json) -> str:
    """What a JSON value is called in a message: 'null', 'an array', ..."""
    return "null" if value is None else _JSON_NAMES.get(type(value), type(value).__name__)


def fault(key: Key, value: Json) -> str | None:
    """Why ``value`` is not a value of ``key``, in words, or None where it is."""
    wanted = _KIND_NAMES[key.kind]
    if value is None:
        return None
    if key.kind == "list":
        if not isinstance(value, list):
            return f"must be {wanted}, not {json_name(value)}"
        for number, item in enumerate(value, 1):
            if not isinstance(item, str):
                return f"must be {wanted}; item {number} is {json_name(item)}"
            if problem := _text_fault(item):
                return f"item {number}: {problem}"
        return None
    types: dict[Kind, tuple[type, ...]] = {
        "text": (str,),
        "integer": (int,),
        "number": (int, float),
        "boolean": (bool,),
    }
    if not isinstance(value, types[key.kind]) or (isinstance(value, bool) and key.kind != "boolean"):
        return f"must be {wanted}, not {json_name(value)}"
    if isinstance(value, str):
        return _text_fault(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "is not a finite number"
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return "is an integer of more than 64 bits"
    return None


def _text_fault(text: str) -> str | None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return f"has a lone surrogate at character {error.start + 1}, which is no text"
    return None


def encode(key: Key, value: Json) -> Column:
    """The column value for a JSON value that has no fault: lists become JSON text, booleans 0 or 1."""
    if value is None:
        return None
    if key.kind == "list":
        return json.dumps(value, ensure_ascii=False)
    if key.kind == "boolean":
        return int(value)
    return value  # type: ignore[no-any-return]


def decode(key: Key, column: Column, parse: Callable[[str], Json] = json.loads) -> Json:
    """The JSON value of a column. Raises ValueError, in words, where the column holds no such value."""
    if column is None:
        return None
    if key.kind == "list":
        if column == "[]":
            return []
        return _decode_list(column, parse)
    if key.kind == "boolean":
        if column not in (0, 1):
            raise ValueError("must be 0, 1 or NULL")
        return bool(column)
    if isinstance(column, bytes):
        raise ValueError("is a BLOB")
    if key.kind == "integer" and not isinstance(column, int):
        raise ValueError("must be an integer or NULL")
    if key.kind == "number" and isinstance(column, str):
        raise ValueError("must be a number or NULL")
    if key.kind == "number" and isinstance(column, float) and not math.isfinite(column):
        raise ValueError("is not a finite number")
    return column


def decode_column(key: Key, column: Sequence[Column], parse: Callable[[str], Json] = json.loads) -> Sequence[Json]:
    """``decode`` for many values at once. Raises ValueError where it would for one of them."""
    if key.kind == "list":
        return [[] if cell == "[]" else _decode_list(cell, parse) for cell in column]
    if key.kind == "boolean" and _BOOLEANS.keys() >= set(column):
        return [_BOOLEANS[cell] for cell in column]
    if (_TEXTS if key.kind == "text" else _INTEGERS).issuperset(map(type, column)) and key.kind != "boolean":
        return column
    return [decode(key, cell, parse) for cell in column]


def _decode_list(column: Column, parse: Callable[[str], Json]) -> Json:
    if column is None:
        return None
    try:
        value = parse(column)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        value = None
    if not isinstance(value, list) or not _STRINGS.issuperset(map(type, value)):
        raise ValueError("must be a JSON array of strings or NULL")
    return value


def keys_in_order(records: Sequence[Mapping[str, Json]], known: Sequence[Key]) -> list[str]:
    """Every key that occurs in the records, in the order of the file.

    A key that a later record has in the middle is put after the key that precedes it there. The known keys come out
    all together where there is no record at all.
    """
    if not records:
        return [key.name for key in known]
    order: list[str] = []
    seen: set[str] = set()
    for record in records:
        if record.keys() <= seen:
            continue
        previous = -1
        for name in record:
            if name in seen:
                previous = order.index(name)
            else:
                previous += 1
                order.insert(previous, name)
                seen.add(name)
    if OPTIONAL_LAST_KEY in seen:
        order.remove(OPTIONAL_LAST_KEY)
        order.append(OPTIONAL_LAST_KEY)
    return order

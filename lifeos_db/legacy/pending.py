"""What a program has changed in a store and not saved yet, so that only its own changes reach the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..legacy_form import COUNT_KEYS, OPTIONAL_LAST_KEY, Json

Record = dict[str, Json]


@dataclass
class Pending:
    """A person as the program got them and as it wants them. ``base`` is None for a new one, ``mine`` for a deleted."""

    base: Mapping[str, Json] | None
    mine: Record | None


def changed_fields(base: Mapping[str, Json], mine: Mapping[str, Json], current: Mapping[str, Json]) -> Record:
    """What to write to ``current`` so that it has what was changed from ``base`` to ``mine``, and nothing else.

    Lists are merged item by item, so that two programs may add an email each. Counts are the database's.
    """
    changes: Record = {}
    for key in dict.fromkeys((*mine, *((OPTIONAL_LAST_KEY,) if OPTIONAL_LAST_KEY in base else ()))):
        value, before = mine.get(key), base.get(key)
        if key in COUNT_KEYS or key == "id" or value == before:
            continue
        if isinstance(value, list):
            value = merge_lists(before or [], value, current.get(key) or [])
        changes[key] = value
    return changes


def merge_lists(base: list[Json], mine: list[Json], current: list[Json]) -> list[Json]:
    """``mine`` where nobody else changed the list; else the current one with what was added and without what went."""
    if current == base:
        return list(mine)
    kept = [item for item in current if item in mine or item not in base]
    return kept + [item for item in mine if item not in base and item not in kept]

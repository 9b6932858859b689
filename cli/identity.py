"""What the commands on people share: the person arguments and how a change of a field is shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from .completion import complete_person

if TYPE_CHECKING:
    from lifeos_db.legacy_form import Column

PERSON_HELP = "An id, the beginning of one, an email, a phone number or a whole name."
PersonArgument = Annotated[
    str,
    typer.Argument(metavar="PERSON", help=PERSON_HELP, show_default=False, autocompletion=complete_person),
]


def field_change(name: str, before: Column, after: Column) -> str:
    """One line that says how a column changes: what a list gains or loses, else the old value and the new."""
    old, new = _items(before), _items(after)
    if new is not None:
        old = old or []
        signs = [f"+ {item}" for item in new if item not in old] + [f"- {item}" for item in old if item not in new]
        return f"{name}: {', '.join(signs)}"
    return f"{name}: {_short(before)} -> {_short(after)}"


def _items(value: Column) -> list[str] | None:
    if isinstance(value, str) and value.startswith("["):
        try:
            items = json.loads(value)
        except ValueError:
            return None
        return items if isinstance(items, list) else None
    return None


def _short(value: Column) -> str:
    if value is None or value == "":
        return "(empty)"
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."

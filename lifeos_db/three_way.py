"""What somebody did to a record: the file's form held against every form that it was exported in."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from .exported_records import ShownForm, earlier_forms
from .record_forms import Form, RecordKind, dump_form

_MISSING: Any = object()


@dataclass(frozen=True)
class Judged:
    """What a record of a file is: ``new``, the ``same`` as at the last export, a ``stale`` copy, or ``edited``.

    ``base`` is the form that an edited record was made from: of all its exported forms the one it differs least from,
    the latest of several. ``latest`` is the text of the last one, None where there is none. ``revision`` is that of an
    export which the writer of the file has read, None where the record does not tell.
    """

    verdict: Literal["new", "same", "stale", "edited"]
    base: Form
    latest: str | None
    revision: int | None


def judge(
    conn: sqlite3.Connection, kind: RecordKind, identity: str, form: Form, comparable: Callable[[Form], Form]
) -> Judged:
    """Find out what a record of a file is. ``comparable`` leaves out of a form what the file cannot tell."""
    row = conn.execute(
        "SELECT record, revision FROM exported_records WHERE kind = ? AND id = ?", (kind, identity)
    ).fetchone()
    if row is None:
        return Judged("new", {}, None, None)
    text, revision = row
    if text == dump_form(form):
        return Judged("same", {}, text, revision)
    theirs = comparable(form)
    latest = oldest = ShownForm(json.loads(text), revision)
    base = comparable(latest.form)
    if base == theirs:
        return Judged("same", {}, text, revision)
    fewest = len(differing(base, theirs))
    for earlier in earlier_forms(conn, kind, identity, latest):
        before = comparable(earlier.form)
        if before == theirs:
            return Judged("stale", {}, text, earlier.revision)
        if (number := len(differing(before, theirs))) < fewest:
            base, fewest = before, number
        oldest = earlier
    return Judged("edited", base, text, oldest.revision)


def differing(one: Form, other: Form) -> list[str]:
    """The keys in which two forms differ."""
    keys = dict.fromkeys((*one, *other))
    return [key for key in keys if one.get(key, _MISSING) != other.get(key, _MISSING)]


def settle(base: Form, theirs: Form, ours: Form) -> tuple[list[str], list[str]]:
    """The keys to take from ``theirs``, and those that both sides changed to something different."""
    taken, disputed = [], []
    for key in differing(base, theirs):
        mine = ours.get(key, _MISSING)
        if mine == base.get(key, _MISSING):
            taken.append(key)
        elif mine != theirs.get(key, _MISSING):
            disputed.append(key)
    return taken, disputed

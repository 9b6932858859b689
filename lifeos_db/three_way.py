"""What somebody did to a record: the file's form held against every form that it was exported in.

A legacy program writes back what it loaded, perhaps hours ago, with its own changes. So a value that differs from the
last export may be an edit, or one that is older than a change which the database has exported since.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from .exported_records import ShownForm, earlier_forms
from .record_forms import Form, RecordKind, dump_form

_MISSING: Any = object()


@dataclass(frozen=True)
class Judged:
    """What a record of a file is: ``new``, the ``same`` as at the last export, a ``stale`` copy, or ``edited``.

    ``forms`` are all that an edited record has had, the latest first. ``latest`` is the text of the last one, None
    where there is none. ``read`` is the revision of an export that the writer of the file has read, None where the
    record does not tell; ``not_read`` that of one which the writer of a stale copy has not.
    """

    verdict: Literal["new", "same", "stale", "edited"]
    latest: str | None = None
    read: int | None = None
    not_read: int | None = None
    forms: Sequence[ShownForm] = ()


@dataclass(frozen=True)
class Reading:
    """What is known of the time at which the writer of a file has read it.

    It was the export of ``read`` or a later one (None: not known), and one before ``not_read`` (None: not known).
    """

    read: int | None = None
    not_read: int | None = None

    @classmethod
    def of(cls, records: Iterable[Judged]) -> Reading:
        """What the records of one file say together; where they contradict each other, only that which all bear."""
        records = list(records)
        read = max((item.read for item in records if item.read is not None), default=None)
        not_read = min((item.not_read for item in records if item.not_read is not None), default=None)
        if read is not None and not_read is not None and not_read <= read:
            return cls(min(item.read for item in records if item.read is not None))
        return cls(read, not_read)

    def has_seen(self, shown: int) -> bool:
        """Whether the writer has certainly read what was first exported at this revision."""
        return self.read is not None and self.read >= shown

    def has_not_seen(self, shown: int) -> bool:
        """Whether the writer has certainly not read it."""
        return self.not_read is not None and self.not_read <= shown


@dataclass
class Settled:
    """The keys in which a file differs, by what becomes of them.

    ``taken`` only the file has changed. ``disputed`` both have, and the database wins. ``doubtful`` are those of the
    taken ones whose value in the database may have been exported after the writer had read the file. ``old`` show a
    value that the database has changed and exported since; they are no edits.
    """

    taken: list[str] = field(default_factory=list)
    disputed: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)
    old: list[str] = field(default_factory=list)


def judge(
    conn: sqlite3.Connection, kind: RecordKind, identity: str, form: Form, comparable: Callable[[Form], Form]
) -> Judged:
    """Find out what a record of a file is. ``comparable`` leaves out of a form what the file cannot tell."""
    row = conn.execute(
        "SELECT record, revision, shown FROM exported_records WHERE kind = ? AND id = ?", (kind, identity)
    ).fetchone()
    if row is None:
        return Judged("new")
    text, revision, shown = row
    if text == dump_form(form):
        return Judged("same", text, revision)
    latest = json.loads(text)
    theirs = comparable(form)
    forms = [ShownForm(comparable(latest), revision, shown)]
    if forms[0].form == theirs:
        return Judged("same", text, revision)
    for earlier in earlier_forms(conn, kind, identity, latest):
        before = ShownForm(comparable(earlier.form), earlier.revision, earlier.shown)
        if before.form == theirs:
            return Judged("stale", text, before.revision, forms[-1].shown)
        forms.append(before)
    return Judged("edited", text, forms[-1].revision, None, forms)


def differing(one: Form, other: Form) -> list[str]:
    """The keys in which two forms differ."""
    keys = dict.fromkeys((*one, *other))
    return [key for key in keys if one.get(key, _MISSING) != other.get(key, _MISSING)]


def settle(forms: Sequence[ShownForm], theirs: Form, ours: Form, reading: Reading) -> Settled:
    """Decide key by key. ``forms`` are those exported, the latest first; none where nothing is known."""
    result = Settled()
    base = forms[0].form if forms else {}
    for key in differing(base, theirs):
        mine, value = ours.get(key, _MISSING), theirs.get(key, _MISSING)
        before = base.get(key, _MISSING)
        if mine == value:
            continue
        latest = _bringer(forms, key)
        seen = latest is None or reading.has_seen(latest.shown)
        if not seen and any(form.form.get(key, _MISSING) == value for form in forms):
            result.old.append(key)
        elif mine != before or (latest is not None and reading.has_not_seen(latest.shown)):
            result.disputed.append(key)
        else:
            result.taken.append(key)
            if not seen:
                result.doubtful.append(key)
    return result


def _bringer(forms: Sequence[ShownForm], key: str) -> ShownForm | None:
    """The form that brought the value of a key which was exported last; None where it has had but one."""
    for number, form in enumerate(forms[1:]):
        if form.form.get(key, _MISSING) != forms[0].form.get(key, _MISSING):
            return forms[number]
    return None

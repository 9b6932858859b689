"""The base of every import: what the records of the JSON files held when they were last exported, and before."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .legacy_form import Json
from .record_forms import Form, RecordKind, dump_form, merge_form, pair_id, person_form, relationship_form


@dataclass(frozen=True)
class ShownForm:
    """A form that a record had in the exports from ``shown`` on.

    Whoever has it has read an export of ``revision`` or a later one.
    """

    form: Form
    revision: int
    shown: int


@dataclass(frozen=True)
class RecordChange:
    """A record whose form is not the one remembered; ``before`` is the text remembered, None where there was none."""

    id: str
    text: str
    before: str | None


class RecordNotes:
    """Holds every record of one file, while it is rendered, against what is remembered, and notes what changed.

    Reads only; ``write_changes`` remembers.
    """

    def __init__(self, conn: sqlite3.Connection, kind: RecordKind) -> None:
        self.kind = kind
        self.changes: list[RecordChange] = []
        query = "SELECT id, record FROM exported_records WHERE kind = ?"
        self._remembered: dict[str, str] = dict(conn.execute(query, (kind,)).fetchall())

    def __call__(self, record: Mapping[str, Json]) -> None:
        """Note one record, in the form of its file, before derived sources are added."""
        if self.kind == "person":
            identity, form = record["id"], person_form(record)
        elif self.kind == "relationship":
            identity, form = pair_id(record["person_a_id"], record["person_b_id"]), relationship_form(record)
        else:
            identity, form = record["merged_id"], merge_form(record["survivor_id"])
        text = dump_form(form)
        before = self._remembered.get(identity)
        if before != text and (before is not None or form or self.kind != "relationship"):
            self.changes.append(RecordChange(identity, text, before))


def write_changes(
    conn: sqlite3.Connection, kind: RecordKind, changes: Sequence[RecordChange], shown: int, revision: int
) -> None:
    """Remember changed forms, and how to get back to those before, in the caller's transaction.

    ``shown`` is the revision of the export that shows them, ``revision`` what whoever made them has read.
    """
    for change in changes:
        if change.before is None:
            conn.execute(
                "INSERT INTO exported_records (kind, id, record, revision, shown, known_from) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (kind, change.id, change.text, revision, shown, shown),
            )
            continue
        before, after = json.loads(change.before), json.loads(change.text)
        previous = {key: value for key, value in before.items() if key not in after or after[key] != value}
        absent = [key for key in after if key not in before]
        conn.execute(
            """INSERT INTO exported_history (kind, id, version, previous, absent, revision, shown)
            SELECT kind, id,
                (
                    SELECT coalesce(max(version), 0) + 1 FROM exported_history AS earlier
                    WHERE earlier.kind = latest.kind AND earlier.id = latest.id
                ),
                ?, ?, revision, shown
            FROM exported_records AS latest WHERE kind = ? AND id = ?""",
            (dump_form(previous), json.dumps(absent), kind, change.id),
        )
        conn.execute(
            "UPDATE exported_records SET record = ?, revision = ?, shown = ? WHERE kind = ? AND id = ?",
            (change.text, revision, shown, kind, change.id),
        )


def earlier_forms(conn: sqlite3.Connection, kind: RecordKind, identity: str, latest: Form) -> Iterator[ShownForm]:
    """The forms that a record had before the ``latest``, the newest first."""
    form = latest
    rows = conn.execute(
        "SELECT previous, absent, revision, shown FROM exported_history WHERE kind = ? AND id = ? "
        "ORDER BY version DESC",
        (kind, identity),
    )
    for previous, absent, revision, shown in rows.fetchall():
        gone = set(json.loads(absent))
        form = {key: value for key, value in form.items() if key not in gone} | json.loads(previous)
        yield ShownForm(form, revision, shown)

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
    """A form that a record had in an export. Whoever shows it has read the export of ``revision`` or a later one."""

    form: Form
    revision: int


@dataclass(frozen=True)
class RecordChange:
    """A record whose form is not the one remembered; ``before`` is the text remembered, None where there was none."""

    id: str
    text: str
    before: str | None


class RecordNotes:
    """Holds every record of one file, while it is rendered, against what is remembered, and notes what changed.

    Reads only; ``write_changes`` remembers. ``records`` is the number of records seen.
    """

    def __init__(self, conn: sqlite3.Connection, kind: RecordKind) -> None:
        self.conn = conn
        self.kind = kind
        self.records = 0
        self.changes: list[RecordChange] = []

    def __call__(self, record: Mapping[str, Json]) -> None:
        """Note one record, in the form of its file, before derived sources are added."""
        self.records += 1
        if self.kind == "person":
            identity, form = record["id"], person_form(record)
        elif self.kind == "relationship":
            identity, form = pair_id(record["person_a_id"], record["person_b_id"]), relationship_form(record)
        else:
            identity, form = record["merged_id"], merge_form(record["survivor_id"])
        text = dump_form(form)
        row = self.conn.execute(
            "SELECT record, known_from FROM exported_records WHERE kind = ? AND id = ?", (self.kind, identity)
        ).fetchone()
        if row is None:
            if form or self.kind != "relationship":
                self.changes.append(RecordChange(identity, text, None))
        elif row[0] != text or row[1] is None:
            self.changes.append(RecordChange(identity, text, row[0]))


def write_changes(
    conn: sqlite3.Connection, kind: RecordKind, changes: Sequence[RecordChange], revision: int, *, exported: bool
) -> None:
    """Remember changed forms, and how to get back to those before, in the caller's transaction.

    ``revision`` is what their readers have seen. ``exported=False`` is for forms that a legacy writer showed: they are
    not known to anybody else before the next export.
    """
    for change in changes:
        if change.before is not None and change.before != change.text:
            before, after = json.loads(change.before), json.loads(change.text)
            previous = {key: value for key, value in before.items() if key not in after or after[key] != value}
            absent = [key for key in after if key not in before]
            conn.execute(
                """INSERT INTO exported_history (kind, id, version, previous, absent, revision)
                SELECT kind, id,
                    (
                        SELECT coalesce(max(version), 0) + 1 FROM exported_history AS earlier
                        WHERE earlier.kind = shown.kind AND earlier.id = shown.id
                    ),
                    ?, ?, revision
                FROM exported_records AS shown WHERE kind = ? AND id = ?""",
                (dump_form(previous), json.dumps(absent), kind, change.id),
            )
            conn.execute(
                "UPDATE exported_records SET record = ?, revision = ? WHERE kind = ? AND id = ?",
                (change.text, revision, kind, change.id),
            )
        elif change.before is None:
            conn.execute(
                "INSERT INTO exported_records (kind, id, record, revision) VALUES (?, ?, ?, ?)",
                (kind, change.id, change.text, revision),
            )
        if exported:
            conn.execute(
                "UPDATE exported_records SET known_from = ? WHERE kind = ? AND id = ? AND known_from IS NULL",
                (revision, kind, change.id),
            )


def earlier_forms(conn: sqlite3.Connection, kind: RecordKind, identity: str, latest: ShownForm) -> Iterator[ShownForm]:
    """The forms that a record had before ``latest``, the newest first."""
    form = latest.form
    rows = conn.execute(
        "SELECT previous, absent, revision FROM exported_history WHERE kind = ? AND id = ? ORDER BY version DESC",
        (kind, identity),
    )
    for previous, absent, revision in rows.fetchall():
        gone = set(json.loads(absent))
        form = {key: value for key, value in form.items() if key not in gone} | json.loads(previous)
        yield ShownForm(form, revision)

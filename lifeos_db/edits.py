"""What taking in an edited file needs, whichever of the three it is: one transaction's connection and report."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from .directory import DataDirectory, utc_now
from .errors import LostRecords
from .exported_records import RecordChange, write_changes
from .import_report import Conflict, ImportReport
from .legacy_files import LegacyFile
from .legacy_form import PERSON_KEYS, Json, keys_in_order
from .record_forms import Form, RecordKind, dump_form
from .three_way import Judged, Reading, Settled

PERSON_DEFAULTS = {key.name: key.default for key in PERSON_KEYS}


class Edits:
    """What came of the files so far, inside one transaction on a directory whose lock is held."""

    def __init__(
        self,
        conn: sqlite3.Connection,
        directory: DataDirectory,
        report: ImportReport,
        next_export: int,
        force: bool,
    ) -> None:
        """``next_export`` is the revision of the export that follows; ``force`` takes a short file at its word."""
        self.conn = conn
        self.directory = directory
        self.report = report
        self.next_export = next_export
        self.force = force
        self._conflicts: list[Conflict] = []
        self._replaced: list[Conflict] = []

    def refuse_loss(self, name: str, kind: RecordKind, shown: set[str], reading: Reading) -> None:
        """Refuse a file that lacks more than half of the records that its writer has read, as far as they still are."""
        known = [
            identity
            for (identity,) in self.conn.execute(
                "SELECT id FROM exported_records WHERE kind = ?1 AND (known_from <= ?2 OR ?2 IS NULL)",
                (kind, reading.read),
            ).fetchall()
            if self._is_there(kind, identity)
        ]
        left = sum(identity in shown for identity in known)
        if left * 2 < len(known) and not self.force:
            raise LostRecords(self.directory.path / name, len(known), left)

    def _is_there(self, kind: RecordKind, identity: str) -> bool:
        if kind == "relationship":
            query = "SELECT 1 FROM relationships WHERE person_a_id = ? AND person_b_id = ?"
            return self.conn.execute(query, json.loads(identity)).fetchone() is not None
        query = {
            "person": "SELECT 1 FROM people WHERE id = ?",
            "merge": "SELECT 1 FROM person_merges WHERE merged_id = ?",
        }[kind]
        return self.conn.execute(query, (identity,)).fetchone() is not None

    def conflict(
        self, kind: RecordKind, identity: str, key: str | None, reason: str, base: Json, theirs: Json, ours: Json
    ) -> None:
        """Keep a value that was not taken, ``key`` None for a whole record."""
        self._conflicts.append(Conflict(kind, identity, key, base, theirs, ours, reason))

    def remember(self, kind: RecordKind, identity: str, form: Form, judged: Judged, reading: Reading) -> None:
        """The file's form is one that its writer may show again: then it is the same, not an edit once more."""
        text = dump_form(form)
        if text != judged.latest:
            change = RecordChange(identity, text, judged.latest)
            write_changes(self.conn, kind, [change], self.next_export, reading.read or 0)

    def dispute(
        self, kind: RecordKind, identity: str, judged: Judged, settled: Settled, theirs: Form, ours: Form
    ) -> None:
        """Keep what was not taken, and what was replaced though the writer may not have seen it."""
        base = judged.forms[0].form if judged.forms else {}
        self.report.stale_values += len(settled.old)
        for key in (*settled.disputed, *settled.doubtful):
            values = [form.get(key, PERSON_DEFAULTS.get(key)) for form in (base, theirs, ours)]
            if key in settled.disputed:
                self.conflict(kind, identity, key, "changed on both sides", *values)
            else:
                reason = "taken, but the file may be older than what it replaced"
                self._replaced.append(Conflict(kind, identity, key, values[0], values[1], values[2], reason))

    def survivor(self, merged: str) -> str | None:
        """Into whom a person was merged, if so."""
        row = self.conn.execute("SELECT survivor_id FROM person_merges WHERE merged_id = ?", (merged,)).fetchone()
        return row[0] if row else None

    def write_conflicts(self) -> None:
        """Put what was not taken, and what was replaced, into import_conflicts and into the report."""
        now = utc_now()
        self.conn.executemany(
            "INSERT INTO import_conflicts (kind, record_id, key, base, theirs, ours, reason, found_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (item.kind, item.id, item.key, _text(item.base), _text(item.theirs), _text(item.ours), item.reason, now)
                for item in self._conflicts + self._replaced
            ],
        )
        self.report.conflicts += self._conflicts
        self.report.replaced += self._replaced

    def learn_keys(self, setting: str, known: Sequence[str], file: LegacyFile) -> None:
        """The export has every key that was ever seen in the file: also one that a newer legacy program brings."""
        if not file.records or set(file.keys) <= set(known):
            return
        keys = keys_in_order([dict.fromkeys(known), dict.fromkeys(file.keys)], ())
        self.conn.execute(
            "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (setting, json.dumps(keys)),
        )


def _text(value: Json) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)

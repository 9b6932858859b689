"""Taking in an edited people file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from .directory import PEOPLE_FILE
from .edits import PERSON_DEFAULTS, Edits
from .export_form import people_keys
from .import_report import KeptPerson
from .legacy_files import LegacyFile
from .legacy_form import OPTIONAL_LAST_KEY, Json
from .record_forms import Form, person_form, without_derived
from .record_rows import change_person, insert_person, read_person
from .three_way import Judged, Reading, judge, settle


class EditedPeople:
    """The people file, as some program wrote it."""

    def __init__(self, edits: Edits, file: LegacyFile) -> None:
        self.edits = edits
        self.file = file
        self.derived = {row[0] for row in edits.conn.execute("SELECT source_type FROM source_types")}
        self.derived |= {row[0] for row in edits.conn.execute("SELECT DISTINCT source_type FROM interactions")}
        self.keys = people_keys(edits.conn)
        written = frozenset(file.keys) | {OPTIONAL_LAST_KEY}
        self.unknown_to_writer = frozenset(self.keys) - written if file.records else frozenset()

    def take(self) -> None:
        """Add, change and delete people as the file says, field by field. Raises LostRecords."""
        self.edits.learn_keys("people_keys", self.keys, self.file)
        judged = []
        for record in self.file.records:
            form = person_form(record)
            judged.append((record, form, judge(self.edits.conn, "person", record["id"], form, self._comparable)))
        reading = Reading.of(item for _, _, item in judged)
        shown = {record["id"] for record in self.file.records} | _bad_ids(self.file)
        self.edits.refuse_loss(PEOPLE_FILE, "person", shown, reading)
        for record, form, item in judged:
            self.edits.report.stale += item.verdict == "stale"
            if item.verdict in ("new", "edited"):
                self._take_person(record, form, item, reading)
        self._delete_missing(shown, reading)

    def _comparable(self, form: Form) -> Form:
        form = without_derived(form, self.derived)
        return {key: value for key, value in form.items() if key not in self.unknown_to_writer}

    def _take_person(self, record: Mapping[str, Json], form: Form, judged: Judged, reading: Reading) -> None:
        identity = record["id"]
        present = read_person(self.edits.conn, identity)
        if present is None:
            survivor = self.edits.survivor(identity)
            if judged.verdict == "new" and survivor is None:
                insert_person(self.edits.conn, record)
                self.edits.report.people_added += 1
                self.edits.remember("person", identity, form, judged, reading)
                return
            else:
                reason = f"merged into {survivor} here" if survivor else "deleted here"
                self.edits.conflict("person", identity, None, reason, None, dict(record), None)
        else:
            self._merge_person(record, self._comparable(form), judged, present, reading)
        latest = json.loads(judged.latest) if judged.latest else {}
        shown = {key: latest[key] for key in latest if key in self.unknown_to_writer} | self._comparable(form)
        if kept := set(latest.get("sources", ())) & self.derived:
            shown["sources"] = sorted(kept.union(shown.get("sources", ())))
        self.edits.remember("person", identity, shown, judged, reading)

    def _merge_person(
        self, record: Mapping[str, Json], theirs: Form, judged: Judged, present: Mapping[str, Json], reading: Reading
    ) -> None:
        identity = record["id"]
        ours = self._comparable(person_form(present))
        settled = settle(judged.forms, theirs, ours, reading)
        changes: dict[str, Json] = {}
        gone = []
        for key in settled.taken:
            if key == "sources":
                changes[key] = self._sources(present[key] or [], theirs.get(key, []))
            elif key in PERSON_DEFAULTS:
                changes[key] = record.get(key, PERSON_DEFAULTS[key])
            elif key in record:
                changes[key] = record[key]
            else:
                gone.append(key)
        if settled.taken:
            change_person(self.edits.conn, identity, changes, gone)
            self.edits.report.people_changed += 1
        self.edits.dispute("person", identity, judged, settled, theirs, ours)

    def _sources(self, ours: Iterable[str], theirs: Sequence[str]) -> list[str]:
        """The declared sources, where the file added or removed some that are not derived."""
        kept = [source for source in ours if source in self.derived or source in theirs]
        return kept + [source for source in theirs if source not in kept]

    def _delete_missing(self, shown: set[str], reading: Reading) -> None:
        """Delete whoever the writer took out of the file; keep and report where it is not certain."""
        rows = self.edits.conn.execute(
            """SELECT people.id, canonical_name, record, exported_records.revision, known_from
            FROM people JOIN exported_records ON kind = 'person' AND exported_records.id = people.id
            ORDER BY people.rowid"""
        ).fetchall()
        for identity, name, text, revision, known_from in rows:
            if identity in shown:
                continue
            certain = self.edits.force or reading.has_seen(max(revision, known_from))
            if reason := self._reason_to_keep(identity, text, certain):
                self.edits.report.kept.append(KeptPerson(identity, name, reason))
            else:
                self.edits.conn.execute("DELETE FROM people WHERE id = ?", (identity,))
                self.edits.report.people_deleted += 1

    def _reason_to_keep(self, identity: str, text: str, certain: bool) -> str | None:
        number = self.edits.conn.execute(
            "SELECT count(*) FROM interactions WHERE person_id = ?", (identity,)
        ).fetchone()[0]
        if number:
            return f"has {number} interaction{'s' if number != 1 else ''}"
        present = read_person(self.edits.conn, identity)
        assert present is not None
        ours = self._comparable(person_form(present))
        base = self._comparable(json.loads(text))
        if {key: value for key, value in ours.items() if key in self.keys} != base:
            return "changed here since the last export"
        if not certain:
            return "the file may be older than this person's record"
        return None


def _bad_ids(file: LegacyFile) -> set[str]:
    """The ids of records that were set aside: those are in the file, if not as they should be."""
    ids = set()
    for problem in file.problems:
        record = json.loads(problem.record) if problem.record else None
        if isinstance(record, dict) and isinstance(record.get("id"), str):
            ids.add(record["id"])
    return ids

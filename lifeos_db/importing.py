"""Taking in what legacy writers did to the JSON files since the last export, then exporting."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Collection, Iterable, Mapping, MutableSequence, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from .database import DEFAULT_TIMEOUT, Transaction, open_writer, translated_errors
from .directory import MERGES_FILE, PEOPLE_FILE, RELATIONSHIPS_FILE, DataDirectory, utc_now
from .errors import BadInput, ExportConflict, LostRecords
from .export_form import people_keys, relationship_keys
from .exported_records import RecordChange, write_changes
from .exporting import check_export, compare, export_locked, remember
from .legacy_files import ABSENT, LegacyFile, read_merges, read_people, read_relationships_file
from .legacy_form import OPTIONAL_LAST_KEY, PERSON_KEYS, RELATIONSHIP_KEYS, Json, encode, keys_in_order
from .record_forms import (
    DERIVED_CONTEXTS,
    Form,
    RecordKind,
    dump_form,
    merge_form,
    pair_id,
    person_form,
    relationship_form,
    without_derived,
)
from .record_rows import change_person, insert_person, read_person, unknown_keys
from .rejects import set_aside
from .schema_objects import require_current
from .three_way import Judged, Reading, Settled, judge, settle

_ATTEMPTS = 5
"""How often a file that is written again meanwhile is read again before it is left to its writer."""
_READERS = {PEOPLE_FILE: read_people, RELATIONSHIPS_FILE: read_relationships_file, MERGES_FILE: read_merges}
_DEFAULTS = {key.name: key.default for key in PERSON_KEYS}


@dataclass(frozen=True)
class Conflict:
    """Two values of which one stands and the other is kept in import_conflicts. ``key`` is None for a whole record."""

    kind: RecordKind
    id: str
    key: str | None
    base: Json
    theirs: Json
    ours: Json
    reason: str


@dataclass(frozen=True)
class KeptPerson:
    """A person who is missing from the file and was kept, and why."""

    id: str
    name: str | None
    reason: str


@dataclass
class ImportReport:
    """What an import did, or would do. ``files`` are the edited files; ``exported`` those written afterwards.

    ``stale`` counts records that were old copies, ``stale_values`` fields of edited records that were; both are
    ignored. ``revision`` is what the files show now.
    """

    status: Literal["nothing", "imported", "dry-run"] = "nothing"
    files: list[str] = field(default_factory=list)
    people_added: int = 0
    people_changed: int = 0
    people_deleted: int = 0
    merges_added: int = 0
    relationships_added: int = 0
    relationships_changed: int = 0
    stale: int = 0
    stale_values: int = 0
    rejected: int = 0
    kept: list[KeptPerson] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    replaced: list[Conflict] = field(default_factory=list)
    """Values that were taken in the place of others which the writer of the file may not have seen."""
    warnings: list[str] = field(default_factory=list)
    exported: list[str] = field(default_factory=list)
    revision: int = 0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """The form for machines."""
        return asdict(self)


class _DryRunDone(Exception):
    """Ends the transaction of a dry run."""


def import_edits(
    data_dir: str | os.PathLike[str] | None = None,
    *,
    dry_run: bool = False,
    force: bool = False,
    skip_bad: bool = False,
    own: MutableSequence[str] | None = None,
    timeout: float = DEFAULT_TIMEOUT,
) -> ImportReport:
    """Take in what other programs wrote into the JSON files, in one transaction, then export if there is need.

    Where both sides changed a field differently the database wins and the other value goes into import_conflicts.
    ``force`` takes a file that lost more than half of its records at its word; ``skip_bad`` sets bad records aside in
    import_rejects. ``own`` are hashes of files that are exports, though this database does not know them: one that
    was restored from a backup has forgotten the latest. Those are written anew, not taken in, and new ones are added.

    Raises BadInput, LostRecords, ExportConflict (a program that writes without a pause), NotMigrated, OlderSchema,
    NewerSchema, DatabaseMissing, BrokenDatabase, BadValue, Locked, StorageFailure. Nothing is changed then.
    """
    started = time.monotonic()
    directory = DataDirectory.locate(data_dir)
    path = directory.existing_database()
    report = ImportReport()
    found = check_export(directory.path, timeout=timeout)
    report.revision = found.revision
    if found.status != "fresh" and not (dry_run and not found.edited):
        with directory.lock(timeout), translated_errors(path, timeout), closing(open_writer(path, timeout)) as conn:
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    _Import(conn, directory, report, force, skip_bad, own or ()).run(dry_run)
                    if not dry_run:
                        exported = export_locked(conn, directory, own=own)
                        report.revision = exported.revision
                        report.exported = [*exported.files] if exported.status == "written" else []
                    break
                except ExportConflict:  # a legacy program has saved again since we read the file
                    if attempt == _ATTEMPTS:
                        raise
    if dry_run:
        report.status = "dry-run"
    report.seconds = round(time.monotonic() - started, 3)
    return report


class _Import:
    """One look at the files, on a directory whose lock is held."""

    def __init__(
        self,
        conn: sqlite3.Connection,
        directory: DataDirectory,
        report: ImportReport,
        force: bool,
        skip_bad: bool,
        own: Collection[str],
    ) -> None:
        self.conn = conn
        self.directory = directory
        self.report = report
        self.force = force
        self.skip_bad = skip_bad
        self.own = own
        self.next_export = 0
        """The revision of the export that follows."""
        self.derived: set[str] = set()
        self.exported_keys: frozenset[str] = frozenset()
        self.unknown_to_writer: frozenset[str] = frozenset()

    def run(self, dry_run: bool) -> None:
        require_current(self.conn, self.directory.database)
        edited = compare(self.conn, self.directory).edited
        files = {name: _READERS[name](self.directory.path / name) for name in edited}
        forgotten = {name: file for name, file in files.items() if file.state.sha256 in self.own}
        files = {
            name: file
            for name, file in files.items()
            if (file.state != ABSENT or file.problems) and name not in forgotten
        }
        self._refuse_bad(files)
        try:
            if files or forgotten:
                with Transaction(self.conn):
                    for name, file in forgotten.items():
                        remember(self.conn, name, file.state)
                    self._take_in(files)
                    if dry_run:
                        raise _DryRunDone
        except _DryRunDone:
            pass

    def _refuse_bad(self, files: Mapping[str, LegacyFile]) -> None:
        problems = [problem for file in files.values() for problem in file.problems]
        whole_file = any(not problem.place for problem in problems)
        if problems and (whole_file or not self.skip_bad):
            raise BadInput([str(problem) for problem in problems], skippable=not whole_file)

    def _refuse_loss(self, name: str, kind: RecordKind, shown: set[str], reading: Reading) -> None:
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

    def _take_in(self, files: Mapping[str, LegacyFile]) -> None:
        report = self.report
        report.status = "imported" if files else report.status
        report.files += [name for name in files if name not in report.files]
        for name, file in files.items():
            report.warnings += file.notes
            report.rejected += set_aside(self.conn, file.problems)
            remember(self.conn, name, file.state)
        self.conn.execute("UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured")
        self.next_export = compare(self.conn, self.directory).revision
        conflicts, replaced = len(report.conflicts), len(report.replaced)
        if MERGES_FILE in files:  # first, so that whoever was merged has no interactions any more
            self._take_merges(files[MERGES_FILE].records[0])
        if PEOPLE_FILE in files:
            self._take_people(files[PEOPLE_FILE])
        if RELATIONSHIPS_FILE in files:
            self._take_relationships(files[RELATIONSHIPS_FILE])
        now = utc_now()
        self.conn.executemany(
            "INSERT INTO import_conflicts (kind, record_id, key, base, theirs, ours, reason, found_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (item.kind, item.id, item.key, _text(item.base), _text(item.theirs), _text(item.ours), item.reason, now)
                for item in report.conflicts[conflicts:] + report.replaced[replaced:]
            ],
        )

    def _conflict(
        self, kind: RecordKind, identity: str, key: str | None, reason: str, base: Json, theirs: Json, ours: Json
    ) -> None:
        self.report.conflicts.append(Conflict(kind, identity, key, base, theirs, ours, reason))

    def _remember(self, kind: RecordKind, identity: str, form: Form, judged: Judged, reading: Reading) -> None:
        """The file's form is one that its writer may show again: then it is the same, not an edit once more."""
        text = dump_form(form)
        if text != judged.latest:
            change = RecordChange(identity, text, judged.latest)
            write_changes(self.conn, kind, [change], self.next_export, reading.read or 0)

    def _dispute(
        self, kind: RecordKind, identity: str, judged: Judged, settled: Settled, theirs: Form, ours: Form
    ) -> None:
        """Keep what was not taken, and what was replaced though the writer may not have seen it."""
        base = judged.forms[0].form if judged.forms else {}
        self.report.stale_values += len(settled.old)
        for key in (*settled.disputed, *settled.doubtful):
            values = [form.get(key, _DEFAULTS.get(key)) for form in (base, theirs, ours)]
            if key in settled.disputed:
                self._conflict(kind, identity, key, "changed on both sides", *values)
            else:
                reason = "taken, but the file may be older than what it replaced"
                self.report.replaced.append(Conflict(kind, identity, key, values[0], values[1], values[2], reason))

    # --- merges

    def _take_merges(self, merges: Mapping[str, str]) -> None:
        judged = {merged: self._judge_merge(merged, survivor) for merged, survivor in merges.items()}
        reading = Reading.of(judged.values())
        self._refuse_loss(MERGES_FILE, "merge", set(merges), reading)
        for merged, item in judged.items():
            self.report.stale += item.verdict == "stale"
            if item.verdict in ("same", "stale"):
                continue
            form = merge_form(merges[merged])
            survivor = self._survivor(merged)
            ours = merge_form(survivor) if survivor else {}
            settled = settle(item.forms, form, ours, reading)
            if settled.taken:
                self._record_merge(merged, merges[merged])
            self._dispute("merge", merged, item, settled, form, ours)
            self._remember("merge", merged, form, item, reading)

    def _judge_merge(self, merged: str, survivor: str) -> Judged:
        return judge(self.conn, "merge", merged, merge_form(survivor), lambda form: form)

    def _record_merge(self, merged: str, survivor: str) -> None:
        self.conn.execute("SAVEPOINT one_merge")
        try:
            self.conn.execute(
                "INSERT INTO person_merges (merged_id, survivor_id, merged_at) VALUES (?, ?, ?) "
                "ON CONFLICT (merged_id) DO UPDATE SET survivor_id = excluded.survivor_id",
                (merged, survivor, utc_now()),
            )
            self.report.merges_added += 1
        except sqlite3.IntegrityError as error:
            self.conn.execute("ROLLBACK TO one_merge")
            self._conflict("merge", merged, "survivor_id", str(error), None, survivor, self._survivor(merged))
        self.conn.execute("RELEASE one_merge")

    def _survivor(self, merged: str) -> str | None:
        row = self.conn.execute("SELECT survivor_id FROM person_merges WHERE merged_id = ?", (merged,)).fetchone()
        return row[0] if row else None

    # --- people

    def _take_people(self, file: LegacyFile) -> None:
        self.derived = {row[0] for row in self.conn.execute("SELECT source_type FROM source_types")}
        self.derived |= {row[0] for row in self.conn.execute("SELECT DISTINCT source_type FROM interactions")}
        self.exported_keys = frozenset(people_keys(self.conn))
        written = frozenset(file.keys) | {OPTIONAL_LAST_KEY}
        self.unknown_to_writer = self.exported_keys - written if file.records else frozenset()
        learn_keys(self.conn, "people_keys", people_keys(self.conn), file)
        judged = []
        for record in file.records:
            form = person_form(record)
            judged.append((record, form, judge(self.conn, "person", record["id"], form, self._comparable)))
        reading = Reading.of(item for _, _, item in judged)
        shown = {record["id"] for record in file.records} | _bad_ids(file)
        self._refuse_loss(PEOPLE_FILE, "person", shown, reading)
        for record, form, item in judged:
            self.report.stale += item.verdict == "stale"
            if item.verdict in ("new", "edited"):
                self._take_person(record, form, item, reading)
        self._delete_missing(shown, reading)

    def _comparable(self, form: Form) -> Form:
        form = without_derived(form, self.derived)
        return {key: value for key, value in form.items() if key not in self.unknown_to_writer}

    def _take_person(self, record: Mapping[str, Json], form: Form, judged: Judged, reading: Reading) -> None:
        identity = record["id"]
        present = read_person(self.conn, identity)
        if present is None:
            survivor = self._survivor(identity)
            if judged.verdict == "new" and survivor is None:
                insert_person(self.conn, record)
                self.report.people_added += 1
                self._remember("person", identity, form, judged, reading)
                return
            else:
                reason = f"merged into {survivor} here" if survivor else "deleted here"
                self._conflict("person", identity, None, reason, None, dict(record), None)
        else:
            self._merge_person(record, self._comparable(form), judged, present, reading)
        latest = json.loads(judged.latest) if judged.latest else {}
        shown = {key: latest[key] for key in latest if key in self.unknown_to_writer} | self._comparable(form)
        if kept := set(latest.get("sources", ())) & self.derived:
            shown["sources"] = sorted(kept.union(shown.get("sources", ())))
        self._remember("person", identity, shown, judged, reading)

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
            elif key in _DEFAULTS:
                changes[key] = record.get(key, _DEFAULTS[key])
            elif key in record:
                changes[key] = record[key]
            else:
                gone.append(key)
        if settled.taken:
            change_person(self.conn, identity, changes, gone)
            self.report.people_changed += 1
        self._dispute("person", identity, judged, settled, theirs, ours)

    def _sources(self, ours: Iterable[str], theirs: Sequence[str]) -> list[str]:
        """The declared sources, where the file added or removed some that are not derived."""
        kept = [source for source in ours if source in self.derived or source in theirs]
        return kept + [source for source in theirs if source not in kept]

    def _delete_missing(self, shown: set[str], reading: Reading) -> None:
        """Delete whoever the writer took out of the file; keep and report where it is not certain."""
        rows = self.conn.execute(
            """SELECT people.id, canonical_name, record, exported_records.revision, known_from
            FROM people JOIN exported_records ON kind = 'person' AND exported_records.id = people.id
            ORDER BY people.rowid"""
        ).fetchall()
        for identity, name, text, revision, known_from in rows:
            if identity in shown:
                continue
            certain = self.force or reading.has_seen(max(revision, known_from))
            if reason := self._reason_to_keep(identity, text, certain):
                self.report.kept.append(KeptPerson(identity, name, reason))
            else:
                self.conn.execute("DELETE FROM people WHERE id = ?", (identity,))
                self.report.people_deleted += 1

    def _reason_to_keep(self, identity: str, text: str, certain: bool) -> str | None:
        number = self.conn.execute("SELECT count(*) FROM interactions WHERE person_id = ?", (identity,)).fetchone()[0]
        if number:
            return f"has {number} interaction{'s' if number != 1 else ''}"
        present = read_person(self.conn, identity)
        assert present is not None
        ours = self._comparable(person_form(present))
        base = self._comparable(json.loads(text))
        if {key: value for key, value in ours.items() if key in self.exported_keys} != base:
            return "changed here since the last export"
        if not certain:
            return "the file may be older than this person's record"
        return None

    # --- relationships

    def _take_relationships(self, file: LegacyFile) -> None:
        learn_keys(self.conn, "relationship_keys", relationship_keys(self.conn), file)
        judged, shown = [], set()
        for record in file.records:
            form = relationship_form(record)
            identity = pair_id(record["person_a_id"], record["person_b_id"])
            shown.add(identity)
            item = judge(self.conn, "relationship", identity, form, lambda same: same)
            if item.verdict != "new" or form:  # a pair that says nothing by hand is nobody's edit
                judged.append((record, identity, form, item))
        reading = Reading.of(item for *_, item in judged)
        self._refuse_loss(RELATIONSHIPS_FILE, "relationship", shown, reading)
        for record, identity, form, item in judged:
            self.report.stale += item.verdict == "stale"
            if item.verdict in ("new", "edited"):
                self._take_relationship(record, identity, form, item, reading)
                self._remember("relationship", identity, form, item, reading)

    def _take_relationship(
        self, record: Mapping[str, Json], identity: str, form: Form, judged: Judged, reading: Reading
    ) -> None:
        pair = (record["person_a_id"], record["person_b_id"])
        row = self.conn.execute(
            "SELECT relationship_type, shared_contexts, is_linkedin_connection, extra FROM relationships "
            "WHERE person_a_id = ? AND person_b_id = ?",
            pair,
        ).fetchone()
        if row is None:
            if judged.verdict == "new":
                self._add_relationship(record, identity)
            else:
                self._conflict("relationship", identity, None, "deleted here", None, dict(record), None)
            return
        contexts = json.loads(row[1] or "[]")
        unknown = unknown_keys("relationships", -1, identity, row[3])
        ours = relationship_form(
            {"relationship_type": row[0], "shared_contexts": contexts, "is_linkedin_connection": row[2], **unknown}
        )
        settled = settle(judged.forms, form, ours, reading)
        values: dict[str, Any] = {}
        for key in settled.taken:
            if key == "relationship_type":
                values[key] = record.get(key, "inferred")
            elif key == "shared_contexts":
                own = form.get(key, [])
                derived = [name for name in contexts if name in DERIVED_CONTEXTS]
                values[key] = json.dumps(derived + own, ensure_ascii=False)
            elif key == "is_linkedin_connection":
                values[key] = int(bool(record.get(key)))
            else:
                unknown = {name: value for name, value in unknown.items() if name != key}
                unknown |= {key: record[key]} if key in record else {}
                values["extra"] = json.dumps(unknown) if unknown else None
        if values:
            self.conn.execute(
                f"UPDATE relationships SET {', '.join(f'{name} = ?' for name in values)} "
                "WHERE person_a_id = ? AND person_b_id = ?",
                (*values.values(), *pair),
            )
            self.report.relationships_changed += 1
        self._dispute("relationship", identity, judged, settled, form, ours)

    def _add_relationship(self, record: Mapping[str, Json], identity: str) -> None:
        keys = [key for key in RELATIONSHIP_KEYS if not key.name.endswith(("_count", "_together"))]
        unknown = {name: record[name] for name in record if name not in {key.name for key in RELATIONSHIP_KEYS}}
        columns = [encode(key, record.get(key.name, key.default)) for key in keys]
        try:
            self.conn.execute(
                f"INSERT INTO relationships ({', '.join(key.name for key in keys)}, extra) "
                f"VALUES ({', '.join('?' * len(keys))}, ?)",
                (*columns, json.dumps(unknown) if unknown else None),
            )
            self.report.relationships_added += 1
        except sqlite3.IntegrityError as error:
            self._conflict("relationship", identity, None, str(error), None, dict(record), None)


def learn_keys(conn: sqlite3.Connection, setting: str, known: Sequence[str], file: LegacyFile) -> None:
    """The export has every key that was ever seen in the file: also one that a newer legacy program brings."""
    if not file.records or set(file.keys) <= set(known):
        return
    keys = keys_in_order([dict.fromkeys(known), dict.fromkeys(file.keys)], ())
    conn.execute(
        "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (setting, json.dumps(keys)),
    )


def _bad_ids(file: LegacyFile) -> set[str]:
    """The ids of records that were set aside: those are in the file, if not as they should be."""
    ids = set()
    for problem in file.problems:
        record = json.loads(problem.record) if problem.record else None
        if isinstance(record, dict) and isinstance(record.get("id"), str):
            ids.add(record["id"])
    return ids


def _text(value: Json) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)

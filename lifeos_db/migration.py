"""Bringing a data directory to today's schema: everything or nothing, and only once."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from .backup import back_up
from .choices import take_choices_back
from .contacts import fill_contacts, fill_letter_folds
from .copying import copy_database, remove_database
from .counts import CountDrift, correct_counts
from .database import (
    DEFAULT_TIMEOUT,
    Progress,
    Transaction,
    open_reader,
    open_writer,
    sqlite_fault,
    translated_errors,
)
from .directory import EXPORT_FILES, MERGES_FILE, PEOPLE_FILE, RELATIONSHIPS_FILE, DataDirectory, copy_private
from .errors import BadInput, ExportPending, LifeosError
from .evidence import rebuild_evidence
from .exporting import announce, capture, compare, discard, prepare, publish, remember, set_as_of
from .hiding import block_hidden
from .imported_pairs import follow_merges, import_relationships, wrong_imported_counts
from .interrupts import finishing
from .legacy_database import APPENDED_COLUMNS, refuse_damage, refuse_unexpected_tables
from .legacy_files import LegacyData, read_legacy
from .legacy_form import COUNT_KEYS, PERSON_KEYS
from .lookup import resolve
from .merges import flatten_merges, move_merged_rows, record_merges
from .record_rows import insert_records
from .rejects import set_aside
from .schema_objects import (
    SCHEMA_VERSION,
    apply,
    differences,
    expected,
    foreign_objects,
    is_migrated,
    refuse_lost_tables,
    refuse_newer,
    schema_version,
)


@dataclass
class MigrationReport:
    """What a migration did, or would do. ``counts_corrected`` is the number of people whose legacy counts were wrong.

    ``orphans`` and ``interactions`` are rows; ``rejected`` is records set aside; ``backup`` is a path or None.
    """

    status: Literal["migrated", "healed", "current", "dry-run"]
    from_version: int
    to_version: int = SCHEMA_VERSION
    people: int = 0
    interactions: int = 0
    relationships: int = 0
    merges: int = 0
    merged_rows_moved: int = 0
    counts_corrected: int = 0
    orphans: int = 0
    rejected: int = 0
    backup: str | None = None
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)
    corrections: list[CountDrift] = field(default_factory=list)
    """Every wrong legacy count, with cached and actual."""
    healed: list[str] = field(default_factory=list)
    """What was put right in a database of this version: triggers, views, indexes, late exports, the owner."""

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, whose fields are in docs/cli-promises.md."""
        values = asdict(self)
        del values["corrections"]
        values["warnings"] += values.pop("healed")
        return values


def migrate(
    data_dir: str | os.PathLike[str] | None = None,
    *,
    dry_run: bool = False,
    backup: bool = True,
    skip_bad: bool = False,
    owner: str | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    progress: Progress | None = None,
) -> MigrationReport:
    """Bring a legacy or older data directory to this version's schema, import the legacy files, and export.

    One transaction for the database, after a full backup; the files only after it. If anything fails, the directory
    is as it was. Run again, it heals triggers, views and indexes, and otherwise has nothing to do.

    Raises BadInput with every bad record, unless ``skip_bad``, which sets bad records aside in import_rejects;
    DamagedDatabase, UnexpectedTable, BadValue, BadSetting; with ``owner`` what finding a person raises; and what
    opening raises, but for DatabaseMissing, NotMigrated and OlderSchema. ExportPending is the one that comes after the
    commit: the database is migrated, and only the files could not be put into place.
    """
    started = time.monotonic()
    directory = DataDirectory.locate(data_dir)
    with translated_errors(directory.database, timeout):
        if dry_run:
            report = _dry_run(directory, skip_bad, owner, timeout, progress)
        else:
            with directory.lock(timeout):
                report = _Migration(directory, backup, skip_bad, owner, timeout, progress).run()
    if report.from_version < SCHEMA_VERSION and (fault := sqlite_fault()):  # said once, not every night
        report.warnings.append(fault)
    report.seconds = round(time.monotonic() - started, 3)
    return report


def _dry_run(
    directory: DataDirectory, skip_bad: bool, owner: str | None, timeout: float, progress: Progress | None
) -> MigrationReport:
    """Migrate a copy in a temporary directory: the same report, and nothing touched."""
    with tempfile.TemporaryDirectory(prefix="lifeos-dry-run-") as name:
        copy = DataDirectory(Path(name))
        try:
            for file in EXPORT_FILES:
                if (directory.path / file).exists():
                    copy_private(directory.path / file, copy.path / file)
            needs_crm = not (directory.path / RELATIONSHIPS_FILE).exists()
            for source, target in ((directory.crm, copy.crm), (directory.database, copy.database)):
                if source.exists() and (needs_crm or source != directory.crm):
                    with translated_errors(source, timeout):
                        copy_database(source, target, timeout)
            report = _Migration(copy, False, skip_bad, owner, timeout, progress, copy_of=directory).run()
        except LifeosError as error:
            # What is wrong is wrong in the directory itself, not in its copy.
            error.args = (str(error).replace(name, str(directory.path)),)
            raise
    if report.status != "current":
        report.status = "dry-run"
    return report


class _Migration:
    """One run of migrate, on a directory whose lock is held."""

    def __init__(
        self,
        directory: DataDirectory,
        backup: bool,
        skip_bad: bool,
        owner: str | None,
        timeout: float,
        progress: Progress | None,
        copy_of: DataDirectory | None = None,
    ) -> None:
        self.directory = directory
        self.original = copy_of or directory
        """Where earlier backups lie: a dry run works on a copy that has none."""
        self.backup = backup
        self.skip_bad = skip_bad
        self.owner = owner
        self.timeout = timeout
        self.progress = progress or (lambda phase, done, total: None)

    def run(self) -> MigrationReport:
        path = self.directory.database
        if path.exists():
            with closing(open_reader(path, self.timeout)) as reader:
                refuse_newer(reader, path)
                if is_migrated(reader) and self._nothing_to_do(reader):
                    return _count_rows(reader, MigrationReport("current", schema_version(reader)))
        created = not path.exists() and not path.is_symlink()
        with ExitStack() as until_exported:
            try:
                with closing(open_writer(path, self.timeout)) as conn:
                    report = self._migrate(conn, until_exported)
                    if created:
                        conn.execute("PRAGMA journal_mode = WAL")
                    return report
            except ExportPending:
                raise
            except BaseException:
                if created:
                    remove_database(path)
                raise

    def _nothing_to_do(self, conn: sqlite3.Connection) -> bool:
        if schema_version(conn) < SCHEMA_VERSION or self.owner is not None:
            return False
        wrong = [item for item in differences(conn) if item.problem in ("missing", "altered")]
        return not wrong and compare(conn, self.directory).status == "fresh"

    def _migrate(self, conn: sqlite3.Connection, until_exported: ExitStack) -> MigrationReport:
        """All changes to the database in one transaction; a second migrate waits at its BEGIN, or at our lock.

        From the commit on, ``until_exported`` keeps a Ctrl-C waiting: what is committed is not undone.
        """
        saved: Path | None = None
        had_backups = self.directory.backups.exists()
        prepared = []
        try:
            with Transaction(conn):
                refuse_newer(conn, self.directory.database)
                report = MigrationReport("current", schema_version(conn))
                legacy = None
                if report.from_version < SCHEMA_VERSION:
                    report.status = "migrated"
                    refuse_damage(conn, self.directory.database)
                    if not is_migrated(conn):
                        legacy = self._read_legacy(conn)
                    if self.backup:
                        saved = back_up(self.directory, "before-migrate", self.timeout, self.progress)
                        report.backup = str(saved) if saved else None
                    self._change_tables(conn)
                    if legacy:
                        self._import(conn, legacy, report)
                self._set_owner(conn, report)
                self._settle(conn, report)
                _count_rows(conn, report)
                if edited := compare(conn, self.directory).edited:
                    what = "changed by another program since the last export, so not overwritten"
                    report.warnings.append(f"{', '.join(edited)}: {what}; see 'lifeos db export --help'")
                else:
                    self.progress("export", 0, 0)
                    revision = capture(conn)
                    prepared = prepare(conn, self.directory)
                    announce(conn, prepared, revision)
                until_exported.enter_context(finishing())
        except BaseException:
            discard(prepared)
            if saved:
                shutil.rmtree(saved if had_backups else self.directory.backups, ignore_errors=True)
            raise
        if prepared:
            try:
                with translated_errors(self.directory.path, self.timeout):
                    written = publish(conn, prepared, revision)
            except LifeosError as error:
                # The transaction is committed, and other programs may be writing to it: it is not undone.
                raise ExportPending(error, report.backup) from error
            if report.status == "current":
                report.healed = [f"{name} was older than the database" for name in written]
                report.status = "healed" if written else "current"
        return report

    def _read_legacy(self, conn: sqlite3.Connection) -> LegacyData:
        refuse_unexpected_tables(conn)
        legacy = read_legacy(self.directory)
        whole_file = [problem for problem in legacy.problems if not problem.place]
        if legacy.problems and (whole_file or not self.skip_bad):
            raise BadInput([str(problem) for problem in legacy.problems], skippable=not whole_file)
        return legacy

    def _change_tables(self, conn: sqlite3.Connection) -> None:
        """Run the numbered steps, inside the transaction that is open."""
        from sqlite_utils import Database

        from .migrations import steps

        if not conn.execute("PRAGMA main.table_info('interactions')").fetchall():
            conn.execute(next(item.sql for item in expected("table") if item.name == "interactions"))
        columns = {row[1].lower() for row in conn.execute("PRAGMA main.table_info('interactions')")}
        for name, declared in APPENDED_COLUMNS.items():
            if name not in columns:
                conn.execute(f"ALTER TABLE interactions ADD COLUMN {name} {declared}")
        own = [] if is_migrated(conn) else foreign_objects(conn)
        steps.apply(Database(conn, recursive_triggers=False, execute_plugins=False))
        conn.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        conn.execute("INSERT OR IGNORE INTO settings (key, value) VALUES ('own_objects', ?)", (json.dumps(own),))
        set_as_of(conn)

    def _import(self, conn: sqlite3.Connection, legacy: LegacyData, report: MigrationReport) -> None:
        """Take in the legacy files; no triggers are there yet, so this is plain and fast."""
        report.warnings += legacy.notes
        self.progress("people", 0, 0)
        insert_records(conn, "people", PERSON_KEYS, legacy.people.records)
        for name in COUNT_KEYS:  # null has been seen in counts; it means none
            conn.execute(f"UPDATE people SET {name} = 0 WHERE {name} IS NULL")
        import_relationships(conn, legacy.relationships.records)
        conn.executemany(
            "INSERT INTO person_merges (merged_id, survivor_id) VALUES (?, ?)", legacy.merges.records[0].items()
        )
        for setting, file in (("people_keys", legacy.people), ("relationship_keys", legacy.relationships)):
            if file.keys:
                conn.execute("INSERT INTO settings (key, value) VALUES (?, ?)", (setting, json.dumps(file.keys)))
        for name, file in (
            (PEOPLE_FILE, legacy.people),
            (RELATIONSHIPS_FILE, legacy.relationships),
            (MERGES_FILE, legacy.merges),
        ):
            remember(conn, name, file.state)
        if found := take_choices_back(conn, self.original):
            report.warnings.append(f"the owner and the source types are those of before the eject ({found})")
        report.rejected = set_aside(conn, legacy.problems)
        lost = conn.execute(
            "SELECT count(*) FROM person_merges WHERE survivor_id NOT IN (SELECT id FROM people)"
        ).fetchone()[0]
        if lost:
            report.warnings.append(f"{MERGES_FILE}: {lost} merge(s) lead to an id that no person has")

    def _set_owner(self, conn: sqlite3.Connection, report: MigrationReport) -> None:
        """The owner given, else, once, the only person of category self."""
        if self.owner is not None:
            owner = self.owner
            if not conn.execute("SELECT 1 FROM people WHERE id = ?", (owner,)).fetchone():
                if report.from_version < SCHEMA_VERSION:  # the index by which people are found is filled later
                    fill_letter_folds(conn)
                    fill_contacts(conn)
                owner = resolve(conn, owner).id
        elif conn.execute("SELECT 1 FROM settings WHERE key = 'owner_id'").fetchone():
            return
        else:
            selves = conn.execute("SELECT id FROM people WHERE category = 'self'").fetchall()
            if len(selves) != 1:
                return
            owner = selves[0][0]
        if conn.execute("SELECT 1 FROM settings WHERE key = 'owner_id' AND value = ?", (owner,)).fetchone():
            return
        if report.from_version == SCHEMA_VERSION:
            report.healed.append(f"the owner is {owner}")
        conn.execute(
            "INSERT INTO settings (key, value) VALUES ('owner_id', ?) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (owner,),
        )

    def _settle(self, conn: sqlite3.Connection, report: MigrationReport) -> None:
        """Indexes and views first, so that the aggregate is fast; then rows and counts; then the triggers."""
        wrong = [item for item in differences(conn) if item.problem in ("missing", "altered")]
        if report.from_version == SCHEMA_VERSION:
            report.healed += [item.detail for item in wrong]
            report.status = "healed" if report.healed else "current"
        refuse_lost_tables(wrong, self.directory.database)
        self.progress("indexes", 0, 0)
        apply(conn, [item for item in wrong if item.type != "trigger"])
        if wrong:
            self.progress("counts", 0, 0)
            report.healed += flatten_merges(conn)
            record_merges(conn)
            report.merged_rows_moved = move_merged_rows(conn)
            report.corrections = correct_counts(conn)
            report.counts_corrected = len({item.person_id for item in report.corrections})
            self.progress("contacts", 0, 0)
            fill_letter_folds(conn)
            fill_contacts(conn)
            if report.from_version < 4:
                block_hidden(conn)
        apply(conn, [item for item in wrong if item.type == "trigger"])
        if wrong:
            self.progress("relationships", 0, 0)
            if moved := follow_merges(conn):
                report.warnings.append(f"relationships: {moved} record(s) of merged people went to their survivors")
            rebuild_evidence(conn)
            if corrected := wrong_imported_counts(conn):
                report.warnings.append(f"relationships: {corrected} imported pair(s) had wrong counts; set right")
        for item in differences(conn):
            report.warnings.append(f"{item.detail}; 'lifeos db verify' says what to do")


def _count_rows(conn: sqlite3.Connection, report: MigrationReport) -> MigrationReport:
    tables = {"relationships": "relationship_records", "merges": "person_merges"}
    for name in ("people", "interactions", *tables):
        setattr(report, name, conn.execute(f"SELECT count(*) FROM {tables.get(name, name)}").fetchone()[0])
    report.orphans = conn.execute("SELECT count(*) FROM orphan_interactions").fetchone()[0]
    return report

"""Taking in what legacy writers did to the JSON files since the last export, then exporting."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Collection, Mapping, MutableSequence
from contextlib import ExitStack, closing

from .database import DEFAULT_TIMEOUT, Transaction, open_writer, translated_errors
from .directory import MERGES_FILE, PEOPLE_FILE, RELATIONSHIPS_FILE, DataDirectory
from .edited_merges import take_merges
from .edited_people import EditedPeople
from .edited_relationships import take_relationships
from .edits import Edits
from .errors import BadInput, ExportConflict
from .exporting import check_export, compare, export_locked, remember
from .import_report import ImportReport
from .interrupts import finishing
from .legacy_files import ABSENT, LegacyFile, read_merges, read_people, read_relationships_file
from .rejects import set_aside
from .schema_objects import require_current

_ATTEMPTS = 5
"""How often a file that is written again meanwhile is read again before it is left to its writer."""
_READERS = {PEOPLE_FILE: read_people, RELATIONSHIPS_FILE: read_relationships_file, MERGES_FILE: read_merges}


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

    Raises BadInput, LostRecords, and what opening raises; nothing is changed then. Raises what ``export`` raises, such
    as ExportConflict where a program writes without a pause; what was taken in by then stays.
    """
    started = time.monotonic()
    directory = DataDirectory.locate(data_dir)
    path = directory.existing_database()
    report = ImportReport()
    found = check_export(directory.path, timeout=timeout)
    report.revision = found.revision
    if found.status != "fresh" and not (dry_run and not found.edited):
        with ExitStack() as until_exported:
            until_exported.enter_context(directory.lock(timeout))
            until_exported.enter_context(translated_errors(path, timeout))
            conn = until_exported.enter_context(closing(open_writer(path, timeout)))
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    _Import(conn, directory, report, force, skip_bad, own or ()).run(dry_run, until_exported)
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

    def run(self, dry_run: bool, until_exported: ExitStack) -> None:
        """Take the edits in, and from the commit on keep a Ctrl-C waiting until they are exported."""
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
                    until_exported.enter_context(finishing())
        except _DryRunDone:
            pass

    def _refuse_bad(self, files: Mapping[str, LegacyFile]) -> None:
        problems = [problem for file in files.values() for problem in file.problems]
        whole_file = any(not problem.place for problem in problems)
        if problems and (whole_file or not self.skip_bad):
            raise BadInput([str(problem) for problem in problems], skippable=not whole_file)

    def _take_in(self, files: Mapping[str, LegacyFile]) -> None:
        report = self.report
        report.status = "imported" if files else report.status
        report.files += [name for name in files if name not in report.files]
        for name, file in files.items():
            report.warnings += file.notes
            report.rejected += set_aside(self.conn, file.problems)
            remember(self.conn, name, file.state)
        self.conn.execute("UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured")
        edits = Edits(self.conn, self.directory, report, compare(self.conn, self.directory).revision, self.force)
        if MERGES_FILE in files:  # first, so that whoever was merged has no interactions any more
            take_merges(edits, files[MERGES_FILE])
        if PEOPLE_FILE in files:
            EditedPeople(edits, files[PEOPLE_FILE]).take()
        if RELATIONSHIPS_FILE in files:
            take_relationships(edits, files[RELATIONSHIPS_FILE])
        edits.write_conflicts()

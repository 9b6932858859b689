"""Writing the JSON files for legacy readers: whole, in order, and never over somebody else's change."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
from collections.abc import MutableSequence, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .database import DEFAULT_TIMEOUT, Transaction, open_reader, open_writer, translated_errors
from .directory import EXPORT_FILES, DataDirectory, copy_private, utc_now
from .errors import ExportConflict
from .export_form import RENDERERS, no_note
from .exported_records import RecordNotes, write_changes
from .interrupts import finishing
from .legacy_files import ABSENT, FileState
from .record_forms import KIND_OF_FILE
from .schema_objects import require_current
from .swapping import put_in_place


@dataclass(frozen=True)
class ExportReport:
    """What an export found or did.

    ``status`` is ``fresh`` (nothing to do), ``written``, or from a check ``stale`` or ``edited``. ``files`` are the
    names of the files written, or stale; ``edited`` those that another program changed; ``kept`` the copies made.
    """

    status: Literal["fresh", "written", "stale", "edited"]
    revision: int
    files: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Prepared:
    """A file that is written, synced and ready to be renamed into place."""

    target: Path
    temporary: Path
    state: FileState
    notes: RecordNotes


def export(
    data_dir: str | os.PathLike[str] | None = None, *, force: bool = False, timeout: float = DEFAULT_TIMEOUT
) -> ExportReport:
    """Write the JSON files if the database is ahead of them; return at once if not.

    Raises ExportConflict if another program changed a file since the last export, unless ``force``, which first keeps
    a copy of it in backups/. Raises what opening raises, BadValue and BadSetting.
    """
    directory = DataDirectory.locate(data_dir)
    path = directory.existing_database()
    if (report := check_export(directory.path, timeout=timeout)).status == "fresh" and not force:
        return report
    with directory.lock(timeout), translated_errors(path, timeout), closing(open_writer(path, timeout)) as conn:
        return export_locked(conn, directory, force=force)


def check_export(data_dir: str | os.PathLike[str] | None = None, *, timeout: float = DEFAULT_TIMEOUT) -> ExportReport:
    """Whether the JSON files show what the database holds: ``fresh``, ``stale`` or ``edited``. Changes nothing.

    Raises what opening raises.
    """
    directory = DataDirectory.locate(data_dir)
    path = directory.existing_database()
    with translated_errors(path, timeout), closing(open_reader(path, timeout)) as conn:
        require_current(conn, path)
        names = ("people", "relationships", "person_merges")
        there = {row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE name IN (?, ?, ?)", names)}
        for name in names:  # asking the view itself would take longer than all the rest
            if name not in there:
                conn.execute(f"SELECT 1 FROM {name}")  # raises
        return compare(conn, directory)


def compare(conn: sqlite3.Connection, directory: DataDirectory) -> ExportReport:
    """Hold the files against what the database remembers of them.

    Costs one stat a file; a file is read only if its size or time is not the remembered one. A file that is gone is
    stale, not edited: it holds nothing that could be lost.
    """
    row = conn.execute("SELECT revision FROM export_state WHERE id = 1").fetchone()
    # Without its row the database cannot know: then every file is stale, and capture() makes the row anew.
    revision = row[0] if row and isinstance(row[0], int) else sys.maxsize
    rows = conn.execute("SELECT file, revision, sha256, pending_sha256, size, mtime_ns FROM exports")
    remembered = {row[0]: row[1:] for row in rows}
    stale, edited = [], []
    for name in EXPORT_FILES:
        shown, sha256, pending, size, mtime_ns = remembered.get(name, (-1, None, None, None, None))
        path = directory.path / name
        try:
            stat = path.stat()
            touched = (stat.st_size, stat.st_mtime_ns) != (size, mtime_ns)
            if touched and _sha256(path) not in (sha256, pending):
                edited.append(name)
        except FileNotFoundError:
            shown = -1
        if shown < revision:
            stale.append(name)
    status: Literal["fresh", "stale", "edited"] = "edited" if edited else "stale" if stale else "fresh"
    return ExportReport(status, revision, tuple(stale), tuple(edited))


def export_locked(
    conn: sqlite3.Connection,
    directory: DataDirectory,
    *,
    force: bool = False,
    own: MutableSequence[str] | None = None,
) -> ExportReport:
    """The export itself, for a caller that holds the directory's lock and no transaction on ``conn``.

    ``own`` gets the hash of each file before it is put into place, for a caller that must know it in any case.

    The write lock is held only for moments: to capture the revision, to announce the new files, and to note them as
    written. The data is read in a read transaction, so that syncs are not kept waiting while a large file is written.
    """
    path = directory.database
    require_current(conn, path)
    found = compare(conn, directory)
    if found.status == "fresh" and not force:
        return found
    if found.edited and not force:
        raise ExportConflict([directory.path / name for name in found.edited])
    edited = _edited(conn, directory) if force else []  # else publish looks, at the last moment
    kept = _keep_copies(directory, edited)
    with Transaction(conn):
        for copy in kept:
            remember(conn, copy.name, FileState(_sha256(copy), None, None))
        captured = capture(conn)
    conn.execute("BEGIN")
    try:
        prepared = prepare(conn, directory)
    finally:
        conn.execute("COMMIT")
    try:
        with Transaction(conn):
            announce(conn, prepared, captured)
    except BaseException:
        discard(prepared)
        raise
    if own is not None:
        own.extend(file.state.sha256 for file in prepared if file.state.sha256 and file.state.sha256 not in own)
    with finishing():  # else some of the files could be new and the others old
        written = publish(conn, prepared, captured)
    return ExportReport("written", captured, written, tuple(edited), tuple(map(str, kept)))


def _edited(conn: sqlite3.Connection, directory: DataDirectory) -> list[str]:
    """The files whose bytes are neither those remembered nor those announced, looked at one by one."""
    known = _known(conn)
    found = {name: _sha256(directory.path / name) for name in EXPORT_FILES}
    return [name for name, sha256 in found.items() if sha256 is not None and sha256 not in known.get(name, ())]


def _known(conn: sqlite3.Connection) -> dict[str, tuple[str | None, str | None]]:
    """For each file the hashes that are ours: of what was last read or written, and of what was announced."""
    return {row[0]: (row[1], row[2]) for row in conn.execute("SELECT file, sha256, pending_sha256 FROM exports")}


def capture(conn: sqlite3.Connection) -> int:
    """Mark the present revision as read by an exporter, in the caller's transaction; the next change starts another.

    Moves as_of first: what is exported depends on what counts as future.
    """
    set_as_of(conn)
    conn.execute("DELETE FROM export_state WHERE typeof(revision) <> 'integer' OR typeof(captured) <> 'integer'")
    conn.execute(
        "INSERT INTO export_state (id, revision, captured) "
        "SELECT 1, (SELECT coalesce(max(revision), 0) + 1 FROM exports), 0 "
        "WHERE NOT EXISTS (SELECT 1 FROM export_state)"
    )
    conn.execute("UPDATE export_state SET captured = revision WHERE id = 1")
    return int(conn.execute("SELECT captured FROM export_state WHERE id = 1").fetchone()[0])


def prepare(conn: sqlite3.Connection, directory: DataDirectory) -> list[_Prepared]:
    """Write what the caller's transaction sees to a temporary file beside each target, and sync it.

    Files keep their mode; a new one is 0600. Removes what it wrote if it fails.
    """
    prepared: list[_Prepared] = []
    try:
        for name in EXPORT_FILES:
            target = directory.path / name
            temporary = directory.path / f".{name}.lifeos-tmp"
            temporary.unlink(missing_ok=True)  # left by a process that was killed; the lock says it is not in use
            try:
                mode = target.stat().st_mode & 0o777
            except FileNotFoundError:
                mode = 0o600
            notes = RecordNotes(conn, KIND_OF_FILE[name])
            prepared.append(_Prepared(target, temporary, ABSENT, notes))
            digest = hashlib.sha256()
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
            with os.fdopen(handle, "wb") as file:
                for piece in RENDERERS[name](conn, notes):
                    digest.update(piece)
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
                os.fchmod(file.fileno(), mode)
                stat = os.fstat(file.fileno())
            state = FileState(digest.hexdigest(), stat.st_size, stat.st_mtime_ns)
            prepared[-1] = _Prepared(target, temporary, state, notes)
    except BaseException:
        discard(prepared)
        raise
    return prepared


def differing_files(conn: sqlite3.Connection, directory: DataDirectory) -> list[str]:
    """The names of the files whose bytes are not what an export of the database would write now."""
    differing = []
    for name in EXPORT_FILES:
        digest = hashlib.sha256()
        for piece in RENDERERS[name](conn, no_note):
            digest.update(piece)
        if _sha256(directory.path / name) != digest.hexdigest():
            differing.append(name)
    return differing


def discard(prepared: Sequence[_Prepared]) -> None:
    """Remove temporary files that will not be published."""
    for file in prepared:
        file.temporary.unlink(missing_ok=True)


def remember(conn: sqlite3.Connection, name: str, state: FileState) -> None:
    """Remember, in the caller's transaction, a file as it was read: it shows no revision, and may be replaced."""
    conn.execute(
        "INSERT INTO exports (file, revision, sha256, size, mtime_ns) VALUES (?, -1, ?, ?, ?) "
        "ON CONFLICT (file) DO UPDATE SET revision = -1, sha256 = excluded.sha256, size = excluded.size, "
        "mtime_ns = excluded.mtime_ns",
        (name, state.sha256, state.size, state.mtime_ns),
    )


def announce(conn: sqlite3.Connection, prepared: Sequence[_Prepared], revision: int) -> None:
    """Remember, in the caller's transaction, which bytes are about to appear, so that a kill leaves no stranger.

    Remembers the changed records too: they are the base of the next import. ``revision`` is what the files will show.
    If an earlier export was stopped between renaming and remembering, the bytes that it announced are there: they
    become the known ones first, before the new announcement takes their place.
    """
    stopped = {row[0] for row in conn.execute("SELECT file FROM exports WHERE pending_sha256 IS NOT NULL")}
    conn.executemany(
        "UPDATE exports SET sha256 = pending_sha256 WHERE file = ? AND pending_sha256 = ?",
        [(file.target.name, _sha256(file.target)) for file in prepared if file.target.name in stopped],
    )
    conn.executemany(
        "INSERT INTO exports (file, revision, pending_sha256) VALUES (?, -1, ?) "
        "ON CONFLICT (file) DO UPDATE SET pending_sha256 = excluded.pending_sha256",
        [(file.target.name, file.state.sha256) for file in prepared],
    )
    for file in prepared:
        write_changes(conn, file.notes.kind, file.notes.changes, shown=revision, revision=revision)


def publish(conn: sqlite3.Connection, prepared: Sequence[_Prepared], revision: int) -> tuple[str, ...]:
    """Put announced files into place and remember that they show ``revision``; returns the names that changed.

    A file that already holds these bytes is left alone. Looks once more whether another program has written a file
    in the meantime, and then raises ExportConflict.
    """
    written = []
    states = []
    try:
        known = _known(conn)
        for file in prepared:
            found, stat = _look(file.target)
            state = file.state
            if stat is not None and found == state.sha256:
                state = FileState(found, stat.st_size, stat.st_mtime_ns)
            else:
                strange = found is not None and found not in known[file.target.name]
                if strange or not put_in_place(file.temporary, file.target, stat):
                    raise ExportConflict([file.target])
                written.append(file.target.name)
            states.append((revision, state.sha256, state.size, state.mtime_ns, utc_now(), file.target.name))
        sync_directory(prepared[0].target.parent)
    finally:
        discard(prepared)
    with Transaction(conn):
        conn.executemany(
            "UPDATE exports SET revision = ?, sha256 = ?, pending_sha256 = NULL, size = ?, mtime_ns = ?, "
            "exported_at = ? WHERE file = ?",
            states,
        )
    return tuple(written)


def set_as_of(conn: sqlite3.Connection) -> None:
    """Move the instant after which interactions count as future to now, in the caller's transaction."""
    conn.execute(
        "INSERT INTO settings (key, value) VALUES ('as_of', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (utc_now(),),
    )


def _sha256(path: Path) -> str | None:
    return _look(path)[0]


def _look(path: Path) -> tuple[str | None, os.stat_result | None]:
    """The hash of a file's bytes, and the file that they were read from; two None where there is none.

    A symbolic link is looked at as what it leads to, but stands for itself.
    """
    try:
        with path.open("rb") as file:
            stat = os.fstat(file.fileno())
            digest = hashlib.sha256()
            while piece := file.read(1 << 20):
                digest.update(piece)
            return digest.hexdigest(), path.lstat() if path.is_symlink() else stat
    except FileNotFoundError:
        return None, None


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _keep_copies(directory: DataDirectory, names: Sequence[str]) -> list[Path]:
    """Copy files that somebody else changed into backups/, private to their owner; returns the paths of the copies."""
    if not names:
        return []
    folder = directory.new_backup("before-export")
    directory.backups.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700)
    kept = []
    for name in names:
        copy = folder / name
        copy_private(directory.path / name, copy)
        kept.append(copy)
    return kept

"""Copies of a data directory's files before everything changes, and of the database whenever somebody asks."""

from __future__ import annotations

import os
import re
import shutil
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from .copying import copy_database, remove_database
from .database import DEFAULT_TIMEOUT, Progress, open_reader, translated_errors
from .directory import EXPORT_FILES, DataDirectory, copy_private, utc_stamp
from .errors import BackupRefused, BrokenDatabase
from .exporting import sync_directory
from .interrupts import finishing
from .swapping import put_in_place

_OWN_NAME = re.compile(r"(\d{8}T\d{6}Z)-interactions(?:-(\d+))?\.db")
_LOCK = ".lifeos-backup.lock"
_PARTIAL = ".interactions.db.lifeos-tmp"


@dataclass(frozen=True)
class BackupReport:
    """A backup of the database: where it lies, its bytes, and the older backups that were removed."""

    path: str
    size: int
    tables: int
    interactions: int
    removed: tuple[str, ...] = ()
    seconds: float = 0.0


def back_up_database(
    data_dir: str | os.PathLike[str] | None = None,
    target: str | os.PathLike[str] | None = None,
    *,
    keep: int | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    progress: Progress | None = None,
) -> BackupReport:
    """Copy interactions.db, of whatever version, while others write to it; checked, and private to its owner.

    ``target`` is the new file, or a directory for it; without it the file goes into backups/. Never takes the place of
    a file. ``keep`` removes all but the newest backups of this function in that directory, and nothing else.

    Raises ValueError for a ``keep`` below 1 or without a directory; BackupRefused; and what opening raises, but for
    NotMigrated, OlderSchema and NewerSchema. Nothing is left behind then.
    """
    started = time.monotonic()
    directory = DataDirectory.locate(data_dir)
    path = directory.existing_database()
    with translated_errors(path, timeout):
        wanted = Path(target) if target is not None else directory.backups
        named = None if target is None or wanted.is_dir() else wanted
        folder = wanted.parent if named else wanted
        if keep is not None and (named or keep < 1):
            raise ValueError("needs a directory of backups, and a number from 1")
        if named and os.path.lexists(named):
            raise BackupRefused(f"{named}: is there already; not overwritten", "Name a new file, or a directory.")
        if target is None:
            folder.mkdir(mode=0o700, exist_ok=True)
        elif not folder.is_dir():
            raise BackupRefused(f"{folder}: no such directory", "Make it first, or name another place.")
    with DataDirectory(folder).lock(timeout, _LOCK), translated_errors(folder, timeout):
        partial = folder / _PARTIAL
        remove_database(partial)  # left by a process that was killed; the lock says it is not in use
        try:
            with translated_errors(path, timeout):
                copy_database(path, partial, timeout, progress, check=True)
            with closing(open_reader(partial)) as conn:
                tables = conn.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()[0]
                there = conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'interactions'").fetchone()
                rows = conn.execute("SELECT count(*) FROM interactions").fetchone()[0] if there else 0
            size = partial.stat().st_size
            with finishing():
                written = _publish(partial, folder, named)
                removed = _prune(folder, written, keep) if keep is not None else ()
        except BaseException:
            remove_database(partial)
            raise
    return BackupReport(str(written), size, tables, rows, removed, round(time.monotonic() - started, 3))


def _publish(partial: Path, folder: Path, named: Path | None) -> Path:
    """Give the finished copy its name, which nothing has; returns it. Raises BackupRefused."""
    stem, number = f"{utc_stamp()}-interactions", 1
    written = named or folder / f"{stem}.db"
    while not put_in_place(partial, written, None):
        if named:
            raise BackupRefused(f"{named}: has come meanwhile; not overwritten", "Name a new file, or a directory.")
        number += 1
        written = folder / f"{stem}-{number}.db"
    sync_directory(folder)
    return written


def _prune(folder: Path, newest: Path, keep: int) -> tuple[str, ...]:
    """Remove the oldest of our files in ``folder`` until ``keep`` are left, ``newest`` among them."""
    ours: list[tuple[str, int, Path]] = []
    for path in folder.iterdir():
        match = _OWN_NAME.fullmatch(path.name)
        if match and path != newest and path.is_file() and not path.is_symlink():
            ours.append((match[1], int(match[2] or 1), path))
    old = [path for *_, path in sorted(ours)][: max(0, len(ours) - (keep - 1))]
    for path in old:
        path.unlink()
    return tuple(map(str, old))


def back_up(
    directory: DataDirectory,
    reason: str,
    timeout: float = DEFAULT_TIMEOUT,
    progress: Progress | None = None,
    *,
    check: bool = False,
) -> Path | None:
    """Copy the databases, by SQLite's own backup, and the JSON files into a new folder of backups/.

    ``check`` is for a copy that will be the only one: interactions.db is checked as ``copy_database`` does.

    Folders are 0700 and files 0600. The folder gets its name only when it is complete, so a killed backup is never
    taken for a whole one. Returns the folder, or None if there was nothing to copy. Removes what it wrote if it fails.
    """
    databases = [path for path in (directory.database, directory.crm) if path.exists() and path.stat().st_size]
    files = [directory.path / name for name in EXPORT_FILES if (directory.path / name).exists()]
    if not databases and not files:
        return None
    target = directory.new_backup(reason)
    partial = target.with_name(".partial-backup")
    made_root = not directory.backups.exists()
    try:
        directory.backups.mkdir(mode=0o700, exist_ok=True)
        shutil.rmtree(partial, ignore_errors=True)  # left by a process that was killed; the lock says it is not in use
        partial.mkdir(mode=0o700)
        for path in databases:
            try:
                with translated_errors(path, timeout):
                    copy_database(
                        path, partial / path.name, timeout, progress, check=check and path == directory.database
                    )
            except BrokenDatabase:  # a crm.db that nobody needs must not stop a migration; it is kept as it is
                if check and path == directory.database:
                    raise
                files.append(path)
        for path in files:
            copy_private(path, partial / path.name)
        partial.rename(target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        if made_root:
            shutil.rmtree(directory.backups, ignore_errors=True)
        raise
    return target

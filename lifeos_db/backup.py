"""Full copies of a data directory's files, taken before a migration changes anything."""

from __future__ import annotations

import shutil
from pathlib import Path

from .database import DEFAULT_TIMEOUT, Progress, copy_database, translated_errors
from .directory import EXPORT_FILES, DataDirectory
from .errors import BrokenDatabase


def back_up(
    directory: DataDirectory, reason: str, timeout: float = DEFAULT_TIMEOUT, progress: Progress | None = None
) -> Path | None:
    """Copy the databases, by SQLite's own backup, and the JSON files into a new folder of backups/.

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
                    copy_database(path, partial / path.name, timeout, progress)
            except BrokenDatabase:  # a crm.db that nobody needs must not stop a migration; it is kept as it is
                files.append(path)
        for path in files:
            shutil.copy2(path, partial / path.name)
            (partial / path.name).chmod(0o600)
        partial.rename(target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        if made_root:
            shutil.rmtree(directory.backups, ignore_errors=True)
        raise
    return target

"""The data directory: where each file lies, and the lock that keeps two of our own writers apart."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from .errors import DatabaseMissing, DataDirectoryMissing, Locked, StorageFailure

PEOPLE_FILE = "people_entities.json"
RELATIONSHIPS_FILE = "relationships.json"
MERGES_FILE = "merged_person_ids.json"
EXPORT_FILES = (PEOPLE_FILE, RELATIONSHIPS_FILE, MERGES_FILE)


@dataclass(frozen=True)
class DataDirectory:
    """A LifeOS data directory: interactions.db, crm.db and the JSON files (docs/legacy-formats.md), and backups/."""

    path: Path

    @classmethod
    def locate(cls, data_dir: str | os.PathLike[str] | None = None) -> DataDirectory:
        """The directory given, else ``$LIFEOS_DATA_DIR``, else ``./data``.

        Raises DataDirectoryMissing, StorageFailure.
        """
        path = Path(data_dir or os.environ.get("LIFEOS_DATA_DIR") or "data")
        try:
            if not path.is_dir():
                raise DataDirectoryMissing(path)
            (path / PEOPLE_FILE).exists()
        except PermissionError as error:  # this directory, or one above it, may not be entered
            raise StorageFailure(path, error.strerror or str(error)) from error
        return cls(path)

    @property
    def database(self) -> Path:
        return self.path / "interactions.db"

    @property
    def crm(self) -> Path:
        return self.path / "crm.db"

    @property
    def backups(self) -> Path:
        return self.path / "backups"

    def existing_database(self) -> Path:
        """The database's path. Raises DatabaseMissing."""
        if not self.database.exists():
            raise DatabaseMissing(self.database)
        return self.database

    def new_backup(self, reason: str) -> Path:
        """A path in backups/ that is not taken yet, named after the moment and the reason. Creates nothing."""
        stamp = utc_stamp()
        path = self.backups / f"{stamp}-{reason}"
        number = 1
        while path.exists():
            number += 1
            path = self.backups / f"{stamp}-{reason}-{number}"
        return path

    @contextmanager
    def lock(self, timeout: float, name: str = ".lifeos.lock") -> Iterator[None]:
        """Keep other lifeos writers out of this directory. Raises Locked after ``timeout`` seconds.

        ``name`` is that of the lock file: who watches the directory holds another one than who writes to it. The file
        is removed while it is held, which filelock allows: whoever waits for the old file sees that it is gone and
        starts over. So nothing is left behind, and a killed process leaves no stale lock.
        """
        import filelock

        path = self.path / name
        try:
            lock = filelock.FileLock(path, timeout=timeout)
            lock.acquire()
        except filelock.Timeout:
            raise Locked(self.path, timeout) from None
        except OSError as error:
            raise StorageFailure(path, error.strerror or str(error)) from error
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
            lock.release()


def copy_private(source: Path, target: Path) -> None:
    """Copy a file to a new one that only its owner may read, from its first moment on; its time is the original's.

    It is on disk when this returns, for the original may then be replaced. Raises OSError, also where ``target`` is.
    """
    with source.open("rb") as reading:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as writing:
            shutil.copyfileobj(reading, writing)
            writing.flush()
            os.fsync(writing.fileno())
        stat = os.fstat(reading.fileno())
    os.utime(target, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def utc_stamp() -> str:
    """This second in UTC as it stands in the names of backups, which sort by it."""
    return datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def utc_now() -> str:
    """This instant as ISO 8601 in UTC with milliseconds, the form of ``settings.as_of``."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

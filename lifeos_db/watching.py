"""Keeping the exports fresh while other programs write, and taking in what legacy programs write into the files."""

from __future__ import annotations

import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from .database import open_reader, translated_errors
from .directory import EXPORT_FILES, DataDirectory
from .errors import AlreadyWatched, LifeosError, Locked
from .exporting import compare
from .import_report import ImportReport
from .importing import import_edits
from .schema_objects import require_current

DEFAULT_DEBOUNCE = 0.3
"""Seconds of quiet after a commit before an export."""
DEFAULT_MAX_DELAY = 10.0
"""Seconds after which there is an export though the commits do not end."""
POLL = 0.2
"""Seconds between two looks at the database's data_version and at the files' times."""
SWEEP = 5.0
"""Seconds between two looks at what the triggers have noted: no change is overlooked for longer."""
PATIENCE = 2.0
"""Seconds that one attempt waits for a lock; short, so that a signal is answered soon."""
LONGEST_RETRY = 30.0
"""Seconds between two attempts when one fails again and again."""

WATCH_LOCK = ".lifeos-watch.lock"
_Stamps = tuple[tuple[int, int, int] | None, ...]


def watch(
    data_dir: str | os.PathLike[str] | None = None,
    *,
    debounce: float = DEFAULT_DEBOUNCE,
    max_delay: float = DEFAULT_MAX_DELAY,
    stop: Callable[[], bool],
    on_refresh: Callable[[ImportReport], None],
    on_trouble: Callable[[LifeosError], None],
) -> None:
    """Import and export whenever the database or a JSON file has changed, until ``stop`` says so; then once more.

    An export comes ``debounce`` seconds after the last commit of a burst, and at the latest ``max_delay`` seconds after
    the first. ``stop`` is asked five times a second. ``on_refresh`` is told what an import or export did. What fails is
    told to ``on_trouble``, once a trouble, and tried again.

    Raises AlreadyWatched; what opening raises, at the start; and what ``import_edits`` raises, at the end.
    """
    directory = DataDirectory.locate(data_dir)
    path = directory.existing_database()
    try:
        lock = directory.lock(0, WATCH_LOCK)
        lock.__enter__()
    except Locked:
        raise AlreadyWatched(directory.path) from None
    try:
        commits = _Commits(directory)
        try:
            with translated_errors(path):
                commits.sweep()
            _Watch(directory, commits, debounce, max_delay, on_refresh, on_trouble).run(stop)
        finally:
            commits.close()
    finally:
        lock.__exit__(None, None, None)


class _Commits:
    """Notices that some process has committed, and that another file has taken the database's place."""

    def __init__(self, directory: DataDirectory) -> None:
        self.directory = directory
        self.conn: sqlite3.Connection | None = None
        self.file: tuple[int, int] | None = None
        self.version: int | None = None

    def changed(self) -> bool:
        """Whether something was committed since the last look, or has come or gone so that nobody can tell."""
        opened = self.conn is not None
        try:
            if not opened or self.file != _identity(self.directory.database):
                self._open()
                return True
            assert self.conn is not None
            version = _data_version(self.conn)
        except (sqlite3.Error, OSError):
            self.close()
            return opened  # said once; the next look tries to open it again
        before, self.version = self.version, version
        return before != version

    def sweep(self) -> bool:
        """Whether the files are behind the database or were edited, by what the triggers and the files say.

        Over a new connection, because an old one sees nothing where the log beside a database was taken away. Raises
        NotMigrated, OlderSchema, NewerSchema, sqlite3.Error, OSError.
        """
        self._open()
        assert self.conn is not None
        require_current(self.conn, self.directory.database)
        return compare(self.conn, self.directory).status != "fresh"

    def _open(self) -> None:
        self.close()
        path = self.directory.database
        file = _identity(path)
        self.conn = open_reader(path, PATIENCE)
        self.version = _data_version(self.conn)
        # If another file came while this one was opened, the next look finds that out.
        self.file = file

    def export_hashes(self) -> list[str]:
        """The hashes of the files that the database knows as its exports, after a sweep."""
        assert self.conn is not None
        return [row[0] for row in self.conn.execute("SELECT sha256 FROM exports WHERE sha256 IS NOT NULL")]

    def close(self) -> None:
        if self.conn is not None:
            self.conn.close()
            self.conn = None


class _Watch:
    def __init__(
        self,
        directory: DataDirectory,
        commits: _Commits,
        debounce: float,
        max_delay: float,
        on_refresh: Callable[[ImportReport], None],
        on_trouble: Callable[[LifeosError], None],
    ) -> None:
        self.directory = directory
        self.commits = commits
        self.debounce = debounce
        self.max_delay = max_delay
        self.on_refresh = on_refresh
        self.on_trouble = on_trouble
        self.own: deque[str] = deque(commits.export_hashes(), maxlen=30)
        """The latest exports: a database that is restored under us has forgotten them."""
        self.trouble = ""
        self.retry_after = 0.0

    def run(self, stop: Callable[[], bool]) -> None:
        now = time.monotonic()
        stamps: _Stamps = ()
        first: float | None = now - self.max_delay  # whatever happened before the start is due at once
        last = now
        next_sweep = now + SWEEP
        while not stop():
            now = time.monotonic()
            changed = self.commits.changed()
            if (found := _stamps(self.directory)) != stamps:
                stamps, changed = found, True
            if now >= next_sweep:
                next_sweep = now + SWEEP
                changed = self._sweep() or changed
            if changed:
                last = now
                first = now if first is None else first
            if first is not None and (now - last >= self.debounce or now - first >= self.max_delay):
                first = None
                if not self._refresh():
                    first = last = time.monotonic() + self.retry_after - self.debounce
            time.sleep(POLL)
        self._report(import_edits(self.directory.path, own=self.own, timeout=5 * PATIENCE))

    def _sweep(self) -> bool:
        try:
            return self.commits.sweep()
        except (LifeosError, sqlite3.Error, OSError):
            return True  # the export that is tried then says what is wrong

    def _refresh(self) -> bool:
        """Import and export; returns whether it could be done."""
        try:
            report = import_edits(self.directory.path, own=self.own, timeout=PATIENCE)
        except LifeosError as error:
            self.retry_after = min(LONGEST_RETRY, self.retry_after * 2 or 1.0)
            if str(error) != self.trouble:
                self.trouble = str(error)
                self.on_trouble(error)
            return False
        self.trouble, self.retry_after = "", 0.0
        self._report(report)
        return True

    def _report(self, report: ImportReport) -> None:
        if report.exported or report.files:
            self.on_refresh(report)


def _data_version(conn: sqlite3.Connection) -> int:
    """A number that differs from the last one if another connection has committed."""
    return int(conn.execute("PRAGMA data_version").fetchone()[0])


def _identity(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_dev, stat.st_ino


def _stamps(directory: DataDirectory) -> _Stamps:
    """What tells that a JSON file was written: another file, another size or another time."""
    stamps: list[tuple[int, int, int] | None] = []
    for name in EXPORT_FILES:
        try:
            stat = os.stat(directory.path / name)
            stamps.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
        except OSError:
            stamps.append(None)
    return tuple(stamps)

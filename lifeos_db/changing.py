"""Changing a data directory: one lock, one transaction, then the export; for every command that changes people."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from .database import DEFAULT_TIMEOUT, Transaction, open_reader, open_writer, translated_errors
from .directory import DataDirectory
from .errors import ExportPending, LifeosError
from .exporting import export_locked
from .interrupts import finishing
from .schema_objects import require_current, require_whole


@contextmanager
def changing(
    data_dir: str | os.PathLike[str] | None, done: str, timeout: float = DEFAULT_TIMEOUT
) -> Iterator[sqlite3.Connection]:
    """One transaction on interactions.db, then an export if the data is ahead of the JSON files.

    ``done`` says in a word what was done, for the case that only the export fails (ExportPending). If the block raises,
    nothing has changed. Raises what opening raises, SchemaDamaged, UnexpectedTable and ExportPending: together what
    changing raises (``errors``).
    """
    directory = DataDirectory.locate(data_dir)
    path = directory.existing_database()
    with translated_errors(path, timeout):
        _look_first(directory, timeout)
        with ExitStack() as until_exported:
            until_exported.enter_context(directory.lock(timeout))
            conn = until_exported.enter_context(closing(open_writer(path, timeout)))
            conn.execute("PRAGMA cache_size = -65536")  # 64 MiB, if need be: a merge may touch every page of the table
            with Transaction(conn):
                require_current(conn, path)
                require_whole(conn, path)
                yield conn
                until_exported.enter_context(finishing())
            try:
                with translated_errors(directory.path, timeout):
                    export_locked(conn, directory)
            except LifeosError as error:
                raise ExportPending(error, done=done) from error


def _look_first(directory: DataDirectory, timeout: float) -> None:
    """Refuse a database of another version before a lock file or a log is made."""
    with closing(open_reader(directory.database, timeout)) as conn:
        require_current(conn, directory.database)


@contextmanager
def looking(data_dir: str | os.PathLike[str] | None, timeout: float = DEFAULT_TIMEOUT) -> Iterator[sqlite3.Connection]:
    """One state of interactions.db, to read. Raises what opening raises."""
    directory = DataDirectory.locate(data_dir)
    path = directory.existing_database()
    with translated_errors(path, timeout), closing(open_reader(path, timeout)) as conn:
        require_current(conn, path)
        conn.execute("BEGIN")
        yield conn

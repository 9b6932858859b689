"""A connection for Python programs that exports by itself."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from .database import DEFAULT_TIMEOUT, open_writer, translated_errors
from .directory import DataDirectory
from .exporting import check_export, export
from .schema_objects import require_current


@contextmanager
def session(
    data_dir: str | os.PathLike[str] | None = None, *, timeout: float = DEFAULT_TIMEOUT
) -> Iterator[sqlite3.Connection]:
    """Open interactions.db; commit at the end of the block, then export if the data is ahead of the JSON files.

    The connection is an ordinary sqlite3.Connection in Python's default transaction mode. If the block raises, the
    transaction is rolled back, nothing is exported, and the exception goes on as it is. Raises what
    opening raises; after the commit, which stays, what ``export`` raises, such as ExportConflict where another program
    changed a JSON file.
    """
    directory = DataDirectory.locate(data_dir)
    path = directory.existing_database()
    with translated_errors(path, timeout):
        conn = open_writer(path, timeout)
    with closing(conn):
        with translated_errors(path, timeout):
            require_current(conn, path)
        conn.isolation_level = "DEFERRED"
        try:
            yield conn
        except BaseException:
            conn.rollback()
            raise
        with translated_errors(path, timeout):
            conn.commit()
    # Over a connection of its own: the caller may have set row and text factories on the other.
    if check_export(directory.path, timeout=timeout).files:
        export(directory.path, timeout=timeout)

"""Datasette's way to interactions.db: it cannot write, leaves no file behind, and sees no texts unless asked."""

from __future__ import annotations

import gc
import sqlite3
from pathlib import Path
from threading import Lock
from typing import Any

from datasette.app import Datasette
from datasette.database import Database

from lifeos_db.database import open_reader
from lifeos_db.schema_objects import expected

TEXTS = {
    "interactions": {"title", "snippet"},
    "orphan_interactions": {"title", "snippet"},
    "interaction_evidence": {"key"},
    "relationship_evidence": {"key"},
    "evidence_members": {"key"},
    "evidence_groups": {"title"},
    "evidence_changes": {"key", "title"},
}
"""What people wrote to each other, and subject lines: table or view, and columns."""


class ReadOnlyDatabase(Database):
    """A Datasette database whose connections come from ``open_reader``.

    Without ``titles`` the columns in TEXTS read as NULL in every query. The views of the schema still see them, because
    they compute relationships from them; those that would pass them on are in TEXTS themselves.
    """

    def __init__(self, site: Datasette, path: Path, *, titles: bool) -> None:
        super().__init__(site, path=str(path), is_mutable=True)
        self.titles = titles
        self._opening = Lock()
        self._views = {view.name for view in expected("view")} - {"orphan_interactions"}

    def connect(self, write: bool = False) -> sqlite3.Connection:
        """Raises sqlite3.OperationalError for ``write``: nothing here may write, a canned query neither."""
        if write:
            raise sqlite3.OperationalError("this database is opened read-only")
        with self._opening:
            conn = open_reader(Path(self.path), any_thread=True)
            self._all_file_connections.append(conn)
        if not self.titles:
            conn.set_authorizer(self._authorize)
        return conn

    async def execute(self, sql: str, params: Any = None, **options: Any) -> Any:
        """As Datasette's own; what is wrong with a statement is said on the page and not on the terminal, too."""
        return await super().execute(sql, params, **{**options, "log_sql_errors": False})

    def close(self) -> None:
        """The connections that were opened first are closed last: they take the -wal and -shm that they made along."""
        for conn in self._all_file_connections:
            conn.interrupt()
        self.ds.executor.shutdown()
        gc.collect()  # what failed lives on in its exception's frames, and a statement there keeps its connection open
        for conn in reversed(self._all_file_connections):
            conn.close()

    def _authorize(self, action: int, one: str | None, two: str | None, _schema: str | None, view: str | None) -> Any:
        if action == sqlite3.SQLITE_READ and two in TEXTS.get(one or "", ()) and view not in self._views:
            return sqlite3.SQLITE_IGNORE
        return sqlite3.SQLITE_OK

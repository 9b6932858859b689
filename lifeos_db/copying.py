"""Copying a database that others may be writing, and looking whether the copy is whole."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from .database import DEFAULT_TIMEOUT, Progress, beside, open_reader, open_writer, uri
from .errors import BrokenDatabase


def copy_database(
    source: Path,
    target: Path,
    timeout: float = DEFAULT_TIMEOUT,
    progress: Progress | None = None,
    *,
    check: bool = False,
) -> None:
    """A consistent copy of a database that others may be writing, by SQLite's own backup; mode 0600.

    ``target`` must not exist. Removes what it wrote if it fails. With ``check`` SQLite looks at every page and index
    entry of the copy, and each table must have as many rows as in the state that was copied: else BrokenDatabase.
    """

    def report(_status: int, remaining: int, total: int) -> None:
        if progress:
            progress("backup", total - remaining, total)

    try:
        if _left_by_a_crash(source):
            # Opening it here would replay the log, which changes files: so the copy is opened instead.
            for suffix in ("", "-wal", "-journal"):
                if beside(source, suffix).exists():
                    beside(target, suffix).touch(mode=0o600)
                    shutil.copyfile(beside(source, suffix), beside(target, suffix))
            sqlite3.connect(target).execute("PRAGMA wal_checkpoint(TRUNCATE)").connection.close()
            if check:
                with closing(open_writer(target)) as copy:
                    _check_copy(source, copy, _row_counts(copy))
            return
        with closing(open_reader(source, timeout)) as reader, closing(open_writer(target)) as writer:
            # One state from the first page to the last: without it every commit meanwhile would restart the copy.
            reader.execute("BEGIN")
            counts = _row_counts(reader) if check else {}
            reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
            reader.backup(writer, pages=4096 if progress else -1, progress=report, sleep=0)
            reader.execute("COMMIT")  # where there is no WAL, writers have waited for it
            if check:
                if progress:
                    progress("check", 0, 0)
                _check_copy(source, writer, counts)
    except BaseException:
        remove_database(target)
        raise


def _row_counts(conn: sqlite3.Connection) -> dict[str, int]:
    """How many rows each table has; virtual tables, whose modules may not be here, left out."""
    names = conn.execute(
        "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "AND sql NOT LIKE 'CREATE VIRTUAL%'"
    ).fetchall()
    quoted = [(name, name.replace('"', '""')) for (name,) in names]
    return {name: conn.execute(f'SELECT count(*) FROM main."{safe}"').fetchone()[0] for name, safe in quoted}


def _check_copy(source: Path, copy: sqlite3.Connection, counts: dict[str, int]) -> None:
    found = copy.execute("PRAGMA main.integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise BrokenDatabase(source, " ".join(str(found).split()))
    if (copied := _row_counts(copy)) != counts:
        names = sorted(name for name in counts if copied.get(name) != counts[name])
        raise BrokenDatabase(source, f"the copy has another number of rows in {', '.join(names)}")


def remove_database(path: Path) -> None:
    """Remove a database of ours and what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        beside(path, suffix).unlink(missing_ok=True)


def _left_by_a_crash(path: Path) -> bool:
    """Whether a log lies beside a database that nobody has open, so that the next one to open it would replay it."""
    if beside(path, "-wal").exists():
        return not beside(path, "-shm").exists()
    if not beside(path, "-journal").exists():
        return False
    conn = sqlite3.connect(uri(path, "mode=ro"), uri=True)
    try:
        conn.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return False
    except sqlite3.OperationalError:  # a hot journal, which a read-only connection must not roll back
        return True
    finally:
        conn.close()

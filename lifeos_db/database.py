"""Opening SQLite files, for reading without leaving a trace and for writing, and transactions that wait."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .errors import BrokenDatabase, DatabaseError, LifeosError, Locked, SQLiteTooOld, StorageFailure

OLDEST_SQLITE = (3, 37, 0)
SQLITE_WITHOUT_FAULT = "3.51.3"
DEFAULT_TIMEOUT = 30.0
"""Seconds to wait for another program's write lock."""
LONGEST_TIMEOUT = 2_000_000.0
"""Seconds; SQLite counts milliseconds in 31 bits, and takes more for none."""
_STEP = 250
"""Milliseconds to wait for a lock before a signal is heard."""

Progress = Callable[[str, int, int], None]
"""Called with the name of the phase, the steps done and the steps in all (0 where unknown)."""


def require_sqlite() -> None:
    """Raises SQLiteTooOld where the linked SQLite is older than the schema needs."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise SQLiteTooOld(sqlite3.sqlite_version, ".".join(map(str, OLDEST_SQLITE[:2])))


def sqlite_fault() -> str | None:
    """The known fault of the linked SQLite that concerns this product, in a sentence, or None.

    Source: the release notes of SQLite 3.51.3 (WAL reset bug), fixed there for 3.7.0 and later.
    """
    if sqlite3.sqlite_version_info < tuple(map(int, SQLITE_WITHOUT_FAULT.split("."))):
        return (
            f"SQLite {sqlite3.sqlite_version} can, rarely, damage a WAL database when a writer and a checkpoint meet; "
            f"{SQLITE_WITHOUT_FAULT} and newer cannot. Keep backups, and upgrade when you can."
        )
    return None


@contextmanager
def translated_errors(path: Path, timeout: float = DEFAULT_TIMEOUT) -> Iterator[None]:
    """Turn what sqlite3 and the operating system raise about ``path`` into errors with a way out."""
    try:
        yield
    except LifeosError:
        raise
    except sqlite3.Error as error:
        text = str(error)
        name = getattr(error, "sqlite_errorname", "")  # Python 3.11 and newer
        if "locked" in text or name.startswith("SQLITE_BUSY"):
            raise Locked(path, timeout) from error
        if "not a database" in text or "malformed" in text or "file is encrypted" in text:
            raise BrokenDatabase(path, text) from error
        if any(word in text for word in ("full", "readonly", "unable to open", "I/O error", "disk")):
            raise StorageFailure(path, text) from error
        raise DatabaseError(path, text) from error
    except OSError as error:
        place = Path(os.fsdecode(error.filename)) if error.filename else path
        raise StorageFailure(place, error.strerror or str(error)) from error


def open_writer(path: Path, timeout: float = DEFAULT_TIMEOUT, *, any_thread: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode, so that every transaction is begun by name; creates the file if need be.

    A new file is private to its owner (mode 0600). ``any_thread`` is for a caller that lets in one thread at a time.
    """
    require_sqlite()
    if not path.exists() and not path.is_symlink():
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    patience = min(LONGEST_TIMEOUT, timeout)
    conn = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=not any_thread)
    try:
        _read_schema(conn)
    except BaseException:
        conn.close()
        raise
    return conn


def _read_schema(conn: sqlite3.Connection) -> None:
    """The first read of a database. Raises sqlite3.Error, also where sqlite3 itself fails.

    SQLite quotes a damaged schema in its message, and sqlite3 then raises UnicodeDecodeError where that is no text.
    """
    try:
        wait_for(conn, "SELECT count(*) FROM sqlite_master")
    except UnicodeDecodeError:
        raise sqlite3.DatabaseError("malformed database schema") from None


def wait_for(conn: sqlite3.Connection, statement: str) -> None:
    """Run a statement that may have to wait for another program's lock, for as long as the connection's busy timeout.

    It waits in short steps: SQLite hears nothing while it waits, and Ctrl-C must not take half a minute.
    """
    timeout = conn.execute("PRAGMA busy_timeout").fetchone()[0]
    deadline = time.monotonic() + timeout / 1000
    try:
        while True:
            left = max(0, int((deadline - time.monotonic()) * 1000))
            conn.execute(f"PRAGMA busy_timeout = {min(left, _STEP)}")
            try:
                conn.execute(statement).fetchall()
                return
            except sqlite3.OperationalError as error:
                if left <= _STEP or "locked" not in str(error):
                    raise
    finally:
        conn.execute(f"PRAGMA busy_timeout = {timeout}")


def uri(path: Path, options: str) -> str:
    """A file URI for sqlite3.connect, such as ``file:/data/interactions.db?mode=ro``."""
    return f"file:{quote(str(path.absolute()))}?{options}"


def beside(path: Path, suffix: str) -> Path:
    """A file that SQLite keeps beside a database: ``-wal``, ``-shm`` or ``-journal``."""
    return path.with_name(path.name + suffix)


def rows_of(cursor: sqlite3.Cursor) -> Iterator[Any]:
    """The rows of a cursor, for a generator to delegate to.

    One that delegates to the cursor itself closes it when it is closed, which fails where an interrupt or error has
    closed the connection by then.
    """
    return (row for row in cursor)


def open_reader(path: Path, timeout: float = DEFAULT_TIMEOUT, *, any_thread: bool = False) -> sqlite3.Connection:
    """A connection that cannot change the database and leaves no file beside it. ``any_thread`` as in open_writer.

    In WAL mode even a read-only connection needs -wal and -shm. Where both lie there, mode=ro uses them as they are.
    Where they do not, mode=ro would create and leave them; an ordinary connection removes them when it closes, so that
    is used, and query_only forbids it to write. Where neither can be opened, the directory is read-only, and
    immutable=1 reads the file alone. That is the whole state only if no log lies beside it.
    """
    require_sqlite()
    in_use = beside(path, "-wal").exists() and beside(path, "-shm").exists()
    modes = ["mode=ro"] if in_use else ["mode=rw"]
    modes += ["mode=ro"]
    if not any(_has_content(beside(path, suffix)) for suffix in ("-wal", "-journal")):
        modes += ["mode=ro&immutable=1"]
    failure: sqlite3.Error | None = None
    for mode in modes:
        conn = sqlite3.connect(
            uri(path, mode),
            uri=True,
            timeout=min(LONGEST_TIMEOUT, timeout),
            isolation_level=None,
            check_same_thread=not any_thread,
        )
        try:
            _read_schema(conn)
            conn.execute("PRAGMA query_only = 1")
            return conn
        except sqlite3.OperationalError as error:
            conn.close()
            failure = error
            if "unable to open" not in str(error) and "readonly" not in str(error):
                break
        except sqlite3.Error:
            conn.close()
            raise
    assert failure is not None
    raise failure


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


def any_text(data: bytes) -> str:
    """A text_factory: text as a client wrote it; bytes that are no UTF-8 become lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def is_utf8(text: str) -> bool:
    """Whether SQLite can be asked for it: not, where bytes that are no UTF-8 have become lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def plain(value: Any) -> str:
    """A value of a text column as text, whatever a program put there."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


class Transaction:
    """``with Transaction(conn):`` is BEGIN IMMEDIATE, then COMMIT, or ROLLBACK if the block raises."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self.conn = conn

    def __enter__(self) -> None:
        wait_for(self.conn, "BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.conn.execute("COMMIT")
        finally:
            if self.conn.in_transaction:  # also after a COMMIT that failed, for example on a full disk
                self.conn.execute("ROLLBACK")

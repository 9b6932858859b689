"""What a legacy interactions.db must be to be migrated, and what is refused before anything is changed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from .errors import DamagedDatabase, UnexpectedTable
from .schema_objects import INTERACTIONS_COLUMNS, expected

APPENDED_COLUMNS = {"source_account": "TEXT", "attendee_count": "INTEGER"}


def refuse_damage(conn: sqlite3.Connection, path: Path) -> None:
    """Raises DamagedDatabase where SQLite finds a page or an index entry wrong.

    Counts and merges would be settled by what a damaged index says, and the damage would be taken along.
    """
    try:
        found = conn.execute("PRAGMA main.integrity_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if "no such" not in str(error):
            raise
        # A table of the owner's needs a collation that only its own program has; then the one that is ours is checked.
        found = conn.execute("PRAGMA main.integrity_check('interactions')").fetchone()[0]
    if found != "ok":
        raise DamagedDatabase(path, " ".join(str(found).split()))


def refuse_unexpected_tables(conn: sqlite3.Connection) -> None:
    """A legacy database has an interactions table in a form we know, or none, and no table of ours."""
    columns = {row[1].lower() for row in conn.execute("PRAGMA main.table_info('interactions')")}
    if columns:
        kind = "SELECT type FROM sqlite_master WHERE name = 'interactions' COLLATE NOCASE"
        try:
            conn.execute("SELECT rowid FROM main.interactions LIMIT 1")
            ordinary = conn.execute(kind).fetchone() == ("table",)
        except sqlite3.OperationalError:
            ordinary = False
        if not ordinary:
            raise UnexpectedTable(
                "interactions.db: interactions has no rowid (it is a view, or WITHOUT ROWID)",
                "Copy its rows into an ordinary table of that name first. Nothing was changed.",
            )
    missing = [name for name in INTERACTIONS_COLUMNS if name not in columns and name not in APPENDED_COLUMNS]
    if columns and missing:
        raise UnexpectedTable(
            f"interactions.db: table interactions lacks the columns {', '.join(missing)}",
            "Is this the right data directory? Nothing was changed.",
        )
    ours = [item.name for item in expected("table") if item.name != "interactions"] + ["relationships"]
    marks = ", ".join("?" * len(ours))
    taken = conn.execute(f"SELECT name FROM sqlite_master WHERE lower(name) IN ({marks})", ours).fetchall()
    if taken:
        raise UnexpectedTable(
            f"interactions.db: there already is a table {taken[0][0]} that this program did not make",
            "Rename or move that table first. Nothing was changed.",
        )

"""What the owner chose and the legacy files have no place for: found again in the backup that an eject made."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from .database import open_reader
from .directory import DataDirectory

EJECTED = "before-eject"
"""The reason in the name of the backup that an eject makes."""
_SETTINGS = ("owner_id", "max_context_people")


def take_choices_back(conn: sqlite3.Connection, directory: DataDirectory) -> Path | None:
    """Bring the owner, the limit of people and the source types of the latest eject back, in the caller's transaction.

    For a database that is being migrated, before its triggers are there. An owner who is no person any more is left
    out. Returns the backup that was read; None where there is none, or none that can be read.
    """
    folders = sorted(path for path in directory.backups.glob(f"*-{EJECTED}*") if DataDirectory(path).database.is_file())
    if not folders:
        return None
    try:
        with closing(open_reader(DataDirectory(folders[-1]).database)) as backup:
            marks = ", ".join("?" * len(_SETTINGS))
            chosen = backup.execute(f"SELECT key, value FROM settings WHERE key IN ({marks})", _SETTINGS).fetchall()
            source_types = backup.execute("SELECT source_type, counter FROM source_types").fetchall()
    except sqlite3.Error:  # a backup that somebody has changed must not stop a migration that does not need it
        return None
    for key, value in chosen:
        known = "SELECT 1 WHERE ?1 IN (SELECT id FROM people UNION SELECT merged_id FROM person_merges)"
        if key != "owner_id" or conn.execute(known, (value,)).fetchone():
            conn.execute("INSERT INTO settings (key, value) VALUES (?, ?)", (key, value))
    conn.execute("DELETE FROM source_types")
    conn.executemany("INSERT INTO source_types (source_type, counter) VALUES (?, ?)", source_types)
    return folders[-1]

"""What the owner chose and the legacy files have no place for: found again in the backup that an eject made."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from .database import open_reader
from .directory import DataDirectory
from .export_form import active_sources, all_sources

EJECTED = "before-eject"
"""The reason in the name of the backup that an eject makes."""
_SETTINGS = ("owner_id", "max_context_people")


def take_choices_back(conn: sqlite3.Connection, directory: DataDirectory) -> Path | None:
    """Bring back what the latest eject had, in the caller's transaction: owner, limit of people, source types, and
    which of each person's ``sources`` were declared.

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
            declared = dict(backup.execute("SELECT id, sources FROM people").fetchall())
    except sqlite3.Error:  # a backup that somebody has changed must not stop a migration that does not need it
        return None
    for key, value in chosen:
        known = "SELECT 1 WHERE ?1 IN (SELECT id FROM people UNION SELECT merged_id FROM person_merges)"
        if key != "owner_id" or conn.execute(known, (value,)).fetchone():
            conn.execute("INSERT INTO settings (key, value) VALUES (?, ?)", (key, value))
    conn.execute("DELETE FROM source_types")
    conn.executemany("INSERT INTO source_types (source_type, counter) VALUES (?, ?)", source_types)
    _tell_declared_from_derived(conn, declared)
    return folders[-1]


def _tell_declared_from_derived(conn: sqlite3.Connection, declared: dict[str, str | None]) -> None:
    """The file has both in one list. Where it is as an export writes it, it becomes what was declared again."""
    derived = active_sources(conn)
    taken_back = []
    for person_id, imported in conn.execute("SELECT id, sources FROM people").fetchall():
        before = declared.get(person_id, imported)
        try:
            mine, both = json.loads(before or "[]"), json.loads(imported or "[]")
            exported = all_sources(mine, derived.get(person_id, []))
        except (ValueError, TypeError):  # written by somebody else; it stays as it was imported
            continue
        if before != imported and exported == both:
            taken_back.append((before, person_id))
    conn.executemany("UPDATE people SET sources = ? WHERE id = ?", taken_back)

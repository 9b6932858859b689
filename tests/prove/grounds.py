"""Small data directories to try things on, and what must be true of one after anything has happened to it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import lifeos_db
from lifeos_db.demo import write_legacy_directory
from lifeos_db.directory import EXPORT_FILES, PEOPLE_FILE, RELATIONSHIPS_FILE
from tests.circle import opened, whole

MAY_STAY = {f"interactions.db{suffix}" for suffix in ("-wal", "-shm", "-journal")}
MAY_STAY |= {".lifeos.lock", ".lifeos-watch.lock", ".lifeos-backup.lock"}
"""What a killed process may leave, under names of which there is one each, until the next writer removes it."""


class Grounds:
    """Templates in ``scratch``: a legacy directory and a migrated one, of a few people; and copies of them."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.number = 0
        self.legacy = scratch / "legacy"
        write_legacy_directory(self.legacy, people=16, interactions=120)
        records = json.loads((self.legacy / PEOPLE_FILE).read_text())
        self.people: list[str] = [record["id"] for record in records]
        pairs = [sorted(self.people[number : number + 2]) for number in range(0, 12, 2)]
        (self.legacy / RELATIONSHIPS_FILE).write_text(
            json.dumps(
                [
                    {"id": f"r{number}", "person_a_id": one, "person_b_id": other, "relationship_type": "friend"}
                    for number, (one, other) in enumerate(pairs)
                ]
            )
        )
        self.migrated = self.copy(self.legacy, "migrated")
        lifeos_db.migrate(self.migrated, backup=False)

    def copy(self, template: Path, name: str | None = None) -> Path:
        """A copy of a directory, under a new name."""
        self.number += 1
        return Path(shutil.copytree(template, self.scratch / (name or f"try{self.number}"), symlinks=True))

    def ahead(self, name: str) -> Path:
        """A migrated directory whose database is ahead of its files: a new person, a changed one, rows of both."""
        directory = self.copy(self.migrated, name)
        with opened(directory) as conn:
            conn.execute("BEGIN")
            conn.execute("INSERT INTO people (id, canonical_name) VALUES ('new', 'New Person')")
            conn.execute("UPDATE people SET company = 'Globex' WHERE id = ?", (self.people[3],))
            conn.executemany(
                "INSERT INTO interactions (id, person_id, timestamp, source_type, title, source_id) "
                "VALUES (?, ?, '2025-03-04T10:00:00+00:00', 'gmail', 'x', ?)",
                [(f"n{n}", ("new", self.people[3])[n % 2], f"t{n // 2}:a{n}@x") for n in range(20)],
            )
            conn.execute("COMMIT")
        return directory

    def edited(self, name: str) -> Path:
        """One that is ahead, and of whose people file a legacy program has saved an edit."""
        directory = self.ahead(name)
        path = directory / PEOPLE_FILE
        records = json.loads(path.read_text())
        records[5]["company"] = "Edited"
        records[6]["tags"] = ["a", "b"]
        records.append({**records[6], "id": "added", "canonical_name": "Added", "emails": ["added@x"]})
        path.write_text(json.dumps(records, indent=2))
        return directory

    def damaged(self, name: str) -> Path:
        """One with wrong counts, a missing trigger and an extra one."""
        directory = self.copy(self.migrated, name)
        with opened(directory) as conn:
            conn.execute("UPDATE people SET email_count = 99")
            conn.execute("DROP TRIGGER interactions_after_delete")
            conn.execute("DELETE FROM interactions WHERE person_id = ?", (self.people[4],))
            conn.execute("CREATE TRIGGER extra AFTER DELETE ON interactions BEGIN SELECT 1; END")
        return directory


def half_written(directory: Path) -> list[str]:
    """The JSON files that are not whole, whatever else they are."""
    found = []
    for name in EXPORT_FILES:
        try:
            json.loads((directory / name).read_bytes())
        except ValueError as error:
            found.append(f"{name} is half-written: {error}")
    return found


def unsound(directory: Path) -> list[str]:
    """What is wrong with a migrated directory: SQLite's own check, verify, files that are not whole or not needed."""
    found = half_written(directory) + left_over(directory)
    for path in (directory / "interactions.db", *(directory / "backups").rglob("*.db")):
        with closing(sqlite3.connect(path)) as conn:
            if (result := conn.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
                found.append(f"{path.name}: integrity_check: {result}")
            if not conn.execute("SELECT count(*) FROM interactions").fetchone()[0]:
                found.append(f"{path.name}: has no rows")
    try:
        report = lifeos_db.verify(directory, deep=True)
    except lifeos_db.LifeosError as error:
        return [*found, f"verify: {error}"]
    for check in report.checks:
        if check.found and check.name != "orphans":  # the demo's directory has some
            found.append(f"verify: {check.name}: {check.findings[:3]}")
    return found


def left_over(directory: Path) -> list[str]:
    """Files that no run should leave behind, in the directory and in backups/."""
    known = {"interactions.db", "crm.db", "backups", *EXPORT_FILES, *MAY_STAY}
    names = [path.name for path in directory.iterdir() if path.name not in known]
    if (directory / "backups").is_dir():
        inside = [path.name for path in (directory / "backups").iterdir() if path.name.startswith(".")]
        names += [f"backups/{name}" for name in inside if name not in MAY_STAY]
    return [f"left over: {name}" for name in names]


def content(directory: Path) -> dict[str, Any]:
    """Everything that people see of a migrated directory, its files byte for byte; of a legacy one, all of it."""
    with opened(directory) as conn:
        if conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'people'").fetchone():
            return whole(directory)
        rows = conn.execute("SELECT rowid, * FROM interactions ORDER BY rowid").fetchall()
    return {"interactions": rows} | {
        name: (directory / name).read_bytes() for name in EXPORT_FILES if (directory / name).exists()
    }

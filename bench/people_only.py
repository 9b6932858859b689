"""lifeos-db with the triggers that count people alone: a configuration for measuring, in which no pair is kept.

Run as a program it migrates a legacy directory so: python -m bench.people_only DIRECTORY
"""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from lifeos_db import export_form, migration
from lifeos_db.schema_objects import expected

_EVIDENCE = re.compile(r"^    (?:UPDATE|INSERT INTO|DELETE FROM) evidence_.*?;\n", re.DOTALL | re.MULTILINE)
EVIDENCE_TABLES = ("evidence_ties", "evidence_members", "evidence_groups", "evidence_people")


def drop_relationships(database: Path) -> None:
    """Take everything out of a migrated database that keeps pairs: rows, triggers, and statements in triggers."""
    with closing(sqlite3.connect(database, isolation_level=None)) as conn:
        for trigger in expected("trigger"):
            if trigger.table.startswith("evidence_"):
                conn.execute(f"DROP TRIGGER {trigger.name}")
            elif _EVIDENCE.search(trigger.sql):
                conn.execute(f"DROP TRIGGER {trigger.name}")
                conn.execute(_EVIDENCE.sub("", trigger.sql))
        for table in EVIDENCE_TABLES:
            conn.execute(f"DELETE FROM {table}")


def skip_relationships() -> None:
    """Let migrate and export, in this process, pass over everything that has to do with pairs."""

    def no_pairs(conn: sqlite3.Connection, note: object) -> Iterator[bytes]:
        yield b"[]"

    setattr(migration, "rebuild_evidence", lambda conn: None)  # noqa: B010
    export_form.RENDERERS["relationships.json"] = no_pairs


if __name__ == "__main__":
    skip_relationships()
    migration.migrate(sys.argv[1])

"""lifeos-db with the triggers that count people alone: a configuration for measuring, in which no pair is kept.

Run as a program it migrates a legacy directory so, or exports: python -m bench.people_only migrate|export DIRECTORY
"""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from unittest.mock import patch

from lifeos_db import export_form, exporting, migration
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


@contextmanager
def without_pairs() -> Iterator[None]:
    """Let migrate and export, in this process, pass over everything that has to do with pairs."""

    def no_pairs(conn: sqlite3.Connection, note: object) -> Iterator[bytes]:
        yield b"[]"

    with (
        patch.object(migration, "rebuild_evidence"),
        patch.dict(export_form.RENDERERS, {"relationships.json": no_pairs}),
    ):
        yield


if __name__ == "__main__":
    with without_pairs():
        if sys.argv[1] == "migrate":
            migration.migrate(sys.argv[2])
        else:
            exporting.export(sys.argv[2], force=True)

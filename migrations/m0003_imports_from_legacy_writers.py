"""Step 3: the database remembers what it exported, so that it can take in what legacy writers change in the files.

The text of each table is that of the day this step was written, and is never edited once it is released.
"""

import textwrap

from sqlite_utils import Database

TABLES = [
    """
    CREATE TABLE exported_records (
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        record TEXT NOT NULL,
        revision INTEGER NOT NULL,
        shown INTEGER NOT NULL,
        known_from INTEGER NOT NULL,
        PRIMARY KEY (kind, id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE exported_history (
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        version INTEGER NOT NULL,
        previous TEXT NOT NULL,
        absent TEXT NOT NULL,
        revision INTEGER NOT NULL,
        shown INTEGER NOT NULL,
        PRIMARY KEY (kind, id, version)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE import_conflicts (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        record_id TEXT NOT NULL,
        key TEXT,
        base TEXT,
        theirs TEXT,
        ours TEXT,
        reason TEXT NOT NULL,
        found_at TEXT NOT NULL
    )
    """,
]


def imports_from_legacy_writers(db: Database) -> None:
    """Make the tables. They fill with the export that ends every migration."""
    for table in TABLES:
        db.conn.execute(textwrap.dedent(table).strip())

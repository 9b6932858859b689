"""Step 4: merges can be taken back, people are found by their contacts, and hidden people stay away.

The text of each table is that of the day this step was written, and is never edited once it is released.
"""

import textwrap

from sqlite_utils import Database

TABLES = [
    """
    CREATE TABLE merge_records (
        number INTEGER PRIMARY KEY,
        merged_id TEXT NOT NULL UNIQUE,
        survivor_id TEXT NOT NULL,
        state TEXT
    )
    """,
    """
    CREATE TABLE merge_moves (
        number INTEGER PRIMARY KEY,
        merged_id TEXT NOT NULL,
        survivor_id TEXT NOT NULL,
        interactions TEXT NOT NULL,
        relationships TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE merged_interactions (
        interaction,
        survivor_id TEXT,
        merged_id TEXT,
        PRIMARY KEY (interaction, survivor_id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE person_contacts (
        kind TEXT NOT NULL,
        value TEXT NOT NULL,
        person_id TEXT NOT NULL,
        PRIMARY KEY (kind, value, person_id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE contacts_to_read (
        person_id TEXT
    )
    """,
    """
    CREATE TABLE letter_folds (
        letter TEXT NOT NULL PRIMARY KEY,
        folded TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE blocked_contacts (
        kind TEXT NOT NULL,
        value TEXT NOT NULL,
        person_id TEXT NOT NULL,
        PRIMARY KEY (kind, value, person_id)
    ) WITHOUT ROWID
    """,
]


def identity(db: Database) -> None:
    for table in TABLES:
        db.conn.execute(textwrap.dedent(table).strip())

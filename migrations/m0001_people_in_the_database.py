"""Step 1: people, merges and relationships move into interactions.db, and triggers can keep the counts.

The text of each table is that of the day this step was written, and is never edited once it is released.
"""

import textwrap

from sqlite_utils import Database

SOURCE_TYPES = [
    ("gmail", "email"),
    ("calendar", "meeting"),
    ("vault", "mention"),
    ("granola", "mention"),
    ("imessage", "message"),
    ("sms", "message"),
    ("whatsapp", "message"),
    ("slack", "message"),
    ("phone", None),
    ("photos", None),
]

TABLES = [
    """
    CREATE TABLE people (
        id TEXT NOT NULL PRIMARY KEY,
        canonical_name TEXT DEFAULT '',
        display_name TEXT DEFAULT '',
        email_count INTEGER DEFAULT 0,
        meeting_count INTEGER DEFAULT 0,
        mention_count INTEGER DEFAULT 0,
        message_count INTEGER DEFAULT 0,
        slack_message_count INTEGER DEFAULT 0,
        emails TEXT DEFAULT '[]',
        company TEXT,
        position TEXT,
        linkedin_url TEXT,
        category TEXT DEFAULT 'unknown',
        vault_contexts TEXT DEFAULT '[]',
        sources TEXT DEFAULT '[]',
        first_seen TEXT,
        last_seen TEXT,
        related_notes TEXT DEFAULT '[]',
        aliases TEXT DEFAULT '[]',
        phone_numbers TEXT DEFAULT '[]',
        phone_primary TEXT,
        confidence_score DEFAULT 1.0,
        tags TEXT DEFAULT '[]',
        notes TEXT DEFAULT '',
        source_entity_count INTEGER DEFAULT 1,
        birthday TEXT,
        hidden INTEGER DEFAULT 0,
        hidden_at TEXT,
        hidden_reason TEXT DEFAULT '',
        is_peripheral_contact INTEGER DEFAULT 0,
        dunbar_circle INTEGER,
        relationship_strength,
        extra TEXT
    )
    """,
    """
    CREATE TABLE source_types (
        source_type TEXT NOT NULL PRIMARY KEY,
        counter TEXT CHECK (counter IN ('email', 'meeting', 'mention', 'message'))
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE person_merges (
        merged_id TEXT NOT NULL PRIMARY KEY,
        survivor_id TEXT NOT NULL,
        merged_at TEXT
    )
    """,
    """
    CREATE TABLE relationships (
        id TEXT NOT NULL PRIMARY KEY,
        person_a_id TEXT NOT NULL,
        person_b_id TEXT NOT NULL,
        relationship_type TEXT DEFAULT 'inferred',
        shared_contexts TEXT DEFAULT '[]',
        shared_events_count INTEGER DEFAULT 0,
        shared_threads_count INTEGER DEFAULT 0,
        first_seen_together TEXT,
        last_seen_together TEXT,
        created_at TEXT,
        updated_at TEXT,
        shared_messages_count INTEGER DEFAULT 0,
        shared_whatsapp_count INTEGER DEFAULT 0,
        shared_slack_count INTEGER DEFAULT 0,
        is_linkedin_connection INTEGER DEFAULT 0,
        shared_phone_calls_count INTEGER DEFAULT 0,
        shared_photos_count INTEGER DEFAULT 0,
        extra TEXT,
        UNIQUE (person_a_id, person_b_id),
        CHECK (person_a_id < person_b_id)
    )
    """,
    """
    CREATE TABLE settings (
        key TEXT NOT NULL PRIMARY KEY,
        value TEXT
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE export_state (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        revision INTEGER NOT NULL,
        captured INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE exports (
        file TEXT NOT NULL PRIMARY KEY,
        revision INTEGER NOT NULL,
        sha256 TEXT,
        pending_sha256 TEXT,
        size INTEGER,
        mtime_ns INTEGER,
        exported_at TEXT
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE replace_notes (
        interaction_rowid INTEGER PRIMARY KEY,
        person_id TEXT,
        source_type TEXT,
        vanished INTEGER NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE import_rejects (
        id INTEGER PRIMARY KEY,
        file TEXT NOT NULL,
        place TEXT NOT NULL,
        problem TEXT NOT NULL,
        record TEXT NOT NULL,
        rejected_at TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE removed_objects (
        id INTEGER PRIMARY KEY,
        type TEXT NOT NULL,
        name TEXT NOT NULL,
        sql TEXT NOT NULL,
        removed_at TEXT NOT NULL
    )
    """,
]


def people_in_the_database(db: Database) -> None:
    for table in TABLES:
        db.conn.execute(textwrap.dedent(table).strip())
    db.conn.executemany("INSERT INTO source_types (source_type, counter) VALUES (?, ?)", SOURCE_TYPES)
    # Revision 1 is ahead of every file: nothing has been exported yet.
    db.conn.execute("INSERT INTO export_state (id, revision, captured) VALUES (1, 1, 0)")

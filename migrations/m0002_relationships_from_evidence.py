"""Step 2: pairs are counted from interactions; what was imported or written down about them moves beside the counts.

The text of each table is that of the day this step was written, and is never edited once it is released. The
evidence tables are filled after the steps, from the views, once those are there.
"""

import textwrap

from sqlite_utils import Database

TABLES = [
    """
    CREATE TABLE replace_notes (
        interaction_rowid INTEGER PRIMARY KEY,
        person_id TEXT,
        source_type TEXT,
        source_id TEXT,
        title TEXT,
        vanished INTEGER NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE evidence_people (
        number INTEGER PRIMARY KEY,
        person_id TEXT NOT NULL UNIQUE,
        events INTEGER NOT NULL DEFAULT 0,
        threads INTEGER NOT NULL DEFAULT 0,
        messages INTEGER NOT NULL DEFAULT 0,
        whatsapp INTEGER NOT NULL DEFAULT 0,
        slack INTEGER NOT NULL DEFAULT 0,
        phone_calls INTEGER NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE evidence_members (
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        person INTEGER NOT NULL,
        rows INTEGER NOT NULL,
        PRIMARY KEY (kind, key, person)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE evidence_groups (
        person_id TEXT NOT NULL,
        title TEXT NOT NULL,
        rows INTEGER,
        PRIMARY KEY (person_id, title)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE evidence_changes (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        person_id TEXT,
        source_type TEXT,
        source_id TEXT,
        title TEXT,
        step INTEGER,
        kind TEXT AS (
            CASE source_type
                WHEN 'calendar' THEN 'event'
                WHEN 'gmail' THEN 'thread'
                WHEN 'photos' THEN 'photo'
                WHEN 'vault' THEN 'note'
                WHEN 'whatsapp' THEN iif(substr(title, 1, 15) = 'WhatsApp group:', 'group', 'whatsapp')
                WHEN 'imessage' THEN 'message'
                WHEN 'sms' THEN 'message'
                WHEN 'phone' THEN 'call'
                WHEN 'slack' THEN 'slack'
            END
        ),
        key TEXT AS (
            CASE source_type
                WHEN 'calendar' THEN nullif(substr(source_id, 1, instr(source_id || ':', ':') - 1), '')
                WHEN 'photos' THEN nullif(substr(source_id, 1, instr(source_id || ':', ':') - 1), '')
                WHEN 'vault' THEN nullif(source_id, '')
                WHEN 'gmail' THEN nullif(nullif(
                    iif(substr(title, 1, 2) IN ('← ', '→ ', '↔ '), substr(title, 3), title), '(No Subject)'), '')
                WHEN 'whatsapp' THEN iif(substr(title, 1, 15) = 'WhatsApp group:', title, NULL)
            END
        )
    )
    """,
    """
    CREATE TABLE evidence_rules (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        max_people INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE evidence_ties (
        person INTEGER NOT NULL,
        other INTEGER NOT NULL,
        events INTEGER NOT NULL DEFAULT 0,
        threads INTEGER NOT NULL DEFAULT 0,
        photos INTEGER NOT NULL DEFAULT 0,
        notes INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (person, other)
    ) WITHOUT ROWID
    """,
    r"""
    CREATE TABLE relationship_records (
        id TEXT NOT NULL PRIMARY KEY,
        person_a_id TEXT NOT NULL,
        person_b_id TEXT NOT NULL,
        relationship_type TEXT,
        shared_contexts TEXT,
        is_linkedin_connection INTEGER,
        created_at TEXT,
        updated_at TEXT,
        extra TEXT,
        own_contexts TEXT AS (
            CASE
                WHEN shared_contexts NOT LIKE '[%]' THEN ''
                WHEN instr(shared_contexts, '\') THEN substr(shared_contexts, 2, length(shared_contexts) - 2)
                ELSE trim(replace(replace(replace(replace(replace(replace(replace(replace(
                    substr(shared_contexts, 2, length(shared_contexts) - 2) || ',',
                    '"calendar",', ''),
                    '"gmail",', ''),
                    '"photos",', ''),
                    '"imessage",', ''),
                    '"whatsapp",', ''),
                    '"phone",', ''),
                    '"slack",', ''),
                    '"vault",', ''), ' ,')
            END
        ),
        UNIQUE (person_a_id, person_b_id),
        CHECK (person_a_id < person_b_id)
    )
    """,
]

RECORDS = """
    INSERT INTO relationship_records (
        id, person_a_id, person_b_id, relationship_type, shared_contexts, is_linkedin_connection,
        created_at, updated_at, extra
    )
    SELECT
        id, person_a_id, person_b_id, relationship_type, shared_contexts, is_linkedin_connection,
        created_at, updated_at, extra
    FROM relationships
    ORDER BY rowid
"""


def relationships_from_evidence(db: Database) -> None:
    db.conn.execute("DROP TABLE replace_notes")  # scratch: it holds nothing between two statements
    for table in TABLES:
        db.conn.execute(textwrap.dedent(table).strip())
    db.conn.execute(textwrap.dedent(RECORDS))
    # The counts as they were are kept until the right ones are there, so that what was wrong can be reported.
    db.conn.execute(
        "CREATE TEMP TABLE imported_counts AS SELECT person_a_id, person_b_id, shared_events_count, "
        "shared_threads_count, shared_messages_count, shared_whatsapp_count, shared_slack_count, "
        "shared_phone_calls_count, shared_photos_count FROM relationships"
    )
    db.conn.execute("DROP TABLE relationships")  # its triggers go with it; a view takes its name
    db.conn.execute("INSERT INTO evidence_changes (id) VALUES (1)")
    db.conn.execute("INSERT INTO evidence_rules (id, max_people) VALUES (1, 50)")

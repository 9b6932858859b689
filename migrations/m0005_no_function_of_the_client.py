"""Step 5: a generated column asks no function that a client can change.

``PRAGMA case_sensitive_like`` replaces the function ``like``, and SQLite then refuses every statement on a database
that has it in a generated column. The text of the table is that of the day this step was written, and is never edited
once it is released.
"""

import textwrap

from sqlite_utils import Database

TABLE = r"""
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
                WHEN substr(shared_contexts, 1, 1) <> '[' OR substr(shared_contexts, -1) <> ']' THEN ''
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
"""
COLUMNS = (
    "rowid, id, person_a_id, person_b_id, relationship_type, shared_contexts, is_linkedin_connection, "
    "created_at, updated_at, extra"
)


def no_function_of_the_client(db: Database) -> None:
    db.conn.execute(f"CREATE TEMP TABLE kept_records AS SELECT {COLUMNS} FROM relationship_records")
    db.conn.execute("DROP TABLE relationship_records")
    db.conn.execute(textwrap.dedent(TABLE).strip())
    db.conn.execute(f"INSERT INTO relationship_records ({COLUMNS}) SELECT * FROM temp.kept_records ORDER BY rowid")
    db.conn.execute("DROP TABLE temp.kept_records")

-- relationships: one row a pair of people, under the legacy column names.
--
-- person_a_id sorts before person_b_id, so that a pair has one row. shared_contexts is a JSON array in TEXT;
-- dates are the ISO text that came in; extra holds unknown legacy keys as one JSON object.
-- Order: the rowid is the place in the export; a new pair comes last.
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
);

-- people: one row a person, under the legacy key names.
--
-- Written by: migrate (from people_entities.json), then by anyone.
-- Kept true by: interactions_after_insert.sql, interactions_after_update.sql, interactions_after_delete.sql and
--   replace_notes_after_update.sql, which own email_count, meeting_count, mention_count and message_count;
--   person_merges_after_update.sql and source_types_after_*.sql count again. Whatever a writer puts there together with
--   something else is replaced by the truth (people_after_insert.sql, people_after_update_counts.sql).
-- Form: lists are JSON arrays in TEXT; datetimes are the ISO text that came in; booleans are 0 or 1;
--   NULL is the JSON null of the legacy file. The two scores have no declared type on purpose: a declared
--   type would turn 1 into 1.0 or 1.0 into 1, and the export would no longer repeat what was imported.
--   extra holds the keys of the legacy record that this version does not know, as one JSON object.
-- Order: the rowid is the place in the export; a new person comes last, and so does one whose row INSERT OR REPLACE
--   has made anew. UPDATE and upserts keep the place.
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
);

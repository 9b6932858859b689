-- interactions: one row a mail, meeting, message, call, note mention or photo.
--
-- Written by: every sync script, in plain SQL, knowing nothing of the rest of this folder.
-- Kept true by: nothing; this IS the truth. But who was merged has no rows: interactions_after_*_merged.sql and
--   person_merges_after_update.sql give them to the survivor.
-- Form: columns and their order are the legacy ones (old code reads SELECT * by position), so this file is used only
--   where there is no table yet; an existing table is kept as it is and gets the last two columns appended if it lacks
--   them.
-- Cost: three indexes, and the triggers in ../triggers/interactions_*.sql.
CREATE TABLE interactions (
    id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL,
    timestamp TIMESTAMP NOT NULL,
    source_type TEXT NOT NULL,
    title TEXT NOT NULL,
    snippet TEXT,
    source_link TEXT,
    source_id TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    source_account TEXT,
    attendee_count INTEGER
);

-- relationship_records: what was imported or written down about a pair, and is no evidence. Such a pair is kept.
--
-- Written by: migrate (from relationships.json), then through the view relationships. person_a_id sorts before
--   person_b_id, so that a pair has one row.
-- Kept true by: relationships_instead_of_*.sql; person_merges_after_update.sql leads a merged person's to the survivor.
-- Form: shared_contexts is a JSON array in TEXT, as given; own_contexts is what of it cannot be derived from
--   evidence, as the inside of an array. (No JSON functions here: not every SQLite 3.37 has them. A text with a
--   backslash is not taken apart. No LIKE, which PRAGMA case_sensitive_like forbids in a generated column.) Dates are
--   the ISO text that came in; extra holds unknown legacy keys as one JSON object.
-- Order: the rowid is the place in the export; a new pair comes last.
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
);

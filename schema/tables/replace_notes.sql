-- replace_notes: scratch, for the one thing that triggers cannot see.
--
-- INSERT OR REPLACE, UPDATE OR REPLACE and keys declared ON CONFLICT REPLACE delete rows without firing DELETE
-- triggers (unless the client set recursive_triggers, which nobody is asked to). So the BEFORE triggers on
-- interactions note here the rows that share a key with the new one, at most one a key, and the AFTER triggers
-- mark those that are gone: replace_notes_after_update.sql takes them out of the counts and of the evidence.
-- Kept true by: interactions_before_*.sql, which clear it first, so that a note that an OR IGNORE left behind is never
--   settled; interactions_after_*_replaced.sql, which mark and clear; interactions_after_delete.sql, which strikes the
--   note of a row whose DELETE trigger does fire.
-- Cost: nothing where no key collides.
CREATE TABLE replace_notes (
    interaction_rowid INTEGER PRIMARY KEY,
    person_id TEXT,
    source_type TEXT,
    source_id TEXT,
    title TEXT,
    vanished INTEGER NOT NULL DEFAULT 0
);

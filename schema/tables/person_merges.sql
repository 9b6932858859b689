-- person_merges: who was merged into whom, for good.
--
-- Written by: migrate (from merged_person_ids.json), then by one plain INSERT of (merged_id, survivor_id), which also
--   moves the interactions. merged_at is for the writer to fill.
-- Kept true by: person_merges_after_insert.sql and person_merges_after_update.sql keep chains flat, so that a survivor
--   is never itself merged and one look-up is always enough.
-- Guarded by: person_merges_before_*.sql, which refuse self-merges and cycles.
-- Order: the rowid is the place in the export.
CREATE TABLE person_merges (
    merged_id TEXT NOT NULL PRIMARY KEY,
    survivor_id TEXT NOT NULL,
    merged_at TEXT
);

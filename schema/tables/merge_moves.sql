-- merge_moves: what moved when a merge was recorded, one row a move, so that it can be taken back.
--
-- interactions  a JSON array of their ids; of a row whose id is no text (the legacy table allows NULL), the rowid as a
--               number. Ids stand as they are but for quotes and backslashes, so a reader must let control characters
--               pass. One value and not a row for each: a hundred thousand are gathered in a moment
-- relationships a JSON array of the ids of the merged person's records then; those that the survivor had none for were
--               led to the survivor. A merge by `lifeos db merge` has united them before, and has none here
-- Kept true by: person_merges_after_update.sql.
-- Written by: migrate, for what it moves itself; `unmerge` removes the row.
-- Order: of two moves that gave the same interaction to the same survivor, the later counts. What is written under a
--   merged id later stands in merged_interactions, and counts more.
CREATE TABLE merge_moves (
    number INTEGER PRIMARY KEY,
    merged_id TEXT NOT NULL,
    survivor_id TEXT NOT NULL,
    interactions TEXT NOT NULL,
    relationships TEXT NOT NULL
);

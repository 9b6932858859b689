-- merge_records: what each merge was, so that it can be taken back. One row a merge, whoever made it.
--
-- survivor_id  whom the person was merged into, before later merges led further (person_merges has the last survivor)
-- state        what `lifeos db merge` changed beside the interactions, as one JSON object: the merged person's whole
--              row, the survivor's fields before and after, the records of relationships and the blocked contacts;
--              NULL for a merge by plain SQL or from a legacy file, which changes none of these
-- Kept true by: person_merges_after_update.sql, for every merge.
-- Written by: `merge`, which adds the state; `unmerge` removes the row. It stays if a merge is deleted from
--   person_merges by hand, so that the merged person is not lost.
-- Order: number grows with each merge. The interactions that came with a merge are in merge_moves.
CREATE TABLE merge_records (
    number INTEGER PRIMARY KEY,
    merged_id TEXT NOT NULL UNIQUE,
    survivor_id TEXT NOT NULL,
    state TEXT
);

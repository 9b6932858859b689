-- merged_interactions: interactions that were written under a merged id after the merge, so that it can be taken back.
--
-- interaction  the id, or the rowid (a number) of a row without one. Not declared: a type would make a number of an
--              id that looks like one
-- survivor_id  who got it, and merged_id under whose id it was written the last time
-- Kept true by: interactions_after_*_merged.sql; person_merges_after_update.sql takes out what another merge moves on.
-- Written by: `unmerge`, which removes what went back. A row whose interaction is gone, or is with somebody else, is
--   kept until then, so that unmerge can name it.
-- Cost: one b-tree, and a look-up in person_merges for an interaction that is not redirected. Not declared NOT NULL:
--   an upsert that may fail on that makes SQLite keep a statement journal for every INSERT OR IGNORE.
CREATE TABLE merged_interactions (
    interaction,
    survivor_id TEXT,
    merged_id TEXT,
    PRIMARY KEY (interaction, survivor_id)
) WITHOUT ROWID;

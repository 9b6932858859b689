-- evidence_people: one row a person id that evidence names: a short number for it, and what counts with the owner.
--
-- The number stands for the id in evidence_members and evidence_ties, which it keeps small; it is never given to
-- another id. The counts are those of the pair that this person makes with the owner, whoever the owner is: nothing
-- here changes when settings.owner_id does. They are a function of interactions and settings alone.
-- Kept true by: evidence_changes_after_update_direct.sql and evidence_changes_after_update_join.sql; events and threads
--   by evidence_members_after_*.sql, all of them anew by evidence_rules_after_update.sql. A merge gives the survivor
--   the direct ones (person_merges_after_update.sql). An UPDATE of relationships that names the counts of a pair with
--   the owner writes them here (relationships_instead_of_update.sql).
CREATE TABLE evidence_people (
    number INTEGER PRIMARY KEY,
    person_id TEXT NOT NULL UNIQUE,
    events INTEGER NOT NULL DEFAULT 0,
    threads INTEGER NOT NULL DEFAULT 0,
    messages INTEGER NOT NULL DEFAULT 0,
    whatsapp INTEGER NOT NULL DEFAULT 0,
    slack INTEGER NOT NULL DEFAULT 0,
    phone_calls INTEGER NOT NULL DEFAULT 0
);

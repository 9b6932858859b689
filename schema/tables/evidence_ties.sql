-- evidence_ties: in how many events, mail threads, photos and notes two people met.
--
-- A pair may have two rows, one in each direction, and its counts are their sums (views/relationship_pairs.sql). Who
-- comes into a context writes under their own number, so all that one interaction writes lies side by side, in one or
-- two pages, however many people are there; one row a pair, in order of the ids, would touch a page for each of them.
-- No count is below 0, and a row of zeros goes.
-- Kept true by: evidence_members_after_*.sql; evidence_rules_after_update.sql counts everything again. An UPDATE of
--   relationships that names the counts of a pair writes them here (relationships_instead_of_update.sql).
-- Cost: one b-tree; the index of the other direction is written only when a row comes or goes.
CREATE TABLE evidence_ties (
    person INTEGER NOT NULL,
    other INTEGER NOT NULL,
    events INTEGER NOT NULL DEFAULT 0,
    threads INTEGER NOT NULL DEFAULT 0,
    photos INTEGER NOT NULL DEFAULT 0,
    notes INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (person, other)
) WITHOUT ROWID;

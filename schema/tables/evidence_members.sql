-- evidence_members: who has how many interactions in which event, mail thread, photo or note.
--
-- kind is event, thread, photo or note; key is what tells one from another (docs/relationships.md). Together they are
-- a context. person is a number of evidence_people. rows is never 0: who has no row left is no member. The people of
-- a context lie side by side, so whoever comes finds the others, and how many they are, in one range.
-- Kept true by: evidence_changes_after_update_join.sql, evidence_changes_after_update_leave.sql and
--   person_merges_after_update.sql.
-- Seen by: evidence_members_after_*.sql. A new member and one who leaves change the ties; a further row of a member
--   does not.
-- Cost: one entry a person and context, and no other index.
CREATE TABLE evidence_members (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    person INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    PRIMARY KEY (kind, key, person)
) WITHOUT ROWID;

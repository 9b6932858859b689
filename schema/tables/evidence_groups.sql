-- evidence_groups: who has how many interactions in which WhatsApp group.
--
-- A group makes no count and no pair by itself, whatever its size: a pair that shows for another reason has the
-- context whatsapp if both are in one group. So a thousand people in a group cost a thousand rows, not half a
-- million pairs; and the key starts with the person, because that is how it is asked.
-- Kept true by: evidence_changes_after_update_group.sql; person_merges_after_update.sql, of a merge.
CREATE TABLE evidence_groups (
    person_id TEXT NOT NULL,
    title TEXT NOT NULL,
    rows INTEGER,
    PRIMARY KEY (person_id, title)
) WITHOUT ROWID;

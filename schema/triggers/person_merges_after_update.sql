-- After a merge is recorded or changed: keep chains flat, move the interactions, count again.
--
-- 1. If the survivor was merged before, this merge leads to their survivor.
-- 2. Merges that led to the person who is merged now lead on.
-- 3. The interactions move. interactions_after_update.sql leaves the counting of such a move to us, so the two people
--    are counted once by the aggregate instead of once a row.
-- The flattening updates come through here again when recursive_triggers is on, and find nothing left to do.
CREATE TRIGGER person_merges_after_update AFTER UPDATE OF merged_id, survivor_id ON person_merges
BEGIN
    UPDATE person_merges SET survivor_id = (
        SELECT further.survivor_id FROM person_merges AS further WHERE further.merged_id = NEW.survivor_id
    )
    WHERE merged_id = NEW.merged_id
        AND EXISTS (SELECT 1 FROM person_merges AS further WHERE further.merged_id = NEW.survivor_id);
    UPDATE person_merges SET survivor_id = (SELECT survivor_id FROM person_merges WHERE merged_id = NEW.merged_id)
    WHERE survivor_id = NEW.merged_id;

    UPDATE interactions SET person_id = (SELECT survivor_id FROM person_merges WHERE merged_id = NEW.merged_id)
    WHERE person_id = NEW.merged_id;
    UPDATE people SET (email_count, meeting_count, mention_count, message_count) = (
        SELECT
            coalesce(sum(email_count), 0), coalesce(sum(meeting_count), 0),
            coalesce(sum(mention_count), 0), coalesce(sum(message_count), 0)
        FROM person_counts
        WHERE person_id = (SELECT survivor_id FROM person_merges WHERE merged_id = NEW.merged_id)
    )
    WHERE id = (SELECT survivor_id FROM person_merges WHERE merged_id = NEW.merged_id);
    UPDATE people SET (email_count, meeting_count, mention_count, message_count) = (
        SELECT
            coalesce(sum(email_count), 0), coalesce(sum(meeting_count), 0),
            coalesce(sum(mention_count), 0), coalesce(sum(message_count), 0)
        FROM person_counts
        WHERE person_id = NEW.merged_id
    )
    WHERE id = NEW.merged_id;

    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

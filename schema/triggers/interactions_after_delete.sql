-- After an interaction is deleted: take it from the count, and its evidence from the pairs.
--
-- If a REPLACE deletes it and recursive_triggers is on, this fires: then its note goes, so that it is not taken
-- from the count twice.
CREATE TRIGGER interactions_after_delete AFTER DELETE ON interactions
BEGIN
    DELETE FROM replace_notes WHERE interaction_rowid = OLD.rowid;

    UPDATE people SET (email_count, meeting_count, mention_count, message_count) = (
        SELECT
            email_count - (counter = 'email' AND email_count > 0),
            meeting_count - (counter = 'meeting' AND meeting_count > 0),
            mention_count - (counter = 'mention' AND mention_count > 0),
            message_count - (counter = 'message' AND message_count > 0)
        FROM source_types
        WHERE source_type = OLD.source_type
    )
    WHERE id = OLD.person_id
        AND (SELECT counter FROM source_types WHERE source_type = OLD.source_type) IS NOT NULL;

    UPDATE evidence_changes SET (person_id, source_type, source_id, title, step)
        = (OLD.person_id, OLD.source_type, OLD.source_id, OLD.title, -1)
    WHERE id = 1;

    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

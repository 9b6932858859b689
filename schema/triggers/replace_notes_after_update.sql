-- After a noted row is marked as vanished: a REPLACE deleted it without a DELETE trigger, so it leaves the counts
-- and the evidence here.
CREATE TRIGGER replace_notes_after_update AFTER UPDATE OF vanished ON replace_notes
BEGIN
    UPDATE people SET (email_count, meeting_count, mention_count, message_count) = (
        SELECT
            email_count - (counter = 'email' AND email_count > 0),
            meeting_count - (counter = 'meeting' AND meeting_count > 0),
            mention_count - (counter = 'mention' AND mention_count > 0),
            message_count - (counter = 'message' AND message_count > 0)
        FROM source_types
        WHERE source_type = NEW.source_type
    )
    WHERE id = NEW.person_id
        AND (SELECT counter FROM source_types WHERE source_type = NEW.source_type) IS NOT NULL;

    UPDATE evidence_changes SET (person_id, source_type, source_id, title, step)
        = (NEW.person_id, NEW.source_type, NEW.source_id, NEW.title, -1)
    WHERE id = 1;
END;

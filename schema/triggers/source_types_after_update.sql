-- After a source type moves to another counter, or is renamed: count again everyone who has rows of it.
-- Cost: one scan of person_counts.
CREATE TRIGGER source_types_after_update AFTER UPDATE ON source_types
WHEN (OLD.source_type, OLD.counter) IS NOT (NEW.source_type, NEW.counter)
BEGIN
    UPDATE people SET
        email_count = actual.email_count,
        meeting_count = actual.meeting_count,
        mention_count = actual.mention_count,
        message_count = actual.message_count
    FROM person_counts AS actual
    WHERE actual.person_id = people.id
        AND people.id IN (SELECT person_id FROM interactions WHERE source_type IN (OLD.source_type, NEW.source_type));

    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

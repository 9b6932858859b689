-- After a source type is removed: its rows are in no count any more.
-- Cost: one scan of person_counts.
CREATE TRIGGER source_types_after_delete AFTER DELETE ON source_types
BEGIN
    UPDATE people SET
        email_count = actual.email_count,
        meeting_count = actual.meeting_count,
        mention_count = actual.mention_count,
        message_count = actual.message_count
    FROM person_counts AS actual
    WHERE actual.person_id = people.id
        AND people.id IN (SELECT person_id FROM interactions WHERE source_type = OLD.source_type);

    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

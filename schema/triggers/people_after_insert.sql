-- After a person is inserted: their counts start at the truth, whatever the writer put there, and their contacts are
-- in the index.
--
-- Their interactions may have come first, or they may be back after a delete, or INSERT OR REPLACE has just reset
-- their cached counts.
-- Cost: one range of idx_interactions_person_timestamp.
CREATE TRIGGER people_after_insert AFTER INSERT ON people
BEGIN
    UPDATE people SET (email_count, meeting_count, mention_count, message_count) = (
        SELECT
            coalesce(sum(email_count), 0), coalesce(sum(meeting_count), 0),
            coalesce(sum(mention_count), 0), coalesce(sum(message_count), 0)
        FROM person_counts
        WHERE person_id = NEW.id
    )
    WHERE id = NEW.id;

    INSERT INTO contacts_to_read (person_id) VALUES (NEW.id);
    DELETE FROM contacts_to_read;

    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

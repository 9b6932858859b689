-- After an interaction is updated: it leaves the old count, it comes into the new one; so does its evidence.
--
-- Only when a key, the person, the source type or the title changed: new accounts and snippets cost one comparison.
-- What it replaced leaves in interactions_after_update_replaced.sql, and interactions_after_update_merged.sql moves
-- what was given to a merged id, in any order, as after an insert.
--
-- A move from a merged id to its survivor is the redirection itself, made there or by person_merges_after_update.sql.
-- Who redirects counts for the survivor at once, so the move counts nothing here; that makes it the same whether
-- recursive_triggers lets this trigger fire for its own UPDATE or not.
CREATE TRIGGER interactions_after_update AFTER UPDATE ON interactions
WHEN (OLD.rowid, OLD.id, OLD.person_id, OLD.source_type, OLD.source_id, OLD.title)
        IS NOT (NEW.rowid, NEW.id, NEW.person_id, NEW.source_type, NEW.source_id, NEW.title)
    AND NOT EXISTS (
        SELECT 1 FROM person_merges WHERE merged_id = OLD.person_id AND survivor_id = NEW.person_id
    )
BEGIN
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
        AND (SELECT counter FROM source_types WHERE source_type = OLD.source_type) IS NOT NULL
        AND (OLD.person_id, OLD.source_type) IS NOT (NEW.person_id, NEW.source_type);

    UPDATE people SET (email_count, meeting_count, mention_count, message_count) = (
        SELECT
            email_count + (counter = 'email'), meeting_count + (counter = 'meeting'),
            mention_count + (counter = 'mention'), message_count + (counter = 'message')
        FROM source_types
        WHERE source_type = NEW.source_type
    )
    WHERE id = coalesce((SELECT survivor_id FROM person_merges WHERE merged_id = NEW.person_id), NEW.person_id)
        AND (SELECT counter FROM source_types WHERE source_type = NEW.source_type) IS NOT NULL
        AND (OLD.person_id, OLD.source_type) IS NOT (NEW.person_id, NEW.source_type);

    UPDATE evidence_changes SET (person_id, source_type, source_id, title, step)
        = (OLD.person_id, OLD.source_type, OLD.source_id, OLD.title, -1)
    WHERE id = 1
        AND (OLD.person_id, OLD.source_type, OLD.source_id, OLD.title)
            IS NOT (NEW.person_id, NEW.source_type, NEW.source_id, NEW.title);
    UPDATE evidence_changes SET (person_id, source_type, source_id, title, step)
        = (
            coalesce((SELECT survivor_id FROM person_merges WHERE merged_id = NEW.person_id), NEW.person_id),
            NEW.source_type, NEW.source_id, NEW.title, 1
        )
    WHERE id = 1
        AND (OLD.person_id, OLD.source_type, OLD.source_id, OLD.title)
            IS NOT (NEW.person_id, NEW.source_type, NEW.source_id, NEW.title);

    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

-- After an interaction is inserted: settle, count, redirect, in this order and in one body, because several AFTER
-- triggers on one event fire in no promised order.
--
-- 1. Of the noted rows, those that are gone leave the counts (replace_notes_after_update.sql). A note with the new
--    rowid is gone by definition. If recursive_triggers is on, the DELETE trigger fired and removed its own note.
--    There are three notes at most, and each is marked by its key: an UPDATE of many rows would make a temporary table
--    first, for every interaction, and a DELETE without a condition would write the page of an empty table.
-- 2. The row counts for its person, or for the survivor if that person was merged.
-- 3. It is evidence of what that person shares with others (evidence_changes_after_update_*.sql).
-- 4. A row written under a merged id moves to the survivor, and merged_interactions remembers whose it was.
--    interactions_after_update.sql knows such a move and does not count it again, with recursive_triggers on or off.
-- 5. The exports are stale.
--
-- Cost: one UPDATE of the person's row, one of evidence_changes, and look-ups in small tables. Step 3 has to call SQL
-- functions to take titles and ids apart, and SQLite takes a statement that calls one for one that may abort: it then
-- keeps a journal of every page the statement touches, under INSERT OR IGNORE as well (docs/relationships.md, Cost).
CREATE TRIGGER interactions_after_insert AFTER INSERT ON interactions
BEGIN
    UPDATE replace_notes SET vanished = 1
    WHERE interaction_rowid = (
        SELECT interaction_rowid FROM replace_notes AS noted
        WHERE vanished = 0 AND (
            interaction_rowid = NEW.rowid
            OR NOT EXISTS (SELECT 1 FROM interactions WHERE rowid = noted.interaction_rowid)
        )
        LIMIT 1
    );
    UPDATE replace_notes SET vanished = 1
    WHERE interaction_rowid = (
        SELECT interaction_rowid FROM replace_notes AS noted
        WHERE vanished = 0 AND (
            interaction_rowid = NEW.rowid
            OR NOT EXISTS (SELECT 1 FROM interactions WHERE rowid = noted.interaction_rowid)
        )
        LIMIT 1
    );
    UPDATE replace_notes SET vanished = 1
    WHERE interaction_rowid = (
        SELECT interaction_rowid FROM replace_notes AS noted
        WHERE vanished = 0 AND (
            interaction_rowid = NEW.rowid
            OR NOT EXISTS (SELECT 1 FROM interactions WHERE rowid = noted.interaction_rowid)
        )
        LIMIT 1
    );
    DELETE FROM replace_notes WHERE true;

    UPDATE people SET (email_count, meeting_count, mention_count, message_count) = (
        SELECT
            email_count + (counter = 'email'), meeting_count + (counter = 'meeting'),
            mention_count + (counter = 'mention'), message_count + (counter = 'message')
        FROM source_types
        WHERE source_type = NEW.source_type
    )
    WHERE id = coalesce((SELECT survivor_id FROM person_merges WHERE merged_id = NEW.person_id), NEW.person_id)
        AND (SELECT counter FROM source_types WHERE source_type = NEW.source_type) IS NOT NULL;

    UPDATE evidence_changes SET (person_id, source_type, source_id, title, step)
        = (
            coalesce((SELECT survivor_id FROM person_merges WHERE merged_id = NEW.person_id), NEW.person_id),
            NEW.source_type, NEW.source_id, NEW.title, 1
        )
    WHERE id = 1;

    INSERT INTO merged_interactions (interaction, survivor_id, merged_id)
    SELECT coalesce(NEW.id, NEW.rowid), survivor_id, merged_id FROM person_merges
    WHERE merged_id = NEW.person_id
    ON CONFLICT (interaction, survivor_id) DO UPDATE SET merged_id = excluded.merged_id;
    UPDATE interactions SET person_id = (SELECT survivor_id FROM person_merges WHERE merged_id = NEW.person_id)
    WHERE rowid = (SELECT NEW.rowid FROM person_merges WHERE merged_id = NEW.person_id);

    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

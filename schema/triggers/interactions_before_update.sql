-- Before an interaction is updated: note the other rows that UPDATE OR REPLACE may silently delete.
--
-- The same as interactions_before_insert.sql, the updated row apart; a key that stays hits nobody, so it is not looked
-- up. It also clears what BEFORE INSERT noted for an upsert that turned into this update, and what an ignored UPDATE OR
-- IGNORE left behind.
-- The condition is that of interactions_after_update.sql, word for word: a settling without its clearing would settle
-- somebody else's notes. No OF list: SET rowid = ... can replace a row, and a condition is as cheap.
CREATE TRIGGER interactions_before_update BEFORE UPDATE ON interactions
WHEN (OLD.rowid, OLD.id, OLD.person_id, OLD.source_type, OLD.source_id, OLD.title)
        IS NOT (NEW.rowid, NEW.id, NEW.person_id, NEW.source_type, NEW.source_id, NEW.title)
    AND NOT EXISTS (
        SELECT 1 FROM person_merges WHERE merged_id = OLD.person_id AND survivor_id = NEW.person_id
    )
BEGIN
    DELETE FROM replace_notes WHERE true;
    INSERT INTO replace_notes (interaction_rowid, person_id, source_type, source_id, title)
    SELECT rowid, person_id, source_type, source_id, title FROM interactions
    WHERE NEW.id IS NOT OLD.id AND id = NEW.id
        AND rowid <> OLD.rowid
    UNION ALL
    SELECT rowid, person_id, source_type, source_id, title FROM interactions
    WHERE NEW.rowid <> OLD.rowid AND rowid = NEW.rowid
        AND (id = NEW.id) IS NOT TRUE
    UNION ALL
    SELECT * FROM (
        SELECT rowid, person_id, source_type, source_id, title FROM interactions
        WHERE (NEW.source_type, NEW.source_id) IS NOT (OLD.source_type, OLD.source_id)
            AND source_type = NEW.source_type AND source_id = NEW.source_id
            AND (id = NEW.id) IS NOT TRUE AND rowid <> NEW.rowid
            AND rowid <> OLD.rowid
        LIMIT 1
    );
END;

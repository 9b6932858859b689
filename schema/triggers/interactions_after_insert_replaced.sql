-- After an interaction is inserted in the place of others: of the noted rows, those that are gone leave the counts and
-- the evidence (replace_notes_after_update.sql).
--
-- A note with the new rowid is gone by definition. If recursive_triggers is on, the DELETE trigger fired and removed
-- its own note. Most rows replace nothing, and pay one look for it. (WHERE true, because a DELETE without a condition
-- fills the whole page with zeros.)
CREATE TRIGGER interactions_after_insert_replaced AFTER INSERT ON interactions
WHEN EXISTS (SELECT 1 FROM replace_notes)
BEGIN
    UPDATE replace_notes SET vanished = 1
    WHERE interaction_rowid = NEW.rowid
        OR NOT EXISTS (SELECT 1 FROM interactions WHERE rowid = interaction_rowid);
    DELETE FROM replace_notes WHERE true;
END;

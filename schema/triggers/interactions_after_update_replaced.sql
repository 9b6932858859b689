-- After an interaction is updated into the place of others: of the noted rows, those that are gone leave the counts and
-- the evidence, as in interactions_after_insert_replaced.sql.
--
-- But for the notes the condition is that of interactions_before_update.sql and interactions_after_update.sql, word for
-- word: a settling without its clearing would settle somebody else's notes.
CREATE TRIGGER interactions_after_update_replaced AFTER UPDATE ON interactions
WHEN (OLD.rowid, OLD.id, OLD.person_id, OLD.source_type, OLD.source_id, OLD.title)
        IS NOT (NEW.rowid, NEW.id, NEW.person_id, NEW.source_type, NEW.source_id, NEW.title)
    AND NOT EXISTS (
        SELECT 1 FROM person_merges WHERE merged_id = OLD.person_id AND survivor_id = NEW.person_id
    )
    AND EXISTS (SELECT 1 FROM replace_notes)
BEGIN
    UPDATE replace_notes SET vanished = 1
    WHERE interaction_rowid = NEW.rowid
        OR NOT EXISTS (SELECT 1 FROM interactions WHERE rowid = interaction_rowid);
    DELETE FROM replace_notes WHERE true;
END;

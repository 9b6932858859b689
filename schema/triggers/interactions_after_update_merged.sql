-- After an interaction is given to a merged id: it moves on to the survivor, as in
-- interactions_after_insert_merged.sql.
--
-- But for the merge the condition is that of interactions_after_update.sql, word for word: what is not counted does not
-- move.
CREATE TRIGGER interactions_after_update_merged AFTER UPDATE ON interactions
WHEN (OLD.rowid, OLD.id, OLD.person_id, OLD.source_type, OLD.source_id, OLD.title)
        IS NOT (NEW.rowid, NEW.id, NEW.person_id, NEW.source_type, NEW.source_id, NEW.title)
    AND NOT EXISTS (
        SELECT 1 FROM person_merges WHERE merged_id = OLD.person_id AND survivor_id = NEW.person_id
    )
    AND EXISTS (SELECT 1 FROM person_merges WHERE merged_id = NEW.person_id)
BEGIN
    INSERT INTO merged_interactions (interaction, survivor_id, merged_id)
    SELECT coalesce(NEW.id, NEW.rowid), survivor_id, merged_id FROM person_merges
    WHERE merged_id = NEW.person_id
    ON CONFLICT (interaction, survivor_id) DO UPDATE SET merged_id = excluded.merged_id;
    UPDATE interactions SET person_id = (SELECT survivor_id FROM person_merges WHERE merged_id = NEW.person_id)
    WHERE rowid = NEW.rowid;
END;

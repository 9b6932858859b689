-- After an interaction is inserted under a merged id: it moves to the survivor, and merged_interactions remembers whose
-- it was.
--
-- interactions_after_insert.sql counts it for the survivor. interactions_after_update.sql knows such a move and does
-- not count it again, with recursive_triggers on or off.
CREATE TRIGGER interactions_after_insert_merged AFTER INSERT ON interactions
WHEN EXISTS (SELECT 1 FROM person_merges WHERE merged_id = NEW.person_id)
BEGIN
    INSERT INTO merged_interactions (interaction, survivor_id, merged_id)
    SELECT coalesce(NEW.id, NEW.rowid), survivor_id, merged_id FROM person_merges
    WHERE merged_id = NEW.person_id
    ON CONFLICT (interaction, survivor_id) DO UPDATE SET merged_id = excluded.merged_id;
    UPDATE interactions SET person_id = (SELECT survivor_id FROM person_merges WHERE merged_id = NEW.person_id)
    WHERE rowid = NEW.rowid;
END;

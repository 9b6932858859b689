-- After a merge is recorded: the same as after it is changed, so it is "changed" to what it is.
--
-- person_merges_after_update.sql does the work, with recursive_triggers on or off, because it is another trigger.
CREATE TRIGGER person_merges_after_insert AFTER INSERT ON person_merges
BEGIN
    UPDATE person_merges SET survivor_id = survivor_id WHERE merged_id = NEW.merged_id;
END;

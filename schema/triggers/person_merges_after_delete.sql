-- After a recorded merge is removed: the exports are stale. The interactions stay where they are.
CREATE TRIGGER person_merges_after_delete AFTER DELETE ON person_merges
BEGIN
    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

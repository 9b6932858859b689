-- After a person is deleted: the exports are stale. Their interactions stay, as orphans; nothing is lost.
CREATE TRIGGER people_after_delete AFTER DELETE ON people
BEGIN
    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

-- After a relationship is deleted: the exports are stale.
CREATE TRIGGER relationships_after_delete AFTER DELETE ON relationships
BEGIN
    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

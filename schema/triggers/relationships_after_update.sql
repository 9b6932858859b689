-- After a relationship is updated: the exports are stale.
CREATE TRIGGER relationships_after_update AFTER UPDATE ON relationships
BEGIN
    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

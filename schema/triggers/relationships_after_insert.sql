-- After a relationship is inserted: the exports are stale.
CREATE TRIGGER relationships_after_insert AFTER INSERT ON relationships
BEGIN
    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

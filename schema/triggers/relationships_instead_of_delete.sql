-- A relationship is deleted: what was written down goes. The evidence stays, and a pair that shows by its evidence
-- goes on to show.
CREATE TRIGGER relationships_instead_of_delete INSTEAD OF DELETE ON relationships
BEGIN
    DELETE FROM relationship_records
    WHERE person_a_id = OLD.person_a_id AND person_b_id = OLD.person_b_id;

    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

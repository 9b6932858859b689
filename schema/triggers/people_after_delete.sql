-- After a person is deleted: their contacts lead to them no more, and the exports are stale. Their interactions stay,
-- as orphans; nothing is lost.
CREATE TRIGGER people_after_delete AFTER DELETE ON people
BEGIN
    DELETE FROM person_contacts WHERE person_id = OLD.id;

    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

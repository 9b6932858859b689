-- After a person's rowid is changed by hand: contacts that lead to nobody go, and the exports are stale.
--
-- Trap: with OR REPLACE the person who had the rowid is gone, and a REPLACE fires no DELETE trigger. UPDATE OF rowid
-- fires for a statement that sets it under one of its three names, and for no other.
-- Cost: nothing for other statements; one scan of person_contacts.
CREATE TRIGGER people_after_update_rowid AFTER UPDATE OF rowid, oid, _rowid_ ON people
BEGIN
    DELETE FROM person_contacts WHERE person_id NOT IN (SELECT id FROM people WHERE id IS NOT NULL);

    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

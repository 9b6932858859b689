-- After a merge's rowid is changed by hand: the exports are stale.
--
-- With OR REPLACE the merge that had the rowid is gone, without a DELETE trigger. The interactions stay where they are,
-- as after a delete.
CREATE TRIGGER person_merges_after_update_rowid AFTER UPDATE OF rowid, oid, _rowid_ ON person_merges
BEGIN
    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

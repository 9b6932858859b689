-- After the owner or the limit of people is removed: the rule that counts follows, and the exports are stale.
--
-- Absolute, not by difference, so a row that a REPLACE deleted silently does no harm. The owner needs no recount:
-- nothing that is stored depends on who that is.
CREATE TRIGGER settings_after_delete AFTER DELETE ON settings
WHEN OLD.key IN ('owner_id', 'max_context_people')
BEGIN
    UPDATE evidence_rules SET max_people = (SELECT max_people FROM relationship_rules)
    WHERE id = 1 AND max_people <> (SELECT max_people FROM relationship_rules);

    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

-- After an interaction with a context goes: its person is in the context with one row less, and out of it with the
-- last one.
CREATE TRIGGER evidence_changes_after_update_leave AFTER UPDATE ON evidence_changes
WHEN NEW.key IS NOT NULL AND NEW.person_id IS NOT NULL AND NEW.step = -1 AND NEW.kind <> 'group'
BEGIN
    UPDATE evidence_members SET rows = rows - 1
    WHERE kind = NEW.kind AND key = NEW.key
        AND person = (SELECT number FROM evidence_people WHERE person_id = NEW.person_id);
    DELETE FROM evidence_members
    WHERE kind = NEW.kind AND key = NEW.key
        AND person = (SELECT number FROM evidence_people WHERE person_id = NEW.person_id)
        AND rows <= 0;
END;

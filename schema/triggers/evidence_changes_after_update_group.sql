-- After an interaction in a WhatsApp group comes or goes: its person is in the group while they have rows in it.
CREATE TRIGGER evidence_changes_after_update_group AFTER UPDATE ON evidence_changes
WHEN NEW.key IS NOT NULL AND NEW.person_id IS NOT NULL AND NEW.kind = 'group'
BEGIN
    INSERT INTO evidence_groups (person_id, title, rows) VALUES (NEW.person_id, NEW.key, NEW.step)
    ON CONFLICT (person_id, title) DO UPDATE SET rows = evidence_groups.rows + excluded.rows;
    DELETE FROM evidence_groups WHERE person_id = NEW.person_id AND title = NEW.key AND rows <= 0;
END;

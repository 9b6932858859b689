-- After an interaction with a context comes: its person is in the context, with one more row.
--
-- Only a new member changes ties (evidence_members_after_insert.sql). The upserts name their targets, so that an outer
-- OR REPLACE or OR IGNORE does not override them.
CREATE TRIGGER evidence_changes_after_update_join AFTER UPDATE ON evidence_changes
WHEN NEW.key IS NOT NULL AND NEW.person_id IS NOT NULL AND NEW.step = 1 AND NEW.kind <> 'group'
BEGIN
    INSERT INTO evidence_people (person_id) VALUES (NEW.person_id)
    ON CONFLICT (person_id) DO NOTHING;
    INSERT INTO evidence_members (kind, key, person, rows)
    VALUES (NEW.kind, NEW.key, (SELECT number FROM evidence_people WHERE person_id = NEW.person_id), 1)
    ON CONFLICT (kind, key, person) DO UPDATE SET rows = evidence_members.rows + 1;
END;

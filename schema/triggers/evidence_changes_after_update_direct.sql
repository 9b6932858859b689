-- After a direct interaction comes or goes: it counts between its person and the owner, whoever that is.
CREATE TRIGGER evidence_changes_after_update_direct AFTER UPDATE ON evidence_changes
WHEN NEW.kind IN ('message', 'whatsapp', 'call', 'slack') AND NEW.person_id IS NOT NULL
BEGIN
    INSERT INTO evidence_people (person_id, messages, whatsapp, slack, phone_calls)
    VALUES (
        NEW.person_id,
        NEW.step * (NEW.kind = 'message'), NEW.step * (NEW.kind = 'whatsapp'),
        NEW.step * (NEW.kind = 'slack'), NEW.step * (NEW.kind = 'call')
    )
    ON CONFLICT (person_id) DO UPDATE SET
        messages = evidence_people.messages + excluded.messages,
        whatsapp = evidence_people.whatsapp + excluded.whatsapp,
        slack = evidence_people.slack + excluded.slack,
        phone_calls = evidence_people.phone_calls + excluded.phone_calls;
END;

-- After a person's own fields are updated: the exports are stale.
--
-- The four counts are not in the list, so the counting triggers on interactions do not come through here.
CREATE TRIGGER people_after_update AFTER UPDATE OF
    id, canonical_name, display_name, slack_message_count, emails, company, position, linkedin_url,
    category, vault_contexts, sources, first_seen, last_seen, related_notes, aliases, phone_numbers,
    phone_primary, confidence_score, tags, notes, source_entity_count, birthday, hidden, hidden_at,
    hidden_reason, is_peripheral_contact, dunbar_circle, relationship_strength, extra
ON people
BEGIN
    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

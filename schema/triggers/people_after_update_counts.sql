-- After a statement that wrote a person's own fields and their counts, or a new id: count again.
--
-- Upserts and legacy-style writers write whole rows, with the counts they loaded long ago. An UPDATE of counts alone
-- is left as it is: only repair does that, and verify names it otherwise.
CREATE TRIGGER people_after_update_counts AFTER UPDATE OF
    id, canonical_name, display_name, slack_message_count, emails, company, position, linkedin_url,
    category, vault_contexts, sources, first_seen, last_seen, related_notes, aliases, phone_numbers,
    phone_primary, confidence_score, tags, notes, source_entity_count, birthday, hidden, hidden_at,
    hidden_reason, is_peripheral_contact, dunbar_circle, relationship_strength, extra
ON people
WHEN (OLD.id, OLD.email_count, OLD.meeting_count, OLD.mention_count, OLD.message_count)
    IS NOT (NEW.id, NEW.email_count, NEW.meeting_count, NEW.mention_count, NEW.message_count)
BEGIN
    UPDATE people SET (email_count, meeting_count, mention_count, message_count) = (
        SELECT
            coalesce(sum(email_count), 0), coalesce(sum(meeting_count), 0),
            coalesce(sum(mention_count), 0), coalesce(sum(message_count), 0)
        FROM person_counts
        WHERE person_id = NEW.id
    )
    WHERE id = NEW.id;
END;

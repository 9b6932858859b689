-- interaction_evidence: what each interaction is evidence of.
--
-- kind is event, thread, photo, note or group, where key names the one that is meant; or message, whatsapp, call or
-- slack, without a key, for what counts between the owner and the person. A row without a kind, or without the key
-- that its kind needs, is evidence of nothing; so is one without a person, in a table that allows one. The same words
-- as in tables/evidence_changes.sql.
-- instant is the true instant, UTC, as in person_activity; NULL where undated.
CREATE VIEW interaction_evidence AS
SELECT
    person_id,
    CASE source_type
        WHEN 'calendar' THEN 'event'
        WHEN 'gmail' THEN 'thread'
        WHEN 'photos' THEN 'photo'
        WHEN 'vault' THEN 'note'
        WHEN 'whatsapp' THEN iif(substr(title, 1, 15) = 'WhatsApp group:', 'group', 'whatsapp')
        WHEN 'imessage' THEN 'message'
        WHEN 'sms' THEN 'message'
        WHEN 'phone' THEN 'call'
        WHEN 'slack' THEN 'slack'
    END AS kind,
    CASE source_type
        WHEN 'calendar' THEN nullif(substr(source_id, 1, instr(source_id || ':', ':') - 1), '')
        WHEN 'photos' THEN nullif(substr(source_id, 1, instr(source_id || ':', ':') - 1), '')
        WHEN 'vault' THEN nullif(source_id, '')
        WHEN 'gmail' THEN nullif(nullif(
            iif(substr(title, 1, 2) IN ('← ', '→ ', '↔ '), substr(title, 3), title), '(No Subject)'), '')
        WHEN 'whatsapp' THEN iif(substr(title, 1, 15) = 'WhatsApp group:', title, NULL)
    END AS key,
    CASE
        WHEN timestamp GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'
            THEN nullif(strftime('%Y-%m-%dT%H:%M:%fZ', timestamp), '1970-01-01T00:00:00.000Z')
    END AS instant
FROM interactions
WHERE person_id IS NOT NULL;

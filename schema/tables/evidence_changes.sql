-- evidence_changes: scratch, one row: the interaction whose evidence is being added (step 1) or taken back (-1).
--
-- Its writers say no more than that, and evidence_changes_after_update_*.sql do the rest.
-- So the rule for what an interaction is evidence of stands once for all of them: in kind and key, which are
-- computed here and, in the same words, in views/interaction_evidence.sql.
-- A row without a person, in a table that allows one, is evidence of nothing.
-- Kept true by: interactions_after_insert.sql, interactions_after_update.sql, interactions_after_delete.sql and
--   replace_notes_after_update.sql.
-- Cost: one small UPDATE an interaction.
CREATE TABLE evidence_changes (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    person_id TEXT,
    source_type TEXT,
    source_id TEXT,
    title TEXT,
    step INTEGER,
    kind TEXT AS (
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
        END
    ),
    key TEXT AS (
        CASE source_type
            WHEN 'calendar' THEN nullif(substr(source_id, 1, instr(source_id || ':', ':') - 1), '')
            WHEN 'photos' THEN nullif(substr(source_id, 1, instr(source_id || ':', ':') - 1), '')
            WHEN 'vault' THEN nullif(source_id, '')
            WHEN 'gmail' THEN nullif(nullif(
                iif(substr(title, 1, 2) IN ('← ', '→ ', '↔ '), substr(title, 3), title), '(No Subject)'), '')
            WHEN 'whatsapp' THEN iif(substr(title, 1, 15) = 'WhatsApp group:', title, NULL)
        END
    )
);

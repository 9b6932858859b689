-- Before an interaction is inserted: note the rows that it may silently replace.
--
-- Trap: a REPLACE fires no DELETE trigger. It can hit on id, on rowid and, where that index is UNIQUE, on
--   (source_type, source_id), all at once; so at most three notes. LIMIT 1 keeps the third look-up constant where
--   the index is not UNIQUE and a thousand rows share the key: none of those can vanish, and a UNIQUE index, also
--   one that appears later, has one row a key.
-- Trap: this fires for rows that OR IGNORE then rejects, and before DO UPDATE. It only notes; nothing is settled
--   before the AFTER trigger, and the next BEFORE trigger clears what was left.
-- NEW.rowid is -1 unless the statement gave one; a real row -1 is noted and found to be still there.
-- (id = NEW.id) IS NOT TRUE, not <>, because id may be NULL in the legacy table.
CREATE TRIGGER interactions_before_insert BEFORE INSERT ON interactions
BEGIN
    DELETE FROM replace_notes WHERE true;
    INSERT INTO replace_notes (interaction_rowid, person_id, source_type, source_id, title)
    SELECT rowid, person_id, source_type, source_id, title FROM interactions
    WHERE id = NEW.id
    UNION ALL
    SELECT rowid, person_id, source_type, source_id, title FROM interactions
    WHERE rowid = NEW.rowid AND (id = NEW.id) IS NOT TRUE
    UNION ALL
    SELECT * FROM (
        SELECT rowid, person_id, source_type, source_id, title FROM interactions
        WHERE source_type = NEW.source_type AND source_id = NEW.source_id
            AND (id = NEW.id) IS NOT TRUE AND rowid <> NEW.rowid
        LIMIT 1
    );
END;

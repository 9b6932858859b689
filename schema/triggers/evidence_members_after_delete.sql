-- After somebody leaves a context: they share it with nobody any more.
--
-- Only if the context counted with them in it (evidence_members_after_insert.sql). Of a pair's two rows the one that
-- has something to give gives, and a row of zeros goes.
-- Trap: who gives must be settled before anything is written. A condition that looks at the pair's other row sees, in
--   some versions of SQLite, that it has given just now, and lets both rows give. UPDATE ... FROM reads first. LIMIT -1
--   keeps the look-up of the givers apart, so that each of them is then found by its key.
CREATE TRIGGER evidence_members_after_delete AFTER DELETE ON evidence_members
WHEN OLD.kind = 'note'
    OR (SELECT max_people FROM evidence_rules WHERE id = 1) > 0
    AND NOT EXISTS (
        SELECT 1 FROM evidence_members WHERE kind = OLD.kind AND key = OLD.key
        LIMIT 1 OFFSET (SELECT max_people - 1 FROM evidence_rules WHERE id = 1)
    )
BEGIN
    UPDATE evidence_ties SET
        events = evidence_ties.events - (OLD.kind = 'event'),
        threads = evidence_ties.threads - (OLD.kind = 'thread'),
        photos = evidence_ties.photos - (OLD.kind = 'photo'),
        notes = evidence_ties.notes - (OLD.kind = 'note')
    FROM (
        SELECT coalesce(forth.person, back.person) AS person, coalesce(forth.other, back.other) AS other
        FROM evidence_members AS members
        LEFT JOIN evidence_ties AS forth
            ON forth.person = OLD.person AND forth.other = members.person
            AND CASE OLD.kind
                WHEN 'event' THEN forth.events WHEN 'thread' THEN forth.threads
                WHEN 'photo' THEN forth.photos ELSE forth.notes
            END > 0
        LEFT JOIN evidence_ties AS back
            ON forth.person IS NULL AND back.person = members.person AND back.other = OLD.person
            AND CASE OLD.kind
                WHEN 'event' THEN back.events WHEN 'thread' THEN back.threads
                WHEN 'photo' THEN back.photos ELSE back.notes
            END > 0
        WHERE members.kind = OLD.kind AND members.key = OLD.key
        LIMIT -1
    ) AS giving
    WHERE evidence_ties.person = giving.person AND evidence_ties.other = giving.other;
    DELETE FROM evidence_ties
    WHERE person = OLD.person
        AND other IN (SELECT person FROM evidence_members WHERE kind = OLD.kind AND key = OLD.key)
        AND (events, threads, photos, notes) = (0, 0, 0, 0);
    DELETE FROM evidence_ties
    WHERE person IN (SELECT person FROM evidence_members WHERE kind = OLD.kind AND key = OLD.key)
        AND other = OLD.person
        AND (events, threads, photos, notes) = (0, 0, 0, 0);

    UPDATE evidence_people SET events = events - (OLD.kind = 'event'), threads = threads - (OLD.kind = 'thread')
    WHERE number = OLD.person AND OLD.kind IN ('event', 'thread');
END;

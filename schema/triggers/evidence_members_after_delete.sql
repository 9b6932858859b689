-- After somebody leaves a context: they share it with nobody any more.
--
-- Only if the context counted with them in it (evidence_members_after_insert.sql). Of a pair's two rows their own
-- gives if it has something to give, else the other person's; a row of zeros goes.
-- Trap: one UPDATE of both would see what it has just changed. So the first statement changes only rows of others and
-- looks at own ones, and the second changes those.
CREATE TRIGGER evidence_members_after_delete AFTER DELETE ON evidence_members
WHEN OLD.kind = 'note'
    OR (SELECT max_people FROM evidence_rules WHERE id = 1) > 0
    AND NOT EXISTS (
        SELECT 1 FROM evidence_members WHERE kind = OLD.kind AND key = OLD.key
        LIMIT 1 OFFSET (SELECT max_people - 1 FROM evidence_rules WHERE id = 1)
    )
BEGIN
    UPDATE evidence_ties SET
        events = events - (OLD.kind = 'event'),
        threads = threads - (OLD.kind = 'thread'),
        photos = photos - (OLD.kind = 'photo'),
        notes = notes - (OLD.kind = 'note')
    WHERE other = OLD.person
        AND person IN (SELECT person FROM evidence_members WHERE kind = OLD.kind AND key = OLD.key)
        AND NOT EXISTS (
            SELECT 1 FROM evidence_ties AS own
            WHERE own.person = OLD.person AND own.other = evidence_ties.person
                AND CASE OLD.kind
                    WHEN 'event' THEN own.events WHEN 'thread' THEN own.threads
                    WHEN 'photo' THEN own.photos ELSE own.notes
                END > 0
        );
    UPDATE evidence_ties SET
        events = events - (OLD.kind = 'event'),
        threads = threads - (OLD.kind = 'thread'),
        photos = photos - (OLD.kind = 'photo'),
        notes = notes - (OLD.kind = 'note')
    WHERE person = OLD.person
        AND other IN (SELECT person FROM evidence_members WHERE kind = OLD.kind AND key = OLD.key)
        AND CASE OLD.kind
            WHEN 'event' THEN events WHEN 'thread' THEN threads WHEN 'photo' THEN photos ELSE notes
        END > 0;
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

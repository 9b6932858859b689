-- After somebody leaves a context: they share it with nobody any more.
--
-- Only if the context counted with them in it (evidence_members_after_insert.sql). Of a pair's two rows the one that
-- has something to give gives, and a row of zeros goes.
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
    WHERE (person, other) IN (
            SELECT OLD.person, person FROM evidence_members WHERE kind = OLD.kind AND key = OLD.key
            UNION ALL
            SELECT person, OLD.person FROM evidence_members WHERE kind = OLD.kind AND key = OLD.key
        )
        AND CASE OLD.kind
            WHEN 'event' THEN events WHEN 'thread' THEN threads WHEN 'photo' THEN photos ELSE notes
        END > 0
        AND (
            person = OLD.person
            OR NOT EXISTS (
                SELECT 1 FROM evidence_ties AS back
                WHERE back.person = OLD.person AND back.other = evidence_ties.person
                    AND CASE OLD.kind
                        WHEN 'event' THEN back.events WHEN 'thread' THEN back.threads
                        WHEN 'photo' THEN back.photos ELSE back.notes
                    END > 0
            )
        );
    DELETE FROM evidence_ties
    WHERE (person, other) IN (
            SELECT OLD.person, person FROM evidence_members WHERE kind = OLD.kind AND key = OLD.key
            UNION ALL
            SELECT person, OLD.person FROM evidence_members WHERE kind = OLD.kind AND key = OLD.key
        )
        AND (events, threads, photos, notes) = (0, 0, 0, 0);

    UPDATE evidence_people SET events = events - (OLD.kind = 'event'), threads = threads - (OLD.kind = 'thread')
    WHERE number = OLD.person AND OLD.kind IN ('event', 'thread');
END;

-- After somebody takes a context beyond settings.max_context_people: it counts no more for those who were in it.
--
-- Of a pair's two rows that of the greater number gives if it has something to give, else the other: in two statements,
-- because one UPDATE of both would see what it has just changed.
-- Cost: one step for every two people in it, paid for by the limit's number of rows that took it there.
CREATE TRIGGER evidence_members_after_insert_beyond AFTER INSERT ON evidence_members
WHEN NEW.kind <> 'note'
    AND EXISTS (
        SELECT 1 FROM evidence_members WHERE kind = NEW.kind AND key = NEW.key
        LIMIT 1 OFFSET (SELECT max_people FROM evidence_rules WHERE id = 1)
    )
    AND NOT EXISTS (
        SELECT 1 FROM evidence_members WHERE kind = NEW.kind AND key = NEW.key
        LIMIT 1 OFFSET (SELECT max_people + 1 FROM evidence_rules WHERE id = 1)
    )
BEGIN
    UPDATE evidence_ties SET
        events = events - (NEW.kind = 'event'),
        threads = threads - (NEW.kind = 'thread'),
        photos = photos - (NEW.kind = 'photo')
    WHERE (person, other) IN (
            SELECT one.person, other.person
            FROM evidence_members AS one
            CROSS JOIN evidence_members AS other
            WHERE one.kind = NEW.kind AND one.key = NEW.key AND one.person <> NEW.person
                AND other.kind = NEW.kind AND other.key = NEW.key AND other.person <> NEW.person
                AND one.person < other.person
        )
        AND NOT EXISTS (
            SELECT 1 FROM evidence_ties AS back
            WHERE back.person = evidence_ties.other AND back.other = evidence_ties.person
                AND CASE NEW.kind
                    WHEN 'event' THEN back.events WHEN 'thread' THEN back.threads ELSE back.photos
                END > 0
        );
    UPDATE evidence_ties SET
        events = events - (NEW.kind = 'event'),
        threads = threads - (NEW.kind = 'thread'),
        photos = photos - (NEW.kind = 'photo')
    WHERE (person, other) IN (
            SELECT one.person, other.person
            FROM evidence_members AS one
            CROSS JOIN evidence_members AS other
            WHERE one.kind = NEW.kind AND one.key = NEW.key AND one.person <> NEW.person
                AND other.kind = NEW.kind AND other.key = NEW.key AND other.person <> NEW.person
                AND one.person > other.person
        )
        AND CASE NEW.kind WHEN 'event' THEN events WHEN 'thread' THEN threads ELSE photos END > 0;
    DELETE FROM evidence_ties
    WHERE person IN (SELECT person FROM evidence_members WHERE kind = NEW.kind AND key = NEW.key)
        AND other IN (SELECT person FROM evidence_members WHERE kind = NEW.kind AND key = NEW.key)
        AND (events, threads, photos, notes) = (0, 0, 0, 0);

    UPDATE evidence_people SET events = events - (NEW.kind = 'event'), threads = threads - (NEW.kind = 'thread')
    WHERE NEW.kind IN ('event', 'thread')
        AND number IN (SELECT person FROM evidence_members WHERE kind = NEW.kind AND key = NEW.key)
        AND number <> NEW.person;
END;

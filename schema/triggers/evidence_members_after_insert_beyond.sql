-- After somebody takes a context beyond settings.max_context_people: it counts no more for those who were in it.
--
-- Of a pair's two rows the one that has something to give gives; that is settled before anything is written
-- (evidence_members_after_delete.sql).
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
        events = evidence_ties.events - (NEW.kind = 'event'),
        threads = evidence_ties.threads - (NEW.kind = 'thread'),
        photos = evidence_ties.photos - (NEW.kind = 'photo')
    FROM (
        SELECT coalesce(forth.person, back.person) AS person, coalesce(forth.other, back.other) AS other
        FROM evidence_members AS one
        CROSS JOIN evidence_members AS two
        LEFT JOIN evidence_ties AS forth
            ON forth.person = one.person AND forth.other = two.person
            AND CASE NEW.kind WHEN 'event' THEN forth.events WHEN 'thread' THEN forth.threads ELSE forth.photos END > 0
        LEFT JOIN evidence_ties AS back
            ON forth.person IS NULL AND back.person = two.person AND back.other = one.person
            AND CASE NEW.kind WHEN 'event' THEN back.events WHEN 'thread' THEN back.threads ELSE back.photos END > 0
        WHERE one.kind = NEW.kind AND one.key = NEW.key AND one.person <> NEW.person
            AND two.kind = NEW.kind AND two.key = NEW.key AND two.person <> NEW.person
            AND two.person < one.person
        LIMIT -1
    ) AS giving
    WHERE evidence_ties.person = giving.person AND evidence_ties.other = giving.other;
    DELETE FROM evidence_ties
    WHERE person IN (SELECT person FROM evidence_members WHERE kind = NEW.kind AND key = NEW.key)
        AND other IN (SELECT person FROM evidence_members WHERE kind = NEW.kind AND key = NEW.key)
        AND (events, threads, photos, notes) = (0, 0, 0, 0);

    UPDATE evidence_people SET events = events - (NEW.kind = 'event'), threads = threads - (NEW.kind = 'thread')
    WHERE NEW.kind IN ('event', 'thread')
        AND number IN (SELECT person FROM evidence_members WHERE kind = NEW.kind AND key = NEW.key)
        AND number <> NEW.person;
END;

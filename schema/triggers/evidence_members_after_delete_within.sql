-- After somebody brings a context back to settings.max_context_people by leaving it: it counts for those who stay.
--
-- Cost: one step for every two people in it, paid for as in evidence_members_after_insert_beyond.sql.
CREATE TRIGGER evidence_members_after_delete_within AFTER DELETE ON evidence_members
WHEN OLD.kind <> 'note'
    AND EXISTS (
        SELECT 1 FROM evidence_members WHERE kind = OLD.kind AND key = OLD.key
        LIMIT 1 OFFSET (SELECT max_people - 1 FROM evidence_rules WHERE id = 1)
    )
    AND NOT EXISTS (
        SELECT 1 FROM evidence_members WHERE kind = OLD.kind AND key = OLD.key
        LIMIT 1 OFFSET (SELECT max_people FROM evidence_rules WHERE id = 1)
    )
BEGIN
    INSERT INTO evidence_ties (person, other, events, threads, photos)
    SELECT one.person, other.person, OLD.kind = 'event', OLD.kind = 'thread', OLD.kind = 'photo'
    FROM evidence_members AS one
    CROSS JOIN evidence_members AS other
    WHERE one.kind = OLD.kind AND one.key = OLD.key
        AND other.kind = OLD.kind AND other.key = OLD.key AND other.person < one.person
    ON CONFLICT (person, other) DO UPDATE SET
        events = evidence_ties.events + excluded.events,
        threads = evidence_ties.threads + excluded.threads,
        photos = evidence_ties.photos + excluded.photos;

    UPDATE evidence_people SET events = events + (OLD.kind = 'event'), threads = threads + (OLD.kind = 'thread')
    WHERE OLD.kind IN ('event', 'thread')
        AND number IN (SELECT person FROM evidence_members WHERE kind = OLD.kind AND key = OLD.key);
END;

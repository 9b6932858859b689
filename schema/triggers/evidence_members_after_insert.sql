-- After somebody comes into a context: they share it with everyone who is in it, and with the owner.
--
-- A context of more people than settings.max_context_people counts for nobody; notes have no limit. Events and threads
-- count between the owner and everyone in them, whether the owner has a row or not; in photos and notes the owner is
-- an ordinary participant.
-- Cost: one range, read up to the limit of people, and one upsert for each of the others, side by side.
CREATE TRIGGER evidence_members_after_insert AFTER INSERT ON evidence_members
WHEN NEW.kind = 'note'
    OR NOT EXISTS (
        SELECT 1 FROM evidence_members WHERE kind = NEW.kind AND key = NEW.key
        LIMIT 1 OFFSET (SELECT max_people FROM evidence_rules WHERE id = 1)
    )
BEGIN
    INSERT INTO evidence_ties (person, other, events, threads, photos, notes)
    SELECT NEW.person, person, NEW.kind = 'event', NEW.kind = 'thread', NEW.kind = 'photo', NEW.kind = 'note'
    FROM evidence_members
    WHERE kind = NEW.kind AND key = NEW.key AND person <> NEW.person
    ON CONFLICT (person, other) DO UPDATE SET
        events = evidence_ties.events + excluded.events,
        threads = evidence_ties.threads + excluded.threads,
        photos = evidence_ties.photos + excluded.photos,
        notes = evidence_ties.notes + excluded.notes;

    UPDATE evidence_people SET events = events + (NEW.kind = 'event'), threads = threads + (NEW.kind = 'thread')
    WHERE number = NEW.person AND NEW.kind IN ('event', 'thread');
END;

-- A relationship is changed: what was written down changes, and a pair that was there for its evidence alone is kept
-- from now on.
--
-- An UPDATE of counts goes to the cached counts, and keeps nothing: only repair does that, and verify names it
-- otherwise. Dates are evidence and are not taken. A value that stays as it was read is not written down, so that a
-- flag does not freeze a derived type.
CREATE TRIGGER relationships_instead_of_update INSTEAD OF UPDATE ON relationships
BEGIN
    SELECT RAISE(ABORT, 'a relationship keeps its two people: delete it and insert another')
    WHERE (OLD.person_a_id, OLD.person_b_id) IS NOT (NEW.person_a_id, NEW.person_b_id);
    SELECT RAISE(ABORT, 'another pair has this relationship id, or none is given')
    WHERE NEW.id IS NULL OR EXISTS (
        SELECT 1 FROM relationship_records
        WHERE id = NEW.id AND (person_a_id, person_b_id) IS NOT (NEW.person_a_id, NEW.person_b_id)
    );

    INSERT INTO evidence_people (person_id)
    VALUES (NEW.person_a_id), (NEW.person_b_id)
    ON CONFLICT (person_id) DO NOTHING;
    INSERT INTO evidence_ties (person, other, events, threads, photos, notes)
    SELECT
        one.number, other.number,
        iif(owners, 0, NEW.shared_events_count - OLD.shared_events_count),
        iif(owners, 0, NEW.shared_threads_count - OLD.shared_threads_count),
        NEW.shared_photos_count - OLD.shared_photos_count,
        NEW.shared_notes_count - OLD.shared_notes_count
    FROM (
        SELECT (SELECT owner_id FROM relationship_rules) IN (NEW.person_a_id, NEW.person_b_id) IS TRUE AS owners
    )
    CROSS JOIN evidence_people AS one
    CROSS JOIN evidence_people AS other
    WHERE one.person_id = NEW.person_a_id AND other.person_id = NEW.person_b_id
        AND (
            NEW.shared_events_count, NEW.shared_threads_count, NEW.shared_photos_count, NEW.shared_notes_count
        ) IS NOT (
            OLD.shared_events_count, OLD.shared_threads_count, OLD.shared_photos_count, OLD.shared_notes_count
        )
    ON CONFLICT (person, other) DO UPDATE SET
        events = evidence_ties.events + excluded.events,
        threads = evidence_ties.threads + excluded.threads,
        photos = evidence_ties.photos + excluded.photos,
        notes = evidence_ties.notes + excluded.notes;
    UPDATE evidence_people SET
        events = events + NEW.shared_events_count - OLD.shared_events_count,
        threads = threads + NEW.shared_threads_count - OLD.shared_threads_count,
        messages = messages + NEW.shared_messages_count - OLD.shared_messages_count,
        whatsapp = whatsapp + NEW.shared_whatsapp_count - OLD.shared_whatsapp_count,
        slack = slack + NEW.shared_slack_count - OLD.shared_slack_count,
        phone_calls = phone_calls + NEW.shared_phone_calls_count - OLD.shared_phone_calls_count
    WHERE person_id = CASE (SELECT owner_id FROM relationship_rules)
            WHEN NEW.person_a_id THEN NEW.person_b_id
            WHEN NEW.person_b_id THEN NEW.person_a_id
        END;

    INSERT INTO relationship_records (
        id, person_a_id, person_b_id, relationship_type, shared_contexts, is_linkedin_connection,
        created_at, updated_at, extra
    )
    SELECT
        NEW.id, NEW.person_a_id, NEW.person_b_id,
        iif(OLD.relationship_type IS NEW.relationship_type, NULL, NEW.relationship_type),
        iif(OLD.shared_contexts IS NEW.shared_contexts, NULL, NEW.shared_contexts),
        NEW.is_linkedin_connection, NEW.created_at, NEW.updated_at, NEW.extra
    WHERE (
            OLD.id, OLD.relationship_type, OLD.shared_contexts, OLD.is_linkedin_connection,
            OLD.created_at, OLD.updated_at, OLD.extra
        ) IS NOT (
            NEW.id, NEW.relationship_type, NEW.shared_contexts, NEW.is_linkedin_connection,
            NEW.created_at, NEW.updated_at, NEW.extra
        )
    ON CONFLICT (person_a_id, person_b_id) DO UPDATE SET
        id = excluded.id,
        relationship_type = coalesce(excluded.relationship_type, relationship_records.relationship_type),
        shared_contexts = coalesce(excluded.shared_contexts, relationship_records.shared_contexts),
        is_linkedin_connection = excluded.is_linkedin_connection,
        created_at = excluded.created_at,
        updated_at = excluded.updated_at,
        extra = excluded.extra;

    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

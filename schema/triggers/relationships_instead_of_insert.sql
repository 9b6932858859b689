-- A relationship is written down: the pair is kept from now on, whatever its evidence.
--
-- The two people may come in either order. A pair that is kept already takes the new values and keeps its place.
-- Counts and dates are not taken: they are evidence. Of shared_contexts, what can be derived is not taken either.
CREATE TRIGGER relationships_instead_of_insert INSTEAD OF INSERT ON relationships
BEGIN
    SELECT RAISE(ABORT, 'a relationship needs two different people')
    WHERE (NEW.person_a_id <> NEW.person_b_id) IS NOT TRUE;
    SELECT RAISE(ABORT, 'another pair has this relationship id')
    FROM relationship_records
    WHERE id = coalesce(
            NEW.id,
            'pair:' || min(NEW.person_a_id, NEW.person_b_id) || ':' || max(NEW.person_a_id, NEW.person_b_id)
        )
        AND (person_a_id, person_b_id)
            IS NOT (min(NEW.person_a_id, NEW.person_b_id), max(NEW.person_a_id, NEW.person_b_id));

    INSERT INTO relationship_records (
        id, person_a_id, person_b_id, relationship_type, shared_contexts, is_linkedin_connection,
        created_at, updated_at, extra
    )
    VALUES (
        coalesce(
            NEW.id,
            'pair:' || min(NEW.person_a_id, NEW.person_b_id) || ':' || max(NEW.person_a_id, NEW.person_b_id)
        ),
        min(NEW.person_a_id, NEW.person_b_id), max(NEW.person_a_id, NEW.person_b_id),
        NEW.relationship_type, NEW.shared_contexts, NEW.is_linkedin_connection,
        NEW.created_at, NEW.updated_at, NEW.extra
    )
    ON CONFLICT (person_a_id, person_b_id) DO UPDATE SET
        id = excluded.id,
        relationship_type = excluded.relationship_type,
        shared_contexts = excluded.shared_contexts,
        is_linkedin_connection = excluded.is_linkedin_connection,
        created_at = excluded.created_at,
        updated_at = excluded.updated_at,
        extra = excluded.extra;

    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

-- relationships: who knows whom, one row a pair, under the legacy column names and in their order.
--
-- A pair of two people shows if its evidence suffices (docs/relationships.md), or if it was imported or written
-- down. Counts are cached; contexts and dates are computed when they are read. Hidden people's pairs are here too.
-- An imported type, id or date of creation is given as it is; a pair that shows for its evidence alone is coworker
-- where events suffice, else inferred, and its id is made from the two people's.
-- It can be written like a table (relationships_instead_of_*.sql).
-- Cost: one look-up each for the two people, a pair; the two dates cost both people's interactions, a pair, if they
-- are asked for.
CREATE VIEW relationships AS
SELECT
    coalesce(records.id, 'pair:' || pairs.person_a_id || ':' || pairs.person_b_id) AS id,
    pairs.person_a_id AS person_a_id,
    pairs.person_b_id AS person_b_id,
    coalesce(
        records.relationship_type,
        iif(
            pairs.shared_events_count
                >= iif((SELECT owner_id FROM relationship_rules) IN (pairs.person_a_id, pairs.person_b_id), 1, 2),
            'coworker', 'inferred'
        )
    ) AS relationship_type,
    '[' || rtrim(
        iif(pairs.shared_events_count > 0, '"calendar", ', '')
            || iif(pairs.shared_threads_count > 0, '"gmail", ', '')
            || iif(pairs.shared_photos_count > 0, '"photos", ', '')
            || iif(pairs.shared_messages_count > 0, '"imessage", ', '')
            || iif(
                pairs.shared_whatsapp_count > 0 OR EXISTS (
                    SELECT 1
                    FROM evidence_groups AS one
                    CROSS JOIN evidence_groups AS other
                    WHERE one.person_id = pairs.person_a_id
                        AND other.person_id = pairs.person_b_id AND other.title = one.title
                ),
                '"whatsapp", ', ''
            )
            || iif(pairs.shared_phone_calls_count > 0, '"phone", ', '')
            || iif(pairs.shared_slack_count > 0, '"slack", ', '')
            || iif(pairs.shared_notes_count >= 2, '"vault", ', '')
            || coalesce(records.own_contexts, ''),
        ', '
    ) || ']' AS shared_contexts,
    pairs.shared_events_count AS shared_events_count,
    pairs.shared_threads_count AS shared_threads_count,
    (
        SELECT replace(min(instant), 'Z', '+00:00') FROM relationship_evidence AS evidence
        WHERE evidence.person_a_id = pairs.person_a_id AND evidence.person_b_id = pairs.person_b_id
    ) AS first_seen_together,
    (
        SELECT replace(max(instant), 'Z', '+00:00') FROM relationship_evidence AS evidence
        WHERE evidence.person_a_id = pairs.person_a_id AND evidence.person_b_id = pairs.person_b_id
    ) AS last_seen_together,
    records.created_at AS created_at,
    records.updated_at AS updated_at,
    pairs.shared_messages_count AS shared_messages_count,
    pairs.shared_whatsapp_count AS shared_whatsapp_count,
    pairs.shared_slack_count AS shared_slack_count,
    coalesce(records.is_linkedin_connection, 0) AS is_linkedin_connection,
    pairs.shared_phone_calls_count AS shared_phone_calls_count,
    pairs.shared_photos_count AS shared_photos_count,
    pairs.shared_notes_count AS shared_notes_count,
    records.extra AS extra,
    records.rowid AS place
FROM relationship_pairs AS pairs
LEFT JOIN relationship_records AS records
    ON records.person_a_id = pairs.person_a_id AND records.person_b_id = pairs.person_b_id
WHERE (
        records.id IS NOT NULL
        OR pairs.shared_events_count
            >= iif((SELECT owner_id FROM relationship_rules) IN (pairs.person_a_id, pairs.person_b_id), 1, 2)
        OR pairs.shared_threads_count >= 1
        OR pairs.shared_photos_count >= 3
        OR pairs.shared_notes_count >= 2
        OR pairs.shared_messages_count >= 1
        OR pairs.shared_whatsapp_count >= 1
        OR pairs.shared_phone_calls_count >= 1
        OR pairs.shared_slack_count >= 1
    )
    AND EXISTS (SELECT 1 FROM people WHERE people.id = pairs.person_a_id)
    AND EXISTS (SELECT 1 FROM people WHERE people.id = pairs.person_b_id);

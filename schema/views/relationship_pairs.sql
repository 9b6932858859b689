-- relationship_pairs: one row a pair of ids that share evidence, or of which something was written down, with the
-- cached counts.
--
-- The sum of both directions of evidence_ties; the owner's pairs take events and threads from evidence_people, where
-- the direct interactions are too. Whoever the ids point at. The five parts have no pair in common: ties that are not
-- the owner's, in each order of the ids; the owner's pairs, in each order; and records that no evidence goes with.
-- Cost: ask for person_a_id or person_b_id as a constant, and only that person's ties are read. That is why the ids
--   come first and alone, as bare columns, and nothing is grouped: so the condition reaches every key.
CREATE VIEW relationship_pairs AS
SELECT
    pairs.person_a_id AS person_a_id,
    pairs.person_b_id AS person_b_id,
    CASE (SELECT owner_id FROM relationship_rules)
        WHEN pairs.person_a_id THEN coalesce(two.events, 0)
        WHEN pairs.person_b_id THEN coalesce(one.events, 0)
        ELSE coalesce(forth.events, 0) + coalesce(back.events, 0)
    END AS shared_events_count,
    CASE (SELECT owner_id FROM relationship_rules)
        WHEN pairs.person_a_id THEN coalesce(two.threads, 0)
        WHEN pairs.person_b_id THEN coalesce(one.threads, 0)
        ELSE coalesce(forth.threads, 0) + coalesce(back.threads, 0)
    END AS shared_threads_count,
    CASE (SELECT owner_id FROM relationship_rules)
        WHEN pairs.person_a_id THEN coalesce(two.messages, 0)
        WHEN pairs.person_b_id THEN coalesce(one.messages, 0)
        ELSE 0
    END AS shared_messages_count,
    CASE (SELECT owner_id FROM relationship_rules)
        WHEN pairs.person_a_id THEN coalesce(two.whatsapp, 0)
        WHEN pairs.person_b_id THEN coalesce(one.whatsapp, 0)
        ELSE 0
    END AS shared_whatsapp_count,
    CASE (SELECT owner_id FROM relationship_rules)
        WHEN pairs.person_a_id THEN coalesce(two.slack, 0)
        WHEN pairs.person_b_id THEN coalesce(one.slack, 0)
        ELSE 0
    END AS shared_slack_count,
    CASE (SELECT owner_id FROM relationship_rules)
        WHEN pairs.person_a_id THEN coalesce(two.phone_calls, 0)
        WHEN pairs.person_b_id THEN coalesce(one.phone_calls, 0)
        ELSE 0
    END AS shared_phone_calls_count,
    coalesce(forth.photos, 0) + coalesce(back.photos, 0) AS shared_photos_count,
    coalesce(forth.notes, 0) + coalesce(back.notes, 0) AS shared_notes_count
FROM (
    SELECT one.person_id AS person_a_id, two.person_id AS person_b_id
    FROM evidence_ties AS ties
    INNER JOIN evidence_people AS one ON one.number = ties.person
    INNER JOIN evidence_people AS two ON two.number = ties.other
    WHERE one.person_id < two.person_id
        AND ((SELECT owner_id FROM relationship_rules) IN (one.person_id, two.person_id)) IS NOT TRUE
        AND (
            ties.person < ties.other
            OR NOT EXISTS (
                SELECT 1 FROM evidence_ties AS back WHERE back.person = ties.other AND back.other = ties.person
            )
        )
    UNION ALL
    SELECT two.person_id, one.person_id
    FROM evidence_ties AS ties
    INNER JOIN evidence_people AS one ON one.number = ties.person
    INNER JOIN evidence_people AS two ON two.number = ties.other
    WHERE two.person_id < one.person_id
        AND ((SELECT owner_id FROM relationship_rules) IN (one.person_id, two.person_id)) IS NOT TRUE
        AND (
            ties.person < ties.other
            OR NOT EXISTS (
                SELECT 1 FROM evidence_ties AS back WHERE back.person = ties.other AND back.other = ties.person
            )
        )
    UNION ALL
    SELECT rules.owner_id, people.person_id
    FROM relationship_rules AS rules
    INNER JOIN evidence_people AS people ON people.person_id > rules.owner_id
    UNION ALL
    SELECT people.person_id, rules.owner_id
    FROM relationship_rules AS rules
    INNER JOIN evidence_people AS people ON people.person_id < rules.owner_id
    UNION ALL
    SELECT person_a_id, person_b_id
    FROM relationship_records AS records
    WHERE NOT EXISTS (
            SELECT 1 FROM evidence_people AS people
            WHERE people.person_id = CASE (SELECT owner_id FROM relationship_rules)
                    WHEN person_a_id THEN person_b_id
                    WHEN person_b_id THEN person_a_id
                END
        )
        AND NOT EXISTS (
            SELECT 1
            FROM evidence_people AS one
            CROSS JOIN evidence_people AS two
            WHERE one.person_id = person_a_id AND two.person_id = person_b_id
                AND (
                    EXISTS (SELECT 1 FROM evidence_ties WHERE person = one.number AND other = two.number)
                    OR EXISTS (SELECT 1 FROM evidence_ties WHERE person = two.number AND other = one.number)
                )
        )
) AS pairs
LEFT JOIN evidence_people AS one ON one.person_id = pairs.person_a_id
LEFT JOIN evidence_people AS two ON two.person_id = pairs.person_b_id
LEFT JOIN evidence_ties AS forth ON forth.person = one.number AND forth.other = two.number
LEFT JOIN evidence_ties AS back ON back.person = two.number AND back.other = one.number;

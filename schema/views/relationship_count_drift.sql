-- relationship_count_drift: every cached count of a pair that is not the actual one. Empty when all is well.
--
-- A pair that only one side knows has zeros on the other.
-- Cost: one pass over relationship_counts and one over relationship_pairs.
CREATE VIEW relationship_count_drift AS
WITH compared AS MATERIALIZED (
    SELECT
        person_a_id,
        person_b_id,
        sum(iif(cached, shared_events_count, 0)) AS cached_events,
        sum(iif(cached, 0, shared_events_count)) AS actual_events,
        sum(iif(cached, shared_threads_count, 0)) AS cached_threads,
        sum(iif(cached, 0, shared_threads_count)) AS actual_threads,
        sum(iif(cached, shared_messages_count, 0)) AS cached_messages,
        sum(iif(cached, 0, shared_messages_count)) AS actual_messages,
        sum(iif(cached, shared_whatsapp_count, 0)) AS cached_whatsapp,
        sum(iif(cached, 0, shared_whatsapp_count)) AS actual_whatsapp,
        sum(iif(cached, shared_slack_count, 0)) AS cached_slack,
        sum(iif(cached, 0, shared_slack_count)) AS actual_slack,
        sum(iif(cached, shared_phone_calls_count, 0)) AS cached_phone_calls,
        sum(iif(cached, 0, shared_phone_calls_count)) AS actual_phone_calls,
        sum(iif(cached, shared_photos_count, 0)) AS cached_photos,
        sum(iif(cached, 0, shared_photos_count)) AS actual_photos,
        sum(iif(cached, shared_notes_count, 0)) AS cached_notes,
        sum(iif(cached, 0, shared_notes_count)) AS actual_notes
    FROM (
        SELECT
            1 AS cached, person_a_id, person_b_id,
            shared_events_count, shared_threads_count, shared_messages_count, shared_whatsapp_count,
            shared_slack_count, shared_phone_calls_count, shared_photos_count, shared_notes_count
        FROM relationship_pairs
        UNION ALL
        SELECT
            0, person_a_id, person_b_id,
            shared_events_count, shared_threads_count, shared_messages_count, shared_whatsapp_count,
            shared_slack_count, shared_phone_calls_count, shared_photos_count, shared_notes_count
        FROM relationship_counts
    )
    GROUP BY person_a_id, person_b_id
)
SELECT person_a_id, person_b_id, 'events' AS counter, cached_events AS cached, actual_events AS actual
FROM compared WHERE cached_events <> actual_events
UNION ALL
SELECT person_a_id, person_b_id, 'threads', cached_threads, actual_threads
FROM compared WHERE cached_threads <> actual_threads
UNION ALL
SELECT person_a_id, person_b_id, 'messages', cached_messages, actual_messages
FROM compared WHERE cached_messages <> actual_messages
UNION ALL
SELECT person_a_id, person_b_id, 'whatsapp', cached_whatsapp, actual_whatsapp
FROM compared WHERE cached_whatsapp <> actual_whatsapp
UNION ALL
SELECT person_a_id, person_b_id, 'slack', cached_slack, actual_slack
FROM compared WHERE cached_slack <> actual_slack
UNION ALL
SELECT person_a_id, person_b_id, 'phone_calls', cached_phone_calls, actual_phone_calls
FROM compared WHERE cached_phone_calls <> actual_phone_calls
UNION ALL
SELECT person_a_id, person_b_id, 'photos', cached_photos, actual_photos
FROM compared WHERE cached_photos <> actual_photos
UNION ALL
SELECT person_a_id, person_b_id, 'notes', cached_notes, actual_notes
FROM compared WHERE cached_notes <> actual_notes;

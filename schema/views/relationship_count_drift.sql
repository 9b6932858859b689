-- relationship_count_drift: every cached count of a pair that is not the actual one. Empty when all is well.
--
-- A pair that only one side knows has zeros on the other.
-- Cost: one pass over relationship_counts and one over relationship_pairs. Each is named once: SQLite numbers a table
--   anew wherever it is named, also within a view, and from 3.54 on refuses a statement with a thousand of them.
CREATE VIEW relationship_count_drift AS
WITH
counters (counter) AS (
    VALUES ('events'), ('threads'), ('messages'), ('whatsapp'), ('slack'), ('phone_calls'), ('photos'), ('notes')
),
compared AS (
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
),
counts AS (
    SELECT
        person_a_id,
        person_b_id,
        counter,
        CASE counter
            WHEN 'events' THEN cached_events
            WHEN 'threads' THEN cached_threads
            WHEN 'messages' THEN cached_messages
            WHEN 'whatsapp' THEN cached_whatsapp
            WHEN 'slack' THEN cached_slack
            WHEN 'phone_calls' THEN cached_phone_calls
            WHEN 'photos' THEN cached_photos
            WHEN 'notes' THEN cached_notes
        END AS cached,
        CASE counter
            WHEN 'events' THEN actual_events
            WHEN 'threads' THEN actual_threads
            WHEN 'messages' THEN actual_messages
            WHEN 'whatsapp' THEN actual_whatsapp
            WHEN 'slack' THEN actual_slack
            WHEN 'phone_calls' THEN actual_phone_calls
            WHEN 'photos' THEN actual_photos
            WHEN 'notes' THEN actual_notes
        END AS actual
    FROM compared
    CROSS JOIN counters
)
SELECT person_a_id, person_b_id, counter, cached, actual
FROM counts
WHERE cached <> actual;

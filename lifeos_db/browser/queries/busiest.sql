-- busiest: the fifteen people with the highest counts, one row a person and counter; not hidden people, not the owner.
-- Cost: one pass over people; the counts are cached.
WITH busiest AS (
    SELECT
        coalesce(nullif(display_name, ''), nullif(canonical_name, ''), id) AS person,
        email_count, meeting_count, mention_count, message_count,
        email_count + meeting_count + mention_count + message_count AS total
    FROM people
    WHERE hidden IS NOT 1 AND id IS NOT (SELECT value FROM settings WHERE key = 'owner_id')
        AND NOT EXISTS (SELECT 1 FROM person_merges WHERE person_merges.merged_id = people.id)
    ORDER BY total DESC, person
    LIMIT 15
)
SELECT person, 'emails' AS counter, email_count AS number, total FROM busiest
UNION ALL SELECT person, 'meetings', meeting_count, total FROM busiest
UNION ALL SELECT person, 'mentions', mention_count, total FROM busiest
UNION ALL SELECT person, 'messages', message_count, total FROM busiest
ORDER BY total DESC, person, counter

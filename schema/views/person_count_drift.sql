-- person_count_drift: every cached count that is not the actual one. Empty when all is well.
--
-- A person without interactions must have four zeros, so the join starts at people. Interactions whose person is
-- missing have no cached count to disagree with: they are in orphan_interactions.
-- Cost: one pass over person_counts and one over people.
CREATE VIEW person_count_drift AS
WITH compared AS (
    SELECT
        people.id AS person_id,
        people.email_count AS cached_email,
        people.meeting_count AS cached_meeting,
        people.mention_count AS cached_mention,
        people.message_count AS cached_message,
        coalesce(person_counts.email_count, 0) AS actual_email,
        coalesce(person_counts.meeting_count, 0) AS actual_meeting,
        coalesce(person_counts.mention_count, 0) AS actual_mention,
        coalesce(person_counts.message_count, 0) AS actual_message
    FROM people
    LEFT JOIN person_counts ON person_counts.person_id = people.id
    WHERE (people.email_count, people.meeting_count, people.mention_count, people.message_count)
        IS NOT (
            coalesce(person_counts.email_count, 0),
            coalesce(person_counts.meeting_count, 0),
            coalesce(person_counts.mention_count, 0),
            coalesce(person_counts.message_count, 0)
        )
)
SELECT person_id, 'email' AS counter, cached_email AS cached, actual_email AS actual
FROM compared WHERE cached_email IS NOT actual_email
UNION ALL
SELECT person_id, 'meeting', cached_meeting, actual_meeting
FROM compared WHERE cached_meeting IS NOT actual_meeting
UNION ALL
SELECT person_id, 'mention', cached_mention, actual_mention
FROM compared WHERE cached_mention IS NOT actual_mention
UNION ALL
SELECT person_id, 'message', cached_message, actual_message
FROM compared WHERE cached_message IS NOT actual_message;

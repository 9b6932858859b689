-- relationship_counts: the aggregate. Per pair of ids the counts, computed from interactions and settings alone.
--
-- docs/relationships.md has the definitions. Pairs without evidence are not in it.
-- Cost: two scans of interactions, and one step for every two people who share a context.
CREATE VIEW relationship_counts AS
WITH
members AS MATERIALIZED (
    SELECT kind, key, person_id
    FROM interaction_evidence
    WHERE kind IN ('event', 'thread', 'photo', 'note') AND key IS NOT NULL
    GROUP BY kind, key, person_id
),
counted AS MATERIALIZED (
    SELECT members.kind AS kind, members.key AS key, members.person_id AS person_id
    FROM (SELECT kind, key, count(*) AS size FROM members GROUP BY kind, key) AS contexts
    CROSS JOIN relationship_rules AS rules
    CROSS JOIN members
    WHERE (contexts.size <= rules.max_people OR contexts.kind = 'note')
        AND members.kind = contexts.kind AND members.key = contexts.key
),
shared AS (
    SELECT one.person_id AS person_a_id, other.person_id AS person_b_id, one.kind AS kind, 1 AS number
    FROM relationship_rules AS rules
    CROSS JOIN counted AS one
    CROSS JOIN counted AS other
    WHERE other.kind = one.kind AND other.key = one.key AND other.person_id > one.person_id
        AND (one.kind IN ('photo', 'note') OR (rules.owner_id IN (one.person_id, other.person_id)) IS NOT TRUE)
    UNION ALL
    SELECT min(counted.person_id, rules.owner_id), max(counted.person_id, rules.owner_id), counted.kind, 1
    FROM relationship_rules AS rules
    CROSS JOIN counted
    WHERE counted.kind IN ('event', 'thread') AND counted.person_id <> rules.owner_id
    UNION ALL
    SELECT min(evidence.person_id, rules.owner_id), max(evidence.person_id, rules.owner_id), evidence.kind, 1
    FROM relationship_rules AS rules
    CROSS JOIN interaction_evidence AS evidence
    WHERE evidence.kind IN ('message', 'whatsapp', 'call', 'slack') AND evidence.person_id <> rules.owner_id
)
SELECT
    person_a_id,
    person_b_id,
    coalesce(sum(number) FILTER (WHERE kind = 'event'), 0) AS shared_events_count,
    coalesce(sum(number) FILTER (WHERE kind = 'thread'), 0) AS shared_threads_count,
    coalesce(sum(number) FILTER (WHERE kind = 'message'), 0) AS shared_messages_count,
    coalesce(sum(number) FILTER (WHERE kind = 'whatsapp'), 0) AS shared_whatsapp_count,
    coalesce(sum(number) FILTER (WHERE kind = 'slack'), 0) AS shared_slack_count,
    coalesce(sum(number) FILTER (WHERE kind = 'call'), 0) AS shared_phone_calls_count,
    coalesce(sum(number) FILTER (WHERE kind = 'photo'), 0) AS shared_photos_count,
    coalesce(sum(number) FILTER (WHERE kind = 'note'), 0) AS shared_notes_count
FROM shared
GROUP BY person_a_id, person_b_id;

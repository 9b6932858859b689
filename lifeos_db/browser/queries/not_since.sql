-- not_since: people whose latest interaction up to now is longer ago than :days, or who have none; those closest to
-- the owner first.
-- The strength of a tie is that of docs/relationships.md. Hidden and merged people and the owner are left out.
-- :_lifeos_owner is the owner, bound: so the views of relationships look at their pairs alone.
-- Cost: one look-up in idx_interactions_person_timestamp a person, and the owner's relationships.
WITH latest AS (
    SELECT
        people.id AS person_id, people.canonical_name AS name, people.category AS category,
        (
            SELECT strftime('%Y-%m-%dT%H:%M:%fZ', timestamp) FROM interactions
            WHERE person_id = people.id
                AND timestamp BETWEEN '1970-01-02' AND strftime('%Y-%m-%dT%H:%M:%S', 'now')
                AND timestamp GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'
            ORDER BY timestamp DESC LIMIT 1
        ) AS instant
    FROM people
    WHERE people.hidden IS NOT 1
        AND people.id IS NOT :_lifeos_owner
        AND people.id NOT IN (SELECT merged_id FROM person_merges)
),
strength AS MATERIALIZED (
    SELECT person_b_id AS person_id, {strength} AS raw FROM relationships
    WHERE person_a_id = :_lifeos_owner
    UNION ALL
    SELECT person_a_id, {strength} FROM relationships
    WHERE person_b_id = :_lifeos_owner
)
SELECT
    latest.person_id, latest.name, latest.category, substr(latest.instant, 1, 10) AS last_contact,
    CAST(julianday('now') - julianday(latest.instant) AS INTEGER) AS days_ago,
    (SELECT count(*) FROM interactions WHERE interactions.person_id = latest.person_id) AS interactions
FROM latest
LEFT JOIN strength ON strength.person_id = latest.person_id
WHERE latest.instant IS NULL
    OR latest.instant < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || CAST(:days AS INTEGER) || ' days')
ORDER BY coalesce(strength.raw, 0) DESC, interactions DESC, latest.instant

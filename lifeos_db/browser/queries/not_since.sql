-- not_since: people whose latest interaction up to now is longer ago than :days, or who have none; those closest to
-- the owner first.
-- The strength of a tie is that of docs/relationships.md. Hidden and merged people and the owner are left out.
-- :_lifeos_owner is the owner, bound: so the views of relationships look at their pairs alone.
-- The latest instant is near the latest text, for texts differ from instants by an offset.
-- Cost: two look-ups in idx_interactions_person_timestamp a person, and the owner's relationships.
WITH chosen AS (
    SELECT
        people.id AS person_id, people.canonical_name AS name, people.category AS category,
        (
            SELECT timestamp FROM interactions
            WHERE person_id = people.id AND timestamp < {text_after_now} AND {instant} <= {now}
            ORDER BY timestamp DESC LIMIT 1
        ) AS latest
    FROM people
    WHERE people.hidden IS NOT 1
        AND people.id IS NOT :_lifeos_owner
        AND people.id NOT IN (SELECT merged_id FROM person_merges)
),
latest AS (
    SELECT
        person_id, name, category,
        (
            SELECT max(instant) FROM (
                SELECT {instant} AS instant FROM interactions
                WHERE interactions.person_id = chosen.person_id
                    AND timestamp BETWEEN {text_before_latest} AND chosen.latest
            ) WHERE instant <= {now}
        ) AS instant
    FROM chosen
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

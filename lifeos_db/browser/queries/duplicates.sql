-- duplicates: pairs of people who share an email, phone number or name, the best evidence first; what `lifeos db
-- duplicates` lists, in its order.
-- An email is worth more than a phone number and a name together. Of more than eight people who share a value, each is
-- paired with the one who would survive alone, because pairs grow with the square of them.
-- Cost: one pass over person_contacts and one over idx_interactions_person_timestamp.
WITH candidates AS MATERIALIZED (
    SELECT
        people.id AS person_id, people.canonical_name AS name,
        row_number() OVER (ORDER BY people.category IS 'self' DESC, coalesce(numbers.total, 0) DESC, people.rowid)
            AS place
    FROM people
    LEFT JOIN (SELECT person_id, count(*) AS total FROM interactions GROUP BY person_id) AS numbers
        ON numbers.person_id = people.id
    WHERE people.hidden IS NOT 1 AND people.id NOT IN (SELECT merged_id FROM person_merges)
),
shared AS MATERIALIZED (
    SELECT
        contacts.kind AS kind, contacts.value AS value, candidates.person_id AS person_id, candidates.name AS name,
        candidates.place AS place, count(*) OVER same AS people, min(candidates.place) OVER same AS survivor
    FROM person_contacts AS contacts
    INNER JOIN candidates ON candidates.person_id = contacts.person_id
    WINDOW same AS (PARTITION BY contacts.kind, contacts.value)
)
SELECT
    one.person_id AS person_id, one.name AS name, other.person_id AS other_person_id, other.name AS other_name,
    group_concat(one.kind || ' ' || one.value, ', ') AS shared
FROM shared AS one
CROSS JOIN shared AS other
WHERE other.kind = one.kind AND other.value = one.value AND other.place > one.place
    AND (one.people <= 8 OR one.place = one.survivor)
GROUP BY one.person_id, other.person_id
ORDER BY
    max(one.kind = 'email') * 4 + max(one.kind = 'phone') * 2 + max(one.kind = 'name') DESC, count(*) DESC,
    one.place, other.place

-- duplicates: pairs of people who share an email, phone number or name, the best evidence first.
-- An email is worth more than a phone number and a name together. Values that more than eight people share are left
-- out, because pairs grow with the square of them: `lifeos db duplicates` has those, too.
-- Cost: one pass over person_contacts, and one look-up for each value that is shared.
WITH shared AS MATERIALIZED (
    SELECT kind, value FROM person_contacts GROUP BY kind, value HAVING count(*) BETWEEN 2 AND 8
)
SELECT
    one.person_id AS person_id, first.canonical_name AS name, other.person_id AS other_person_id,
    second.canonical_name AS other_name, group_concat(one.kind || ' ' || one.value, ', ') AS shared
FROM shared
CROSS JOIN person_contacts AS one ON one.kind = shared.kind AND one.value = shared.value
CROSS JOIN person_contacts AS other
    ON other.kind = shared.kind AND other.value = shared.value AND other.person_id > one.person_id
CROSS JOIN people AS first ON first.id = one.person_id
CROSS JOIN people AS second ON second.id = other.person_id
WHERE first.hidden IS NOT 1 AND second.hidden IS NOT 1
    AND one.person_id NOT IN (SELECT merged_id FROM person_merges)
    AND other.person_id NOT IN (SELECT merged_id FROM person_merges)
GROUP BY one.person_id, other.person_id
ORDER BY
    max(one.kind = 'email') * 4 + max(one.kind = 'phone') * 2 + max(one.kind = 'name') DESC, count(*) DESC,
    name, other_name

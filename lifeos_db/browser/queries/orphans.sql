-- orphans: person ids that are neither a person nor a merged id, with what they have; the days are UTC.
-- Cost: one pass over interactions, with a look-up each.
SELECT
    person_id, count(*) AS interactions, group_concat(DISTINCT source_type) AS sources,
    substr(min({instant}), 1, 10) AS first, substr(max({instant}), 1, 10) AS last
FROM orphan_interactions
GROUP BY person_id
ORDER BY interactions DESC, person_id

-- drift: cached counts that are not the actual ones.
-- Cost: that of person_count_drift, one pass over interactions.
SELECT
    drift.person_id AS person_id, people.canonical_name AS name, drift.counter AS counter,
    drift.cached AS cached, drift.actual AS actual
FROM person_count_drift AS drift
JOIN people ON people.id = drift.person_id
ORDER BY abs(drift.cached - drift.actual) DESC, name, counter

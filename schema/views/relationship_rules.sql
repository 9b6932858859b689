-- relationship_rules: one row, the two settings that evidence depends on.
--
-- owner_id is settings.owner_id, or the survivor if the owner was merged; NULL without an owner. max_people is
-- settings.max_context_people, 50 where that is not set, and no further from 0 than a trigger can reckon with.
CREATE VIEW relationship_rules AS
SELECT
    coalesce((SELECT survivor_id FROM person_merges WHERE merged_id = owner.value), owner.value) AS owner_id,
    max(-1, min(
        1000000000,
        coalesce(CAST((SELECT value FROM settings WHERE key = 'max_context_people') AS INTEGER), 50)
    )) AS max_people
FROM (SELECT (SELECT value FROM settings WHERE key = 'owner_id') AS value) AS owner;

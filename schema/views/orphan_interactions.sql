-- orphan_interactions: interactions whose person_id is neither a person nor a merged id.
--
-- They are kept: when the person is inserted, their counts start at the truth.
CREATE VIEW orphan_interactions AS
SELECT interactions.*
FROM interactions
WHERE NOT EXISTS (SELECT 1 FROM people WHERE people.id = interactions.person_id)
    AND NOT EXISTS (SELECT 1 FROM person_merges WHERE person_merges.merged_id = interactions.person_id);

-- person_counts: the aggregate. Per person id the four counts, computed from interactions alone.
--
-- Every row counts once: future and undated rows too. A source type without a counter adds to none.
-- Cost: one scan of idx_interactions_person_timestamp; for one person id, one range of it.
CREATE VIEW person_counts AS
SELECT
    interactions.person_id AS person_id,
    count(*) FILTER (WHERE source_types.counter = 'email') AS email_count,
    count(*) FILTER (WHERE source_types.counter = 'meeting') AS meeting_count,
    count(*) FILTER (WHERE source_types.counter = 'mention') AS mention_count,
    count(*) FILTER (WHERE source_types.counter = 'message') AS message_count
FROM interactions
LEFT JOIN source_types ON source_types.source_type = interactions.source_type
GROUP BY interactions.person_id;

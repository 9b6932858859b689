-- timeline: one person's dated interactions up to now, by month and source. A month is that of the timestamp as it was
-- written: its offset does not move it.
-- Cost: one range of idx_interactions_person_timestamp.
SELECT substr(timestamp, 1, 7) || '-01' AS month, source_type AS source, count(*) AS interactions
FROM interactions
WHERE person_id = :person
    AND timestamp >= '1970-01-02'
    AND timestamp < strftime('%Y-%m-%dT%H:%M:%S', 'now')
    AND timestamp GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'
GROUP BY 1, 2
ORDER BY 1, 2

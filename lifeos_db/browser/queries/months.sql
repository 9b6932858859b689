-- months: interactions of the last three years up to now, by month and source. A month is that of the timestamp as it
-- was written: its offset does not move it.
-- Cost: one scan of idx_interactions_person_timestamp, which holds all that is needed; + keeps SQLite from taking
-- idx_interactions_timestamp, which does not.
SELECT substr(timestamp, 1, 7) || '-01' AS month, source_type AS source, count(*) AS interactions
FROM interactions
WHERE +timestamp >= date('now', 'start of month', '-35 months')
    AND +timestamp < strftime('%Y-%m-%dT%H:%M:%S', 'now')
    AND timestamp GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'
GROUP BY 1, 2
ORDER BY 1, 2

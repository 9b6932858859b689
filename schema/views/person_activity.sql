-- person_activity: per person id, when and through which source.
--
-- Instants are UTC, ISO 8601 with milliseconds; a timestamp with an offset (+HH:MM) is converted, one without is
-- taken as UTC. The legacy sentinel 1970-01-01T00:00:00Z, and text that is no date, is undated; rows after
-- settings.as_of are future: both are counted apart and in total, but are no first or last interaction.
-- other is what came from any source type that has no column here.
-- Cost: one person id is one range of idx_interactions_person_timestamp; everybody is a scan of it.
CREATE VIEW person_activity AS
WITH dated AS (
    SELECT
        person_id,
        source_type,
        CASE
            -- Only what begins with a date: SQLite would take other text for today's date, or for the clock itself.
            WHEN timestamp GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'
                THEN nullif(strftime('%Y-%m-%dT%H:%M:%fZ', timestamp), '1970-01-01T00:00:00.000Z')
        END AS instant
    FROM interactions
)
SELECT
    person_id,
    min(instant) FILTER (WHERE (instant > settings.value) IS NOT TRUE) AS first_interaction,
    max(instant) FILTER (WHERE (instant > settings.value) IS NOT TRUE) AS last_interaction,
    min(instant) FILTER (WHERE instant > settings.value) AS next_interaction,
    count(*) AS total,
    count(*) FILTER (WHERE instant IS NULL) AS undated,
    count(*) FILTER (WHERE instant > settings.value) AS future,
    count(*) FILTER (WHERE source_type = 'gmail') AS gmail,
    count(*) FILTER (WHERE source_type = 'calendar') AS calendar,
    count(*) FILTER (WHERE source_type = 'vault') AS vault,
    count(*) FILTER (WHERE source_type = 'granola') AS granola,
    count(*) FILTER (WHERE source_type = 'imessage') AS imessage,
    count(*) FILTER (WHERE source_type = 'sms') AS sms,
    count(*) FILTER (WHERE source_type = 'whatsapp') AS whatsapp,
    count(*) FILTER (WHERE source_type = 'slack') AS slack,
    count(*) FILTER (WHERE source_type = 'phone') AS phone,
    count(*) FILTER (WHERE source_type = 'photos') AS photos,
    count(*) FILTER (WHERE source_type NOT IN (
        'gmail', 'calendar', 'vault', 'granola', 'imessage', 'sms', 'whatsapp', 'slack', 'phone', 'photos'
    )) AS other
FROM dated
LEFT JOIN settings ON settings.key = 'as_of'
GROUP BY person_id;

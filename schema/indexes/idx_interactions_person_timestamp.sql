-- The legacy index under its legacy name, with source_type appended, so that it covers person_counts: the
-- aggregate over all people is one scan of this index, and one person's counts are one range of it.
-- Cost: nothing measurable on insert over the legacy (person_id, timestamp DESC).
CREATE INDEX idx_interactions_person_timestamp ON interactions (person_id, timestamp DESC, source_type);

-- The legacy index, by which syncs find what they already have. Later legacy versions make it UNIQUE; such an index
-- is kept as it is, and the triggers are right for either.
CREATE INDEX idx_interactions_source ON interactions (source_type, source_id);

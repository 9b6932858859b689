-- The legacy index for "what happened lately".
CREATE INDEX idx_interactions_timestamp ON interactions (timestamp DESC);

-- One person's records are those in which they come first, which the UNIQUE key finds, and those in which they come
-- second, which this finds.
CREATE INDEX idx_relationship_records_person_b ON relationship_records (person_b_id, person_a_id);

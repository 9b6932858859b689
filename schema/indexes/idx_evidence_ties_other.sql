-- One person's ties lie under their own number, which the primary key finds, and under the other people's, which this
-- finds.
CREATE INDEX idx_evidence_ties_other ON evidence_ties (other);

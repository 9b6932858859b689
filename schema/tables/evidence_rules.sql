-- evidence_rules: one row, the limit of people in view relationship_rules, at hand for the triggers.
--
-- Kept true by: the triggers on settings. Writing it counts every tie again (evidence_rules_after_update.sql), also
--   when the limit is the same as before: repair does that.
CREATE TABLE evidence_rules (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    max_people INTEGER NOT NULL
);

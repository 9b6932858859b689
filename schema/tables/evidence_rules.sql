-- evidence_rules: one row, the limit of people in view relationship_rules, at hand for the triggers.
--
-- Kept true by: settings_after_*.sql.
-- Seen by: evidence_rules_after_update.sql. Writing the limit counts every tie again, also when it is the same as
--   before: repair does that.
CREATE TABLE evidence_rules (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    max_people INTEGER NOT NULL
);

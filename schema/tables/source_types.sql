-- source_types: the one definition of which source counts where.
--
-- counter is email, meeting, mention or message; NULL means known, but in no count. A source type that is not
-- listed is in no count either, and verify mentions it.
-- Written by: migrate (the rows that ship), then the owner. A change recounts the people it touches
--   (source_types_after_*.sql).
CREATE TABLE source_types (
    source_type TEXT NOT NULL PRIMARY KEY,
    counter TEXT CHECK (counter IN ('email', 'meeting', 'mention', 'message'))
) WITHOUT ROWID;

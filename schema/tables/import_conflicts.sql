-- import_conflicts: what a legacy writer put into a JSON file and the database did not take.
--
-- Both had changed it, so the database won. kind and record_id are as in exported_records. key is the field; NULL
-- where the whole record is meant, such as an edit of a person who was deleted here. base, theirs and ours are JSON:
-- the value exported last, the file's and the database's; NULL where there was none. reason says so where a value was
-- taken after all, because nobody can tell whether the writer of the file had seen the one that it replaced.
-- Written by: every import. Rows are the owner's to read and to delete.
CREATE TABLE import_conflicts (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    record_id TEXT NOT NULL,
    key TEXT,
    base TEXT,
    theirs TEXT,
    ours TEXT,
    reason TEXT NOT NULL,
    found_at TEXT NOT NULL
);

-- import_rejects: records of a legacy file that could not be imported, verbatim.
--
-- Written by: `lifeos db migrate --skip-bad`. place is the record number in the file (from 1) or the key in a map.
CREATE TABLE import_rejects (
    id INTEGER PRIMARY KEY,
    file TEXT NOT NULL,
    place TEXT NOT NULL,
    problem TEXT NOT NULL,
    record TEXT NOT NULL,
    rejected_at TEXT NOT NULL
);

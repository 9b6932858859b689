-- exports: what each JSON file held when this program last read or wrote it.
--
-- sha256 tells a file that somebody else has changed since; size and mtime_ns (bytes, nanoseconds) spare reading
-- it when nothing has. revision is the export_state.revision that the file shows; -1 for a file that was only read.
-- sha256 is NULL for a file that was not there. pending_sha256 is what an exporter is about to rename into place: if
-- it is killed in between, the file is still known as ours.
CREATE TABLE exports (
    file TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    sha256 TEXT,
    pending_sha256 TEXT,
    size INTEGER,
    mtime_ns INTEGER,
    exported_at TEXT
) WITHOUT ROWID;

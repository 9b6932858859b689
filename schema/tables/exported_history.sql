-- exported_history: how to get from each form of a record in exported_records to the one before.
--
-- A legacy program may have loaded the files days ago, so a record that equals any earlier export of itself is an old
-- copy and no edit. previous is a JSON object: the values, in the form before, of the keys that differ; absent the
-- keys that were not there, as a JSON array. revision and shown are those of the form before. The highest version is
-- the latest.
-- Cost: the changed values of each changed record, an export.
CREATE TABLE exported_history (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    previous TEXT NOT NULL,
    absent TEXT NOT NULL,
    revision INTEGER NOT NULL,
    shown INTEGER NOT NULL,
    PRIMARY KEY (kind, id, version)
) WITHOUT ROWID;

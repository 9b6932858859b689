-- export_state: one row that says which state of the data this is.
--
-- revision   grows when a trigger sees the first change after a capture
-- captured   the revision that the latest exporter read
-- Kept true by: the triggers on interactions, people, person_merges, relationships, settings and source_types, those
--   that change what is exported, each with UPDATE ... SET revision = revision + 1 WHERE revision = captured.
-- Cost: a second change before the next export finds revision > captured and writes nothing, so a bulk load pays
--   for one write, not one a row. The files are stale as long as exports.revision < export_state.revision.
CREATE TABLE export_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    captured INTEGER NOT NULL
);

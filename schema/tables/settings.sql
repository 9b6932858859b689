-- settings: what the owner chose and what the export must remember, one value a key.
--
-- owner_id            the person id of the owner of this CRM, if known
-- max_context_people  an event, mail thread or photo of more people is no evidence for pairs; 50 where it is not set
-- as_of               the instant (UTC, ISO 8601) after which an interaction counts as future; moved forward by
--                     migrate, by every export that had something to write, and by verify --fix, because SQL that
--                     runs on replicas must not ask the clock; any program may move it
-- people_keys         the keys of people_entities.json, in order, as a JSON array: the export has these, no others
-- relationship_keys   the same for relationships.json
-- own_objects         triggers, views and indexes that were there before the first migration, as a JSON array of
--                     names: they are the owner's, and verify does not call them extra
CREATE TABLE settings (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT
) WITHOUT ROWID;

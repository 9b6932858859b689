-- removed_objects: triggers, views and indexes that did not belong here and that `lifeos db verify --fix` took out.
--
-- sql is the whole definition: run it to have the object back.
CREATE TABLE removed_objects (
    id INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    sql TEXT NOT NULL,
    removed_at TEXT NOT NULL
);

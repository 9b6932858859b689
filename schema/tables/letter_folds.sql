-- letter_folds: what a letter beyond ASCII counts as when names are compared: its lower case, without accents.
--
-- A combining accent counts as nothing. Letters that are not here count as themselves.
-- Written by: migrate, for the Latin, Greek, Cyrillic and Armenian alphabets. A table, because SQLite's lower() knows
--   ASCII alone, and the triggers must run in every client.
CREATE TABLE letter_folds (
    letter TEXT NOT NULL PRIMARY KEY,
    folded TEXT NOT NULL
) WITHOUT ROWID;

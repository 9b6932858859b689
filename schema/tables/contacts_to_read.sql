-- contacts_to_read: scratch. Whose id is inserted here has their contacts read again into person_contacts
-- (contacts_to_read_after_insert.sql); so the reading is written once, for every trigger that asks for it.
-- Kept true by: people_after_insert.sql and people_after_update_contacts.sql, which leave it empty.
CREATE TABLE contacts_to_read (
    person_id TEXT
);

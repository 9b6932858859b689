-- person_contacts: the index that leads from an email, a phone number or a name to people, without a scan.
--
-- kind   email, phone or name (canonical name, display name and aliases)
-- value  folded, so that what is meant to be equal is equal: emails in lower case; phone numbers without spaces and
--        punctuation, with + for a leading 00; names in lower case and without accents (letter_folds)
-- A hidden person is here too, and one who was merged by plain SQL and still has a row in people; who looks up decides.
-- Kept true by: contacts_to_read_after_insert.sql, for a new person and for one whose contacts change;
--   people_after_delete.sql, people_after_update_contacts.sql and people_after_update_rowid.sql, for an id that goes.
--   Migrate and repair fill it anew.
-- Cost: two b-trees, written when a person's contacts change and not when their counts do.
CREATE TABLE person_contacts (
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    person_id TEXT NOT NULL,
    PRIMARY KEY (kind, value, person_id)
) WITHOUT ROWID;

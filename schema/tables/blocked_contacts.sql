-- blocked_contacts: emails and phone numbers that must not become a person again, because theirs is hidden.
--
-- kind is email or phone, value as in person_contacts. Entries stay when the hidden person is edited or deleted.
-- Written by: `lifeos db hide`; migrate, for people who are hidden already; `merge` and `unmerge`, which keep the two
--   people's entries in step. Taken back by `lifeos db unhide`.
CREATE TABLE blocked_contacts (
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    person_id TEXT NOT NULL,
    PRIMARY KEY (kind, value, person_id)
) WITHOUT ROWID;

-- One person's contacts, to take them out when the person changes.
CREATE INDEX idx_person_contacts_person ON person_contacts (person_id);

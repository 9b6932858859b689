-- After a person's id, names, emails or phone numbers have changed: their contacts are read again.
--
-- A new id may have replaced another person without a DELETE trigger: what was under it is read again too.
CREATE TRIGGER people_after_update_contacts AFTER UPDATE OF
    id, canonical_name, display_name, aliases, emails, phone_numbers, phone_primary
ON people
WHEN (
        OLD.id, OLD.canonical_name, OLD.display_name, OLD.aliases, OLD.emails, OLD.phone_numbers, OLD.phone_primary
    ) IS NOT (
        NEW.id, NEW.canonical_name, NEW.display_name, NEW.aliases, NEW.emails, NEW.phone_numbers, NEW.phone_primary
    )
BEGIN
    DELETE FROM person_contacts WHERE person_id = OLD.id AND OLD.id <> NEW.id;
    INSERT INTO contacts_to_read (person_id) VALUES (NEW.id);
    DELETE FROM contacts_to_read;
END;

-- After somebody is named here: their contacts are read again.
--
-- 1. items takes the JSON arrays apart: rest is what is left to read, part what was read of the string that is open.
--    A backslash takes the next character along, so that \" ends no string. (A quote is char(34).)
-- 2. decoded replaces the escapes; before is the four digits of a \u escape that came just before, for the two halves
--    of a character beyond U+FFFF.
-- 3. folded folds names letter by letter, only where a name has letters beyond ASCII.
-- No JSON functions here: not every SQLite 3.37 has them, and damaged text must not stop a writer. What is no JSON
-- array of strings gives whatever stands between quotes, or nothing; a BLOB gives nothing.
CREATE TRIGGER contacts_to_read_after_insert AFTER INSERT ON contacts_to_read
BEGIN
    DELETE FROM person_contacts WHERE person_id = NEW.person_id;

    INSERT INTO person_contacts (kind, value, person_id)
    SELECT DISTINCT kind, value, NEW.person_id
    FROM (
        WITH RECURSIVE
        items (kind, rest, part, item) AS (
            SELECT 'email', emails, NULL, NULL FROM people WHERE id = NEW.person_id
            UNION ALL
            SELECT 'phone', phone_numbers, NULL, NULL FROM people WHERE id = NEW.person_id
            UNION ALL
            SELECT 'name', aliases, NULL, NULL FROM people WHERE id = NEW.person_id
            UNION ALL
            SELECT
                kind,
                CASE
                    WHEN part IS NOT NULL AND instr(rest, '\') BETWEEN 1 AND instr(rest, char(34))
                        THEN substr(rest, instr(rest, '\') + 2)
                    ELSE substr(rest, instr(rest, char(34)) + 1)
                END,
                CASE
                    WHEN part IS NULL THEN ''
                    WHEN instr(rest, '\') BETWEEN 1 AND instr(rest, char(34))
                        THEN part || substr(rest, 1, instr(rest, '\') + 1)
                END,
                CASE
                    WHEN part IS NOT NULL AND (instr(rest, '\') BETWEEN 1 AND instr(rest, char(34))) = 0
                        THEN part || substr(rest, 1, instr(rest, char(34)) - 1)
                END
            FROM items
            WHERE typeof(rest) = 'text' AND instr(rest, char(34)) > 0
        ),
        decoded (kind, done, rest, before) AS (
            SELECT kind, '', item, NULL FROM items WHERE item IS NOT NULL
            UNION ALL
            SELECT
                kind,
                done || substr(rest, 1, instr(rest, '\') - 1) || CASE substr(rest, instr(rest, '\') + 1, 1)
                    WHEN 'b' THEN char(8)
                    WHEN 'f' THEN char(12)
                    WHEN 'n' THEN char(10)
                    WHEN 'r' THEN char(13)
                    WHEN 't' THEN char(9)
                    WHEN 'u' THEN (
                        SELECT CASE
                            WHEN code BETWEEN 55296 AND 56319 THEN ''
                            WHEN code BETWEEN 56320 AND 57343
                                THEN coalesce(char(65536 + (high - 55296) * 1024 + code - 56320), '')
                            ELSE char(code)
                        END
                        FROM (
                            SELECT
                                instr(digits, lower(substr(rest, instr(rest, '\') + 2, 1))) * 4096
                                    + instr(digits, lower(substr(rest, instr(rest, '\') + 3, 1))) * 256
                                    + instr(digits, lower(substr(rest, instr(rest, '\') + 4, 1))) * 16
                                    + instr(digits, lower(substr(rest, instr(rest, '\') + 5, 1))) AS code,
                                instr(digits, lower(substr(before, 1, 1))) * 4096
                                    + instr(digits, lower(substr(before, 2, 1))) * 256
                                    + instr(digits, lower(substr(before, 3, 1))) * 16
                                    + instr(digits, lower(substr(before, 4, 1))) AS high
                            FROM (SELECT '123456789abcdef' AS digits)
                        )
                    )
                    ELSE substr(rest, instr(rest, '\') + 1, 1)
                END,
                substr(rest, instr(rest, '\') + CASE substr(rest, instr(rest, '\') + 1, 1) WHEN 'u' THEN 6 ELSE 2 END),
                CASE
                    WHEN substr(rest, instr(rest, '\') + 1, 2) IN ('ud', 'uD')
                        AND lower(substr(rest, instr(rest, '\') + 3, 1)) IN ('8', '9', 'a', 'b')
                        AND substr(rest, instr(rest, '\') + 6, 2) = '\u'
                        THEN substr(rest, instr(rest, '\') + 2, 4)
                END
            FROM decoded
            WHERE instr(rest, '\') > 0
        ),
        plain (kind, value) AS (
            SELECT kind, done || rest FROM decoded WHERE instr(rest, '\') = 0
            UNION ALL
            SELECT 'phone', phone_primary FROM people WHERE id = NEW.person_id
            UNION ALL
            SELECT 'name', canonical_name FROM people WHERE id = NEW.person_id
            UNION ALL
            SELECT 'name', display_name FROM people WHERE id = NEW.person_id
        ),
        folded (kind, done, rest) AS (
            SELECT
                kind,
                CASE WHEN kind <> 'name' OR value NOT GLOB '*[^' || char(1) || '-~]*' THEN lower(value) ELSE '' END,
                CASE WHEN kind <> 'name' OR value NOT GLOB '*[^' || char(1) || '-~]*' THEN '' ELSE lower(value) END
            FROM plain
            WHERE typeof(value) = 'text'
            UNION ALL
            SELECT
                kind,
                done || coalesce(
                    (SELECT folded FROM letter_folds WHERE letter = substr(rest, 1, 1)), substr(rest, 1, 1)
                ),
                substr(rest, 2)
            FROM folded
            WHERE rest <> ''
        ),
        bare (kind, value) AS (
            SELECT
                kind,
                CASE kind
                    WHEN 'phone' THEN
                        replace(replace(replace(replace(replace(replace(replace(replace(
                            done, ' ', ''), '-', ''), '(', ''), ')', ''), '.', ''), '/', ''),
                            char(160), ''), char(9), '')
                    ELSE trim(done, ' ' || char(9) || char(10) || char(13))
                END
            FROM folded
            WHERE rest = ''
        )
        SELECT
            kind,
            CASE
                WHEN kind = 'phone' AND substr(value, 1, 2) = '00' THEN '+' || substr(value, 3)
                ELSE value
            END AS value
        FROM bare
        WHERE value <> ''
    )
    WHERE value <> '' AND (kind, value) IS NOT ('phone', '+');
END;

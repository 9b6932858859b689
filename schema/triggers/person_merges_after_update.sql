-- After a merge is recorded or changed: keep chains flat, move evidence and interactions, count again.
--
-- 1. If the survivor was merged before, this merge leads to their survivor.
-- 2. Merges that led to the person who is merged now lead on.
-- 3. The merge is remembered: in merge_records whom it was made into, in merge_moves what moves with it. A merge that
--    only follows its survivor's own merge stays remembered as the one it was; where recursive_triggers is on, it may
--    come through here before that one is flat, so that two steps lead to the end. What was written under another
--    merged id and is moved now is given by this merge.
-- 4. The merged person leaves their contexts before the survivor comes into them, so that no context is over the limit
--    of people in between; then their groups and direct rows are the survivor's. All of it once a context, not a row.
-- 5. The interactions move. interactions_after_update.sql leaves the counting of such a move to us, so the two people
--    are counted once by the aggregate instead of once a row. rowid IN (SELECT ...) reads and writes the rows in the
--    order in which they lie, not in that of the index, which is by time and touches every page again and again.
-- 6. What was written down about the merged person's pairs is the survivor's now, unless the survivor has such a pair
--    already; then it stays where it is, unseen while the merged id is no person.
-- The flattening updates come through here again when recursive_triggers is on, and find nothing left to do.
CREATE TRIGGER person_merges_after_update AFTER UPDATE OF merged_id, survivor_id ON person_merges
BEGIN
    UPDATE person_merges SET survivor_id = (
        SELECT further.survivor_id FROM person_merges AS further WHERE further.merged_id = NEW.survivor_id
    )
    WHERE merged_id = NEW.merged_id
        AND EXISTS (SELECT 1 FROM person_merges AS further WHERE further.merged_id = NEW.survivor_id);
    UPDATE person_merges SET survivor_id = (SELECT survivor_id FROM person_merges WHERE merged_id = NEW.merged_id)
    WHERE survivor_id = NEW.merged_id;

    INSERT INTO merge_records (merged_id, survivor_id)
    SELECT merged_id, survivor_id FROM person_merges WHERE merged_id = NEW.merged_id
    ON CONFLICT (merged_id) DO UPDATE SET survivor_id = excluded.survivor_id
    WHERE excluded.survivor_id IS NOT coalesce(
        (
            SELECT further.survivor_id FROM person_merges AS led
            JOIN person_merges AS further ON further.merged_id = led.survivor_id
            WHERE led.merged_id = merge_records.survivor_id
        ),
        (SELECT survivor_id FROM person_merges WHERE merged_id = merge_records.survivor_id),
        merge_records.survivor_id
    );
    INSERT INTO merge_moves (merged_id, survivor_id, interactions, relationships)
    SELECT merged_id, survivor_id, '[' || coalesce(names, '') || ']', '[' || coalesce(records, '') || ']'
    FROM person_merges
    CROSS JOIN (
        SELECT group_concat(
            CASE typeof(id)
                WHEN 'text'
                    THEN char(34) || replace(replace(id, '\', '\\'), char(34), '\' || char(34)) || char(34)
                ELSE rowid
            END
        ) AS names
        FROM interactions
        WHERE rowid IN (SELECT rowid FROM interactions WHERE person_id = NEW.merged_id)
    )
    CROSS JOIN (
        SELECT group_concat(
            char(34) || replace(replace(id, '\', '\\'), char(34), '\' || char(34)) || char(34)
        ) AS records
        FROM relationship_records
        WHERE NEW.merged_id IN (person_a_id, person_b_id)
    )
    WHERE merged_id = NEW.merged_id AND coalesce(names, records) IS NOT NULL;
    DELETE FROM merged_interactions
    WHERE survivor_id = (SELECT survivor_id FROM person_merges WHERE merged_id = NEW.merged_id)
        AND CASE typeof(interaction)
            WHEN 'integer' THEN (SELECT person_id FROM interactions WHERE rowid = interaction AND id IS NULL)
            ELSE (SELECT person_id FROM interactions WHERE id = interaction)
        END = NEW.merged_id;

    DELETE FROM evidence_members
    WHERE person = (SELECT number FROM evidence_people WHERE person_id = NEW.merged_id)
        AND (kind, key) IN (
            SELECT kind, key FROM interaction_evidence
            WHERE person_id = NEW.merged_id AND key IS NOT NULL AND kind <> 'group'
        );
    INSERT INTO evidence_people (person_id)
    SELECT survivor_id FROM person_merges WHERE merged_id = NEW.merged_id
    ON CONFLICT (person_id) DO NOTHING;
    INSERT INTO evidence_members (kind, key, person, rows)
    SELECT kind, key, survivor.number, count(*)
    FROM evidence_people AS survivor
    CROSS JOIN interaction_evidence AS evidence
    WHERE survivor.person_id = (SELECT survivor_id FROM person_merges WHERE merged_id = NEW.merged_id)
        AND evidence.person_id = NEW.merged_id AND key IS NOT NULL AND kind <> 'group'
    GROUP BY kind, key
    ON CONFLICT (kind, key, person) DO UPDATE SET rows = evidence_members.rows + excluded.rows;
    INSERT INTO evidence_groups (person_id, title, rows)
    SELECT (SELECT survivor_id FROM person_merges WHERE merged_id = NEW.merged_id), title, rows
    FROM evidence_groups
    WHERE person_id = NEW.merged_id
    ON CONFLICT (person_id, title) DO UPDATE SET rows = evidence_groups.rows + excluded.rows;
    DELETE FROM evidence_groups WHERE person_id = NEW.merged_id;
    UPDATE evidence_people SET (messages, whatsapp, slack, phone_calls) = (
        SELECT
            evidence_people.messages + merged.messages, evidence_people.whatsapp + merged.whatsapp,
            evidence_people.slack + merged.slack, evidence_people.phone_calls + merged.phone_calls
        FROM evidence_people AS merged
        WHERE merged.person_id = NEW.merged_id
    )
    WHERE person_id = (SELECT survivor_id FROM person_merges WHERE merged_id = NEW.merged_id)
        AND EXISTS (SELECT 1 FROM evidence_people AS merged WHERE merged.person_id = NEW.merged_id);
    UPDATE evidence_people SET messages = 0, whatsapp = 0, slack = 0, phone_calls = 0
    WHERE person_id = NEW.merged_id;

    UPDATE interactions SET person_id = (SELECT survivor_id FROM person_merges WHERE merged_id = NEW.merged_id)
    WHERE rowid IN (SELECT rowid FROM interactions WHERE person_id = NEW.merged_id);
    UPDATE people SET (email_count, meeting_count, mention_count, message_count) = (
        SELECT
            coalesce(sum(email_count), 0), coalesce(sum(meeting_count), 0),
            coalesce(sum(mention_count), 0), coalesce(sum(message_count), 0)
        FROM person_counts
        WHERE person_id = (SELECT survivor_id FROM person_merges WHERE merged_id = NEW.merged_id)
    )
    WHERE id = (SELECT survivor_id FROM person_merges WHERE merged_id = NEW.merged_id);
    UPDATE people SET (email_count, meeting_count, mention_count, message_count) = (
        SELECT
            coalesce(sum(email_count), 0), coalesce(sum(meeting_count), 0),
            coalesce(sum(mention_count), 0), coalesce(sum(message_count), 0)
        FROM person_counts
        WHERE person_id = NEW.merged_id
    )
    WHERE id = NEW.merged_id;

    UPDATE relationship_records SET
        person_a_id = min(
            iif(person_a_id = NEW.merged_id, person_b_id, person_a_id),
            (SELECT survivor_id FROM person_merges WHERE merged_id = NEW.merged_id)
        ),
        person_b_id = max(
            iif(person_a_id = NEW.merged_id, person_b_id, person_a_id),
            (SELECT survivor_id FROM person_merges WHERE merged_id = NEW.merged_id)
        )
    WHERE NEW.merged_id IN (person_a_id, person_b_id)
        AND (SELECT survivor_id FROM person_merges WHERE merged_id = NEW.merged_id) NOT IN (person_a_id, person_b_id)
        AND NOT EXISTS (
            SELECT 1 FROM relationship_records AS present
            WHERE present.person_a_id = min(
                    iif(
                        relationship_records.person_a_id = NEW.merged_id,
                        relationship_records.person_b_id, relationship_records.person_a_id
                    ),
                    (SELECT survivor_id FROM person_merges WHERE merged_id = NEW.merged_id)
                )
                AND present.person_b_id = max(
                    iif(
                        relationship_records.person_a_id = NEW.merged_id,
                        relationship_records.person_b_id, relationship_records.person_a_id
                    ),
                    (SELECT survivor_id FROM person_merges WHERE merged_id = NEW.merged_id)
                )
        );

    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

-- After a merge is recorded or changed: keep chains flat, move evidence and interactions, count again.
--
-- 1. If the survivor was merged before, this merge leads to their survivor.
-- 2. Merges that led to the person who is merged now lead on.
-- 3. The merged person leaves their contexts before the survivor comes into them, so that no context is over the limit
--    of people in between; then their groups and direct rows are the survivor's. All of it once a context, not a row.
-- 4. The interactions move. interactions_after_update.sql leaves the counting of such a move to us, so the two people
--    are counted once by the aggregate instead of once a row.
-- 5. What was written down about the merged person's pairs is the survivor's now, unless the survivor has such a pair
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
    WHERE person_id = NEW.merged_id;
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

-- After an interaction is inserted: it counts for its person, or for the survivor if that person was merged; it is
-- evidence of what that person shares with others (evidence_changes_after_update_*.sql); and the exports are stale.
--
-- What it replaced leaves in interactions_after_insert_replaced.sql; what came under a merged id moves to the survivor
-- in interactions_after_insert_merged.sql. AFTER triggers of one event fire in no promised order, and these need none:
-- here a row is added, there others are taken away, and a move changes no count.
--
-- Cost: one UPDATE of the person's row, one of evidence_changes, and look-ups in small tables. Taking titles and ids
-- apart needs SQL functions, and SQLite takes a statement that calls one for one that may abort: it then keeps a
-- journal of every page the statement touches, under INSERT OR IGNORE as well (docs/relationships.md, Cost).
CREATE TRIGGER interactions_after_insert AFTER INSERT ON interactions
BEGIN
    UPDATE people SET (email_count, meeting_count, mention_count, message_count) = (
        SELECT
            email_count + (counter = 'email'), meeting_count + (counter = 'meeting'),
            mention_count + (counter = 'mention'), message_count + (counter = 'message')
        FROM source_types
        WHERE source_type = NEW.source_type
    )
    WHERE id = coalesce((SELECT survivor_id FROM person_merges WHERE merged_id = NEW.person_id), NEW.person_id)
        AND (SELECT counter FROM source_types WHERE source_type = NEW.source_type) IS NOT NULL;

    UPDATE evidence_changes SET (person_id, source_type, source_id, title, step)
        = (
            coalesce((SELECT survivor_id FROM person_merges WHERE merged_id = NEW.person_id), NEW.person_id),
            NEW.source_type, NEW.source_id, NEW.title, 1
        )
    WHERE id = 1;

    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;

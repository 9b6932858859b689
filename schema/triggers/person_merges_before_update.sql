-- Before a merge is changed: refuse self-merges and cycles.
--
-- Chains are flat, so a cycle is always of length two here. RAISE(ABORT) is not swallowed by an outer OR IGNORE.
CREATE TRIGGER person_merges_before_update BEFORE UPDATE ON person_merges
BEGIN
    SELECT RAISE(ABORT, 'a person cannot be merged into themselves')
    WHERE NEW.merged_id = NEW.survivor_id;
    SELECT RAISE(ABORT, 'a merge cannot form a cycle: the survivor was merged into this person before')
    WHERE EXISTS (
        SELECT 1 FROM person_merges WHERE merged_id = NEW.survivor_id AND survivor_id = NEW.merged_id
    );
END;

-- relationship_evidence: the interactions that a pair's dates rest on, one row each.
--
-- For the owner's pairs: the other person's rows in events and threads, their direct rows, and both people's rows in
-- common photos. For all other pairs: both people's rows in common events, threads and photos. For all: both
-- people's rows in common notes, from two common notes on, and in common WhatsApp groups. Future rows are left out,
-- undated ones have no instant.
-- Cost: both people's interactions, so ask for one pair, or for one person's pairs. For everybody,
-- lifeos_db/pair_dates.py does it in one pass.
CREATE VIEW relationship_evidence AS
SELECT
    one.id AS person_a_id,
    other.id AS person_b_id,
    evidence.person_id AS person_id,
    evidence.kind AS kind,
    evidence.key AS key,
    evidence.instant AS instant
FROM people AS one
CROSS JOIN people AS other
CROSS JOIN interaction_evidence AS evidence
WHERE one.id < other.id
    AND evidence.person_id IN (one.id, other.id)
    AND (evidence.instant > (SELECT value FROM settings WHERE key = 'as_of')) IS NOT TRUE
    AND CASE
        WHEN evidence.kind IN ('event', 'thread') THEN
            evidence.person_id IS NOT (SELECT owner_id FROM relationship_rules)
            AND (SELECT max_people FROM relationship_rules) >= (
                SELECT count(*) FROM evidence_members AS members
                WHERE members.kind = evidence.kind AND members.key = evidence.key
            )
            AND EXISTS (
                SELECT 1
                FROM evidence_members AS members
                WHERE members.kind = evidence.kind AND members.key = evidence.key
                    AND members.person = (
                        SELECT number FROM evidence_people
                        WHERE person_id = CASE
                            WHEN (SELECT owner_id FROM relationship_rules) IN (one.id, other.id) THEN evidence.person_id
                            WHEN evidence.person_id = one.id THEN other.id
                            ELSE one.id
                        END
                    )
            )
        WHEN evidence.kind IN ('photo', 'note') THEN
            iif(
                evidence.kind = 'note',
                2 <= (
                    SELECT coalesce(sum(forth.notes), 0) + coalesce(sum(back.notes), 0)
                    FROM evidence_people AS first
                    CROSS JOIN evidence_people AS second
                    LEFT JOIN evidence_ties AS forth ON forth.person = first.number AND forth.other = second.number
                    LEFT JOIN evidence_ties AS back ON back.person = second.number AND back.other = first.number
                    WHERE first.person_id = one.id AND second.person_id = other.id
                ),
                (SELECT max_people FROM relationship_rules) >= (
                    SELECT count(*) FROM evidence_members AS members
                    WHERE members.kind = evidence.kind AND members.key = evidence.key
                )
            )
            AND EXISTS (
                SELECT 1
                FROM evidence_members AS members
                WHERE members.kind = evidence.kind AND members.key = evidence.key
                    AND members.person = (
                        SELECT number FROM evidence_people
                        WHERE person_id = iif(evidence.person_id = one.id, other.id, one.id)
                    )
            )
        WHEN evidence.kind = 'group' THEN EXISTS (
            SELECT 1 FROM evidence_groups
            WHERE person_id = iif(evidence.person_id = one.id, other.id, one.id)
                AND title = evidence.key
        )
        WHEN evidence.kind IN ('message', 'whatsapp', 'call', 'slack') THEN
            (SELECT owner_id FROM relationship_rules)
                = iif(evidence.person_id = one.id, other.id, one.id)
    END;

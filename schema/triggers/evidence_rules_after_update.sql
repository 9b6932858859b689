-- After the limit of people was written: count every tie again, from the members of the contexts.
--
-- Each pair gets one row. UPDATE ... FROM leaves alone who is in no context, so the counts start at 0.
-- Cost: one step for every two people who share a context.
CREATE TRIGGER evidence_rules_after_update AFTER UPDATE OF max_people ON evidence_rules
BEGIN
    DELETE FROM evidence_ties;
    INSERT INTO evidence_ties (person, other, events, threads, photos, notes)
    SELECT
        one.person, other.person,
        sum(one.kind = 'event'), sum(one.kind = 'thread'), sum(one.kind = 'photo'), sum(one.kind = 'note')
    FROM (
        SELECT kind, key FROM evidence_members
        GROUP BY kind, key HAVING count(*) <= NEW.max_people OR kind = 'note'
    ) AS contexts
    CROSS JOIN evidence_members AS one
    CROSS JOIN evidence_members AS other
    WHERE one.kind = contexts.kind AND one.key = contexts.key
        AND other.kind = contexts.kind AND other.key = contexts.key AND other.person < one.person
    GROUP BY one.person, other.person;

    UPDATE evidence_people SET events = 0, threads = 0;
    UPDATE evidence_people SET events = counted.events, threads = counted.threads
    FROM (
        SELECT
            members.person AS person,
            sum(contexts.kind = 'event') AS events, sum(contexts.kind = 'thread') AS threads
        FROM (
            SELECT kind, key FROM evidence_members
            WHERE kind IN ('event', 'thread')
            GROUP BY kind, key HAVING count(*) <= NEW.max_people
        ) AS contexts
        CROSS JOIN evidence_members AS members
        WHERE members.kind = contexts.kind AND members.key = contexts.key
        GROUP BY members.person
    ) AS counted
    WHERE counted.person = evidence_people.number;
END;

"""Random SQL of every shape that a client may run against interactions.db, as hypothesis strategies.

Few ids, people, sources and rowids, so that keys collide all the time.
"""

from __future__ import annotations

from hypothesis import strategies as st

VERBS = (
    "INSERT",
    "INSERT OR IGNORE",
    "INSERT OR REPLACE",
    "REPLACE",
    "INSERT OR FAIL",
    "INSERT OR ABORT",
    "INSERT OR ROLLBACK",
)
UPDATES = ("UPDATE", "UPDATE OR REPLACE", "UPDATE OR IGNORE", "UPDATE OR FAIL", "UPDATE OR ABORT", "UPDATE OR ROLLBACK")
COLUMNS = "id, person_id, timestamp, source_type, title, source_id"
IDLE_TRIGGERS = tuple(
    f"CREATE TRIGGER idle_{event.lower()} AFTER {event} ON interactions BEGIN SELECT 1; END"
    for event in ("UPDATE", "DELETE")
)
"""For a twin without our triggers. What SQLite does depends on whether there is any: an UPDATE then comes to its rows
in order of rowid, so OR IGNORE may keep another of two; and before 3.54 some UPDATE OR REPLACE are refused where
recursive_triggers is on (docs/compatibility.md)."""

ids = st.sampled_from([*(f"'i{number}'" for number in range(7)), "NULL"])
people = st.sampled_from([f"'p{number}'" for number in range(5)])
sources = st.sampled_from(
    [
        f"'{name}'"
        for name in ("gmail", "calendar", "vault", "imessage", "sms", "phone", "unheard-of", "photos", "whatsapp")
    ]
)
source_ids = st.sampled_from(["'e1:a'", "'e1:b'", "'e1'", "'e2:a'", "NULL", "''"])
titles = st.sampled_from(["'← a'", "'→ a'", "'b'", "'← (No Subject)'", "''", "'WhatsApp group: g'"])
times = st.sampled_from(
    [f"'{text}'" for text in ("2024-02-03T01:00:00+05:00", "2023-05-05", "1970-01-01T00:00:00+00:00", "2030-01-01")]
)
rowids = st.sampled_from(["-1", "0", "1", "2", "3", "4", "5", "9"])
counters = st.sampled_from(["'email'", "'meeting'", "'mention'", "'message'", "NULL"])

rows = st.builds(
    "{}, {}, {}, {}, {}, {}".format,
    ids,
    people,
    times,
    sources,
    titles,
    source_ids,
)
many_rows = st.lists(rows.map("({})".format), min_size=1, max_size=3).map(", ".join)
conditions = st.one_of(
    st.just(""),
    st.builds(" WHERE id = {}".format, ids),
    st.builds(" WHERE rowid = {}".format, rowids),
    st.builds(" WHERE person_id = {}".format, people),
    st.builds(" WHERE person_id = {} AND source_type IN ({}, {})".format, people, sources, sources),
    st.builds(" WHERE person_id IN ({}, {})".format, people, people),
    st.just(" WHERE person_id NOT IN (SELECT id FROM people)"),
    st.builds(" WHERE source_type = {}".format, sources),
    st.builds(" WHERE source_id IN ({}, {})".format, source_ids, source_ids),
)
assignments = st.fixed_dictionaries(
    {},
    optional={
        "id": ids,
        "person_id": people,
        "source_type": sources,
        "source_id": source_ids,
        "rowid": rowids,
        "title": titles,
        "timestamp": times,
        "source_account": st.just("'work'"),
    },
).filter(bool)
set_clauses = assignments.map(lambda values: ", ".join(f"{column} = {value}" for column, value in values.items()))

inserts = st.builds("{} INTO interactions ({}) VALUES {}".format, st.sampled_from(VERBS), st.just(COLUMNS), many_rows)
inserts_with_rowid = st.builds(
    "{} INTO interactions (rowid, {}) VALUES ({}, {})".format, st.sampled_from(VERBS), st.just(COLUMNS), rowids, rows
)
inserts_from_select = st.builds(
    "{} INTO interactions ({}) SELECT id || 'x', {}, timestamp, {}, title, source_id FROM interactions{}".format,
    st.sampled_from(VERBS),
    st.just(COLUMNS),
    people,
    sources,
    conditions,
)
upserts = st.builds(
    "INSERT INTO interactions ({}) VALUES {} ON CONFLICT{}".format,
    st.just(COLUMNS),
    many_rows,
    st.sampled_from(
        [
            " DO NOTHING",
            " (id) DO NOTHING",
            " (id) DO UPDATE SET person_id = excluded.person_id, source_type = excluded.source_type",
            " (id) DO UPDATE SET source_id = excluded.source_id WHERE excluded.person_id <> 'p1'",
            " (source_type, source_id) DO NOTHING",
            " (source_type, source_id) DO UPDATE SET person_id = excluded.person_id, id = excluded.id",
        ]
    ),
)
updates = st.builds("{} interactions SET {}{}".format, st.sampled_from(UPDATES), set_clauses, conditions)
deletes = st.builds("DELETE FROM interactions{}".format, conditions)
in_other_words = st.one_of(
    st.builds(
        "{} INTO interactions ({}) VALUES {} RETURNING *".format, st.sampled_from(VERBS), st.just(COLUMNS), many_rows
    ),
    st.builds("UPDATE interactions SET {}{} RETURNING id".format, set_clauses, conditions),
    st.builds("DELETE FROM interactions{} RETURNING person_id".format, conditions),
    st.builds(
        "{} INTO interactions VALUES ({}, {}, {}, {}, {}, NULL, NULL, {}, '2025-01-01', NULL, 3)".format,
        st.sampled_from(VERBS),
        ids,
        people,
        times,
        sources,
        titles,
        source_ids,
    ),
    st.builds(
        "WITH o AS (SELECT * FROM interactions{}) {} interactions SET person_id = {}, source_id = o.source_id "
        "FROM o WHERE o.source_type = interactions.source_type".format,
        conditions,
        st.sampled_from(UPDATES),
        people,
    ),
    st.builds(
        "INSERT INTO interactions ({}) VALUES {} ON CONFLICT (id) DO UPDATE SET person_id = excluded.person_id "
        "ON CONFLICT (source_type, source_id) DO NOTHING".format,
        st.just(COLUMNS),
        many_rows,
    ),
)
on_interactions = st.one_of(
    inserts, inserts_with_rowid, inserts_from_select, upserts, updates, updates, deletes, in_other_words
)

on_people = st.one_of(
    st.builds("{} INTO people (id, email_count) VALUES ({}, 7)".format, st.sampled_from(VERBS), people),
    st.builds("DELETE FROM people WHERE id = {}".format, people),
    st.builds("{} people SET id = {} WHERE id = {}".format, st.sampled_from(UPDATES), people, people),
    st.builds(
        "INSERT INTO people (id, email_count, notes) VALUES ({}, 7, 'n') "
        "ON CONFLICT (id) DO UPDATE SET email_count = excluded.email_count, notes = excluded.notes".format,
        people,
    ),
)
lists = st.sampled_from(["'[]'", "'[\"a@b.c\"]'", '\'["A@B.c", "x@y"]\'', "NULL", "'no list'"])
texts = st.sampled_from(["'Ann'", "'ann'", "''", "NULL"])
on_contacts = st.one_of(
    st.builds(
        "{} INTO people (id, emails, aliases, canonical_name) VALUES ({}, {}, {}, {})".format,
        st.sampled_from(VERBS),
        people,
        lists,
        lists,
        texts,
    ),
    st.builds(
        "{} people SET emails = {}, canonical_name = {}, id = {} WHERE id = {}".format,
        st.sampled_from(UPDATES),
        lists,
        texts,
        people,
        people,
    ),
    st.builds("{} people SET phone_numbers = {}".format, st.sampled_from(UPDATES), lists),
)
on_merges = st.one_of(
    st.builds(
        "{} INTO person_merges (merged_id, survivor_id) VALUES ({}, {})".format, st.sampled_from(VERBS), people, people
    ),
    st.builds(
        "{} person_merges SET survivor_id = {} WHERE merged_id = {}".format, st.sampled_from(UPDATES), people, people
    ),
    st.builds(
        "{} person_merges SET merged_id = {} WHERE merged_id = {}".format, st.sampled_from(UPDATES), people, people
    ),
    st.builds("DELETE FROM person_merges WHERE merged_id = {}".format, people),
)
on_source_types = st.one_of(
    st.builds("{} INTO source_types VALUES ({}, {})".format, st.sampled_from(VERBS), sources, counters),
    st.builds(
        "{} source_types SET counter = {} WHERE source_type = {}".format, st.sampled_from(UPDATES), counters, sources
    ),
    st.builds(
        "{} source_types SET source_type = {} WHERE source_type = {}".format, st.sampled_from(UPDATES), sources, sources
    ),
    st.builds("DELETE FROM source_types WHERE source_type = {}".format, sources),
)
on_settings = st.one_of(
    st.builds("{} INTO settings (key, value) VALUES ('owner_id', {})".format, st.sampled_from(VERBS), people),
    st.builds(
        "{} INTO settings (key, value) VALUES ('max_context_people', {})".format,
        st.sampled_from(VERBS),
        st.sampled_from(["'-1'", "'0'", "'2'", "'3'"]),
    ),
    st.sampled_from(["owner_id", "max_context_people"]).map("DELETE FROM settings WHERE key = '{}'".format),
)
on_relationships = st.one_of(
    st.builds(
        "INSERT INTO relationships (id, person_a_id, person_b_id, shared_contexts) "
        "VALUES ({0} || '-' || {1}, {0}, {1}, '[\"gmail\", \"chess\"]')".format,
        people,
        people,
    ),
    st.builds("UPDATE relationships SET relationship_type = 'family' WHERE person_b_id = {}".format, people),
    st.builds("DELETE FROM relationships WHERE person_a_id = {}".format, people),
)
transactions = st.sampled_from(
    ["BEGIN", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE", "COMMIT", "ROLLBACK"]
    + [f"{verb} {name}" for verb in ("SAVEPOINT", "ROLLBACK TO", "RELEASE") for name in "ab"]
)

"""Whatever statements come, in whatever order, the pairs are those of a plain recount."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.relationship_recount import Recount, assert_counts_right, assert_right, open_database

PEOPLE = st.sampled_from([f"p{number}" for number in range(6)])
IDS = st.one_of(st.sampled_from([f"i{number}" for number in range(12)]), st.none())
SOURCES = st.sampled_from(
    ["gmail", "calendar", "photos", "vault", "imessage", "sms", "phone", "whatsapp", "slack", "granola", "new"]
)
SOURCE_IDS = st.sampled_from(["e1", "e1:a", "e1:b", "e1:c", "e2:a", "e2:b", "e3", ":a", "", None])
TITLES = st.sampled_from(
    ["← a", "→ a", "a", "↔ b", "b", "← (No Subject)", "(No Subject)", "→ ", "", "WhatsApp group: g", "WhatsApp → x"]
)
TIMES = st.sampled_from(
    ["2024-01-01", "2024-02-03T01:00:00+05:00", "1970-01-01T00:00:00+00:00", "2030-01-01T00:00:00", "2023-05-05"]
)
INSERTS = st.sampled_from(["INSERT", "INSERT OR IGNORE", "INSERT OR REPLACE", "INSERT OR FAIL", "INSERT OR ROLLBACK"])
UPDATES = st.sampled_from(["UPDATE", "UPDATE OR REPLACE", "UPDATE OR IGNORE", "UPDATE OR FAIL", "UPDATE OR ROLLBACK"])
ROWS = st.tuples(IDS, PEOPLE, TIMES, SOURCES, TITLES, SOURCE_IDS)
COLUMNS = "(id, person_id, timestamp, source_type, title, source_id)"
CHANGES = st.one_of(
    st.tuples(st.just("person_id"), PEOPLE),
    st.tuples(st.just("title"), TITLES),
    st.tuples(st.just("source_id"), SOURCE_IDS),
    st.tuples(st.just("source_type"), SOURCES),
    st.tuples(st.just("timestamp"), TIMES),
    st.tuples(st.just("id"), IDS),
    st.tuples(st.just("rowid"), st.integers(-1, 9)),
)
WHERES = st.one_of(
    st.tuples(st.just("id IS ?"), IDS),
    st.tuples(st.just("person_id = ?"), PEOPLE),
    st.tuples(st.just("source_type = ?"), SOURCES),
    st.tuples(st.just("source_id IS ?"), SOURCE_IDS),
    st.tuples(st.just("rowid < ?"), st.integers(1, 9)),
)


class Pairs(RuleBasedStateMachine):
    recursive_triggers = 0

    @initialize(
        unique=st.booleans(),
        owner=st.sampled_from(["p1", None]),
        limit=st.sampled_from([None, "0", "2", "3"]),
        backwards=st.booleans(),
    )
    def start(self, unique: bool, owner: str | None, limit: str | None, backwards: bool) -> None:
        self.conn = open_database(backwards=backwards)
        self.conn.execute(f"PRAGMA recursive_triggers = {self.recursive_triggers}")
        if unique:
            self.conn.execute("DROP INDEX idx_interactions_source")
            self.conn.execute("CREATE UNIQUE INDEX idx_interactions_source ON interactions (source_type, source_id)")
        self.conn.executemany("INSERT INTO people (id) VALUES (?)", [("p0",), ("p1",), ("p2",), ("p3",)])
        for key, value in (("owner_id", owner), ("max_context_people", limit)):
            if value:
                self.conn.execute("INSERT INTO settings (key, value) VALUES (?, ?)", (key, value))

    def run(self, sql: str, *values: Any) -> None:
        try:
            self.conn.execute(sql, values)
        except sqlite3.IntegrityError:
            pass
        except sqlite3.OperationalError as error:
            if "savepoint" not in str(error) and "transaction" not in str(error):
                raise

    @rule(verb=INSERTS, rows=st.lists(ROWS, min_size=1, max_size=4))
    def insert(self, verb: str, rows: list[tuple[Any, ...]]) -> None:
        places = ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(rows))
        self.run(f"{verb} INTO interactions {COLUMNS} VALUES {places}", *(value for row in rows for value in row))

    @rule(people=st.lists(PEOPLE, min_size=2, max_size=5, unique=True), row=ROWS)
    def meet(self, people: list[str], row: tuple[Any, ...]) -> None:
        for person in people:
            self.run(f"INSERT INTO interactions {COLUMNS} VALUES (NULL, ?, ?, ?, ?, ?)", person, *row[2:])

    @rule(row=ROWS, action=st.sampled_from(["NOTHING", "UPDATE SET person_id = excluded.person_id, title = 'a'"]))
    def upsert(self, row: tuple[Any, ...], action: str) -> None:
        self.run(f"INSERT INTO interactions {COLUMNS} VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO {action}", *row)

    @rule(verb=UPDATES, changes=st.dictionaries(st.just(0), CHANGES, min_size=1), more=CHANGES, where=WHERES)
    def update(self, verb: str, changes: dict[int, Any], more: tuple[str, Any], where: tuple[str, Any]) -> None:
        sets = dict([*changes.values(), more])
        clause = ", ".join(f"{name} = ?" for name in sets)
        self.run(f"{verb} interactions SET {clause} WHERE {where[0]}", *sets.values(), where[1])

    @rule(where=WHERES)
    def delete(self, where: tuple[str, Any]) -> None:
        self.run(f"DELETE FROM interactions WHERE {where[0]}", where[1])

    @rule(verb=INSERTS, merged=PEOPLE, survivor=PEOPLE)
    def merge(self, verb: str, merged: str, survivor: str) -> None:
        self.run(f"{verb} INTO person_merges (merged_id, survivor_id) VALUES (?, ?)", merged, survivor)

    @rule(merged=PEOPLE)
    def forget_merge(self, merged: str) -> None:
        self.run("DELETE FROM person_merges WHERE merged_id = ?", merged)

    @rule(person=PEOPLE, verb=INSERTS)
    def add_person(self, person: str, verb: str) -> None:
        self.run(f"{verb} INTO people (id) VALUES (?)", person)

    @rule(person=PEOPLE)
    def delete_person(self, person: str) -> None:
        self.run("DELETE FROM people WHERE id = ?", person)

    @rule(verb=INSERTS, value=PEOPLE)
    def set_owner(self, verb: str, value: str) -> None:
        self.run(f"{verb} INTO settings (key, value) VALUES ('owner_id', ?)", value)

    @rule(verb=INSERTS, value=st.sampled_from(["-1", "0", "1", "2", "3", "4"]))
    def set_limit(self, verb: str, value: str) -> None:
        self.run(f"{verb} INTO settings (key, value) VALUES ('max_context_people', ?)", value)

    @rule(key=st.sampled_from(["owner_id", "max_context_people"]))
    def unset(self, key: str) -> None:
        self.run("DELETE FROM settings WHERE key = ?", key)

    @rule(one=PEOPLE, other=PEOPLE)
    def write_down(self, one: str, other: str) -> None:
        self.run(
            "INSERT INTO relationships (id, person_a_id, person_b_id, shared_contexts) VALUES (?, ?, ?, ?)",
            f"{min(one, other)}-{max(one, other)}",
            one,
            other,
            '["gmail", "linkedin", "vault", "chess"]',
        )

    @rule(person=PEOPLE)
    def strike_out(self, person: str) -> None:
        self.run("DELETE FROM relationships WHERE person_a_id = ?", person)

    @rule(sql=st.sampled_from(["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "ROLLBACK TO a", "RELEASE a"]))
    def transaction(self, sql: str) -> None:
        self.run(sql)

    @invariant()
    def counts_are_right(self) -> None:
        if hasattr(self, "conn"):
            assert_counts_right(self.conn, Recount(self.conn))

    def teardown(self) -> None:
        if hasattr(self, "conn"):
            try:
                assert_right(self.conn)
            finally:
                self.conn.close()


@pytest.mark.parametrize("recursive_triggers", [0, 1])
def test_pairs_follow_any_program(recursive_triggers: int) -> None:
    machine = type("Machine", (Pairs,), {"recursive_triggers": recursive_triggers})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=100, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


STEPS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["p0", "p1", "p2", "p3"]), st.booleans()), min_size=8, max_size=40
)


@given(source=st.sampled_from(["gmail", "calendar", "photos", "vault"]), limit=st.integers(1, 4), steps=STEPS)
@settings(max_examples=300)
def test_ties_survive_any_order_of_coming_and_leaving(
    source: str, limit: int, steps: list[tuple[str, str, bool]]
) -> None:
    """A pair's count is shared out between two rows by who came last; whoever leaves, the sum is the number."""
    with closing(open_database()) as conn:
        conn.execute("INSERT INTO settings (key, value) VALUES ('max_context_people', ?)", (limit,))
        for number, (context, person, comes) in enumerate(steps):
            if comes:
                row = (f"i{number}", person, source, context, context)
                conn.execute(f"INSERT INTO interactions {COLUMNS} VALUES (?1, ?2, '2024-01-01', ?3, ?4, ?5)", row)
            else:
                conn.execute("DELETE FROM interactions WHERE title = ? AND person_id = ?", (context, person))
        assert min(conn.execute("SELECT min(events, threads, photos, notes) FROM evidence_ties"), default=(0,)) >= (0,)
        assert_right(conn)

"""Programs of random statements: after each one the counts equal a recount in plain Python, and no row is lost.

A twin database without our triggers runs the same statements: in programs where nobody is merged it must hold the same
rows and refuse the same statements, so the triggers neither lose a row nor let a statement fail that worked before.
"""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests import statements
from tests.conftest import UNIQUE_SOURCE, new_database
from tests.recount import ROWS, assert_exact


class CountsMachine(RuleBasedStateMachine):
    """Statements in any order, in and out of transactions."""

    recursive = False

    @initialize(unique=st.booleans(), foreign_keys=st.booleans(), may_merge=st.booleans(), backwards=st.booleans())
    def open(self, unique: bool, foreign_keys: bool, may_merge: bool, backwards: bool) -> None:
        change = UNIQUE_SOURCE if unique else None
        self.conn, self.twin = new_database(change, backwards=backwards), new_database(change, triggers=False)
        for idle in statements.IDLE_TRIGGERS:
            self.twin.execute(idle)
        for conn in (self.conn, self.twin):
            conn.execute(f"PRAGMA recursive_triggers = {int(self.recursive)}")
        self.conn.execute(f"PRAGMA foreign_keys = {int(foreign_keys)}")
        self.merged = False
        self.may_merge = may_merge
        self.both("INSERT INTO people (id) VALUES ('p0'), ('p1'), ('p2')")

    def both(self, statement: str) -> None:
        """Run one statement on the database and on its twin; both must refuse it, or neither."""
        note(statement + ";")
        refused, twin_refused = self.run(self.conn, statement), self.run(self.twin, statement)
        assert self.merged or refused == twin_refused

    def run(self, conn: sqlite3.Connection, statement: str) -> str | None:
        """Run one statement; the refusal, or None."""
        try:
            conn.execute(statement)
        except sqlite3.IntegrityError as error:
            return str(error)
        except sqlite3.OperationalError as error:
            # No unique source index to conflict with; no transaction or savepoint to end; or one already begun.
            if not any(text in str(error) for text in ("ON CONFLICT clause", "transaction", "savepoint")):
                raise
            return str(error)
        return None

    @rule(statement=st.one_of(statements.on_interactions, statements.on_interactions, statements.on_people))
    def rows(self, statement: str) -> None:
        self.both(statement)

    @rule(statement=st.one_of(statements.transactions, statements.on_source_types))
    def around(self, statement: str) -> None:
        self.both(statement)

    @precondition(lambda self: self.may_merge)
    @rule(statement=statements.on_merges)
    def merges(self, statement: str) -> None:
        self.merged = True
        self.both(statement)

    @invariant()
    def exact(self) -> None:
        if hasattr(self, "conn"):
            assert_exact(self.conn)
            for row in self.conn.execute("SELECT email_count, meeting_count, mention_count, message_count FROM people"):
                assert min(row) >= 0

    @invariant()
    def no_row_lost(self) -> None:
        if hasattr(self, "conn") and not self.merged:
            assert self.conn.execute(ROWS).fetchall() == self.twin.execute(ROWS).fetchall()

    def teardown(self) -> None:
        if hasattr(self, "conn"):
            self.conn.close()
            self.twin.close()


class RecursiveMachine(CountsMachine):
    """The same, as sqlite-utils opens a database."""

    recursive = True


PROGRAMS = settings(max_examples=120, stateful_step_count=40, deadline=None)
TestPlain = pytest.mark.filterwarnings("default")(CountsMachine.TestCase)
TestPlain.settings = PROGRAMS
TestRecursive = pytest.mark.filterwarnings("default")(RecursiveMachine.TestCase)
TestRecursive.settings = PROGRAMS

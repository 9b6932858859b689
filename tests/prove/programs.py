"""Programs of random statements on a file, by one connection or by several in turn, and what must hold after each step.

After each statement: the counts of people and of pairs, as the connection sees them, are those of the recounts in plain
Python; and what is committed is right as any other connection sees it. In the end so are dates, contexts, evidence and
the index of contacts. A twin database without our triggers runs the same: it must hold the same rows and refuse the
same statements, for as long as nobody is merged or locked out.
"""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import lifeos_db
from lifeos_db.contacts import find_contact_drift
from tests import statements
from tests.recount import ROWS, assert_exact
from tests.relationship_recount import Recount, assert_counts_right, assert_right

STEPS = 40
ENOUGH = 3
"""Failing programs after which no more are looked for."""
SHRINKING = 300
"""The most programs that are run to make a failing one shorter."""
# The source index is not unique; there is no transaction or savepoint to end, or already one; somebody else writes,
# also where OR FAIL keeps what it did before the failure and cannot commit it.
REFUSALS = ("ON CONFLICT clause", "transaction", "savepoint", "locked", "constraint failed")
Step = tuple[int, str]
"""The number of the connection, from 0, and its statement."""


@dataclass(frozen=True)
class Setting:
    """What a client, or the owner's database, may be like."""

    recursive_triggers: bool
    foreign_keys: bool
    wal: bool
    unique: bool

    def pragmas(self, number: int) -> str:
        """What a connection sets first; the second has recursive_triggers the other way round."""
        recursive, foreign = int(self.recursive_triggers != (number == 1)), int(self.foreign_keys)
        return f"PRAGMA recursive_triggers = {recursive}; PRAGMA foreign_keys = {foreign};"


SETTINGS = [Setting(*values) for values in itertools.product((False, True), repeat=4)]


@dataclass(frozen=True)
class Program:
    """Statements to run in order, from an empty migrated database."""

    setting: Setting
    steps: tuple[Step, ...]

    def to_sql(self, why: str) -> str:
        """The program as text that can be pasted into shells, one for each connection."""
        lines = [
            "-- mkdir new && lifeos db migrate --data-dir new && sqlite3 new/interactions.db",
            f"PRAGMA journal_mode = {'WAL' if self.setting.wal else 'DELETE'};",
            *([UNIQUE_INDEX] if self.setting.unique else []),
            *FIRST,
        ]
        numbers = sorted({number for number, _ in self.steps})
        steps = [*((number, self.setting.pragmas(number).rstrip(";")) for number in numbers), *self.steps]
        lines += [f"{sql};" if numbers == [0] else f"{sql};  -- connection {number + 1}" for number, sql in steps]
        lines += ["-- lifeos db verify --data-dir new", *(f"-- {line}" for line in why.splitlines())]
        return "\n".join(lines)


FIRST = (
    "INSERT OR REPLACE INTO settings (key, value) VALUES ('as_of', '2025-01-01T00:00:00.000Z');",
    "INSERT INTO people (id) VALUES ('p0'), ('p1'), ('p2');",
)
"""With what every program begins: what is after 2024 is future, and there are three people."""


UNIQUE_INDEX = (
    "DROP INDEX idx_interactions_source; "
    "CREATE UNIQUE INDEX idx_interactions_source ON interactions (source_type, source_id);"
)


def programs(connections: int) -> st.SearchStrategy[tuple[Step, ...]]:
    """Steps of programs; half of them do only what could be done before the migration, so that the twin can follow."""
    legacy = st.one_of(
        statements.on_interactions,
        statements.on_interactions,
        st.one_of(statements.on_people, statements.on_contacts),
        statements.transactions,
        st.one_of(statements.on_source_types, statements.on_settings),
    )
    whole = st.one_of(legacy, legacy, statements.on_merges, statements.on_relationships)
    who = st.integers(0, connections - 1)
    return st.sampled_from([legacy, whole]).flatmap(
        lambda statement: st.lists(st.tuples(who, statement), min_size=STEPS // 2, max_size=STEPS).map(tuple)
    )


def draw(count: int, number: int, connections: int) -> list[Program]:
    """That many programs, from the seed ``number``, under every setting in turn."""
    found: list[Program] = []

    @seed(number)
    @settings(
        max_examples=count + 1,  # the first is always the simplest of all
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(programs(connections))
    def collect(steps: tuple[Step, ...]) -> None:
        found.append(Program(SETTINGS[len(found) % len(SETTINGS)], steps))

    collect()
    return found[1:]


class Bench:
    """A directory with an empty migrated database of each kind, on copies of which programs are run."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        (scratch / "new").mkdir()
        lifeos_db.migrate(scratch / "new")
        for unique, wal, triggers in itertools.product((False, True), repeat=3):
            shutil.copyfile(scratch / "new" / "interactions.db", self._template(unique, wal, triggers))
            with closing(_open(self._template(unique, wal, triggers))) as conn:
                conn.executescript("".join([UNIQUE_INDEX if unique else "", *FIRST]))
                names = conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
                for (name,) in () if triggers else names:
                    conn.execute(f"DROP TRIGGER {name}")
                for idle in () if triggers else statements.IDLE_TRIGGERS:
                    conn.execute(idle)
                conn.execute(f"PRAGMA journal_mode = {'WAL' if wal else 'DELETE'}")

    def _template(self, unique: bool, wal: bool, triggers: bool) -> Path:
        return self.scratch / f"{'unique' if unique else 'plain'}-{'wal' if wal else 'delete'}-{int(triggers)}.db"

    def run(self, program: Program) -> str | None:
        """Run one program; what was wrong after which step, or None."""
        with ExitStack() as stack:
            real, twin = (
                _Side(stack, self._template(program.setting.unique, program.setting.wal, triggers), program)
                for triggers in (True, False)
            )
            step = 0
            try:
                compared = True
                for number, statement in program.steps:
                    step += 1
                    refused = real.execute(number, statement)
                    compared = compared and not any(name in statement for name in ("person_merges", "relationships"))
                    if compared:
                        also = twin.execute(number, statement)
                        # Triggers write where the twin writes nothing, so another's snapshot may be too old only here.
                        compared = "locked" not in f"{refused}{also}" or refused == also
                        assert not compared or refused == also, f"refused: {refused}, without our triggers: {also}"
                    real.look(number)
                    if compared:
                        assert real.rows(number) == twin.rows(number), "other rows than without our triggers"
                real.close_transactions()
                assert_right(real.observer)
                assert find_contact_drift(real.observer) == []
            except (AssertionError, sqlite3.Error) as error:
                checked = traceback.extract_tb(error.__traceback__)[-1].line
                return f"after statement {step}: {checked}: {error}"
        return None

    def try_all(self, tried: Sequence[Program], left: Callable[[], float]) -> tuple[int, list[str]]:
        """Run programs while there is time; the number of statements, and the failing programs as SQL, shrunk."""
        count = 0
        lost: list[str] = []
        for program in tried:
            if len(lost) >= ENOUGH or not left():
                break
            count += len(program.steps)
            if self.run(program):
                small = self.shrink(program, left)
                lost.append(small.to_sql(self.run(small) or "not every time"))
        return count, lost

    def shrink(self, program: Program, left: Callable[[], float]) -> Program:
        """A shorter program that fails too: runs of steps are left out, long ones first."""
        budget = SHRINKING
        size = len(program.steps) // 2
        while size:
            start = 0
            while start < len(program.steps) and budget and left():
                shorter = replace(program, steps=program.steps[:start] + program.steps[start + size :])
                budget -= 1
                if self.run(shorter):
                    program = shorter
                else:
                    start += size
            size //= 2
        return program


class _Side:
    """One database and everybody who has it open: a connection for each number, and an observer."""

    def __init__(self, stack: ExitStack, template: Path, program: Program) -> None:
        self.path = Path(shutil.copyfile(template, template.with_suffix(".run")))
        for suffix in ("-wal", "-shm", "-journal"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        self.observer = stack.enter_context(closing(_open(self.path)))
        self.connections = {
            number: stack.enter_context(closing(_open(self.path))) for number in {number for number, _ in program.steps}
        }
        for number, conn in self.connections.items():
            conn.executescript(program.setting.pragmas(number))

    def execute(self, number: int, statement: str) -> str | None:
        """Run one statement to its end; the refusal, or None."""
        try:
            self.connections[number].execute(statement).fetchall()
        except sqlite3.IntegrityError as error:
            return str(error)
        except sqlite3.OperationalError as error:
            if not any(text in str(error) for text in REFUSALS):
                raise
            return str(error)
        return None

    def look(self, number: int) -> None:
        """The counts are exact as this connection sees them and, when several write, what is committed is too."""
        conn = self.connections[number]
        for seen in [conn] if conn.in_transaction or len(self.connections) == 1 else [conn, self.observer]:
            with _if_not_locked():
                assert_exact(seen)
                counts = "SELECT email_count, meeting_count, mention_count, message_count FROM people"
                assert all(min(row) >= 0 for row in seen.execute(counts)), "a count below zero"
                assert_counts_right(seen, Recount(seen))

    def rows(self, number: int) -> list[tuple[object, ...]]:
        """The interactions as a connection sees them."""
        with _if_not_locked():
            return self.connections[number].execute(ROWS).fetchall()
        return []

    def close_transactions(self) -> None:
        """Whoever is in the middle of a transaction gives it up."""
        for conn in self.connections.values():
            conn.rollback()


@contextmanager
def _if_not_locked() -> Iterator[None]:
    """Let it be when nobody may read: a commit waits for a reader to end, and keeps new ones out."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise


def _open(path: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(path, isolation_level=None, timeout=0)
    conn.execute("PRAGMA synchronous = OFF")  # no power fails here
    return conn

"""The proof by random statements can fail: without one trigger it does, and says so in SQL that shows it again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import lifeos_db
from tests.prove.programs import ENOUGH, Bench, draw


def test_a_missing_trigger_is_found_and_shown_as_sql_to_paste(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for template in tmp_path.glob("*-1.db"):
        with closing(sqlite3.connect(template)) as conn:
            conn.execute("DROP TRIGGER interactions_after_delete")
    _, lost = bench.try_all(draw(60, 5, 1), lambda: 1)
    assert len(lost) == ENOUGH
    for number, program in enumerate(lost):
        assert program.count("\n") <= 16, "it was not made short"
        directory = tmp_path / str(number)
        directory.mkdir()
        lifeos_db.migrate(directory)  # the first line of the text
        with closing(sqlite3.connect(directory / "interactions.db")) as conn:
            conn.execute("DROP TRIGGER interactions_after_delete")
            conn.executescript(program)
        checks = lifeos_db.verify(directory, only=["counts", "relationships"]).checks
        assert sum(check.found for check in checks), program


def test_all_settings_have_their_turn_and_programs_are_as_drawn() -> None:
    drawn = draw(16, 5, 3)
    assert len({program.setting for program in drawn}) == 16
    assert drawn == draw(16, 5, 3)
    assert {number for program in drawn for number, _ in program.steps} == {0, 1, 2}

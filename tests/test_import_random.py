"""Random programs on one directory: SQL, and legacy programs that save whole files from any old load. Nothing is lost.

Every edit appends a word of its own. At the end each word must stand in the database or in the table of conflicts, and
nobody may be gone whom no program took out.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import lifeos_db
from tests.conftest import add_interaction
from tests.legacy_program import PEOPLE, LegacyProgram

NAMES = ("ann", "bob", "cy")
KEYS = ("notes", "company")
programs = st.integers(0, 1)
people = st.sampled_from(NAMES)
keys = st.sampled_from(KEYS)
steps = st.one_of(
    st.tuples(st.just("sql"), people, keys),
    st.tuples(st.just("sql adds"), st.none(), st.none()),
    st.tuples(st.just("import"), st.none(), st.none()),
    st.tuples(st.just("load"), programs, st.none()),
    st.tuples(st.just("save"), programs, st.none()),
    st.tuples(st.just("add"), programs, st.none()),
    st.tuples(st.just("edit"), programs, st.tuples(people, keys)),
)


def record(identity: str) -> dict[str, Any]:
    return {"id": identity, "canonical_name": identity, "sources": [], "notes": "", "company": ""}


@settings(max_examples=60)
@given(st.lists(steps, max_size=14))
def test_no_edit_and_nobody_is_lost(program: list[tuple[str, Any, Any]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        play(Path(name), program)


def play(path: Path, program: list[tuple[str, Any, Any]]) -> None:
    (path / PEOPLE).write_text(json.dumps([record(name) for name in NAMES]))
    lifeos_db.migrate(path, backup=False)
    loaded = [LegacyProgram(path), LegacyProgram(path)]
    unsaved: list[set[str]] = [set(), set()]
    words: set[str] = set()
    expected = set(NAMES)
    with closing(sqlite3.connect(path / "interactions.db", isolation_level=None)) as conn:
        for number, (what, one, two) in enumerate(program):
            word = f"[{number}]"
            if what == "sql":
                conn.execute(f"UPDATE people SET {two} = {two} || ? WHERE id = ?", (word, one))
                words.add(word)
            elif what == "sql adds":
                conn.execute("INSERT INTO people (id) VALUES (?)", (word,))
                add_interaction(conn, word, "ann", "sms")
                expected.add(word)
            elif what == "import":
                lifeos_db.import_edits(path)
            elif what == "load":
                loaded[one], unsaved[one] = LegacyProgram(path), set()
            elif what == "add":
                loaded[one].records.append(record(word))
                unsaved[one].add(word)
            elif what == "edit":
                person, key = two
                loaded[one][person][key] += word
                unsaved[one].add(word)
            elif what == "save":
                lifeos_db.import_edits(
                    path
                )  # as watch does; two legacy saves with nothing between are beyond anybody's reach
                loaded[one].save()
                words |= unsaved[one]
                unsaved[one] = set()
        lifeos_db.import_edits(path)
        texts = [
            text
            for table, columns in (("people", "id, notes, company"), ("import_conflicts", "theirs, ours"))
            for row in conn.execute(f"SELECT {columns} FROM {table}")
            for text in row
            if text
        ]
        assert {word for word in words if not any(word in text for text in texts)} == set()
        assert expected <= {row[0] for row in conn.execute("SELECT id FROM people")}
    assert lifeos_db.verify(path, deep=True).status == "ok"
    assert lifeos_db.import_edits(path).status == "nothing"

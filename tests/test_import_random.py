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

from hypothesis import example, given, settings
from hypothesis import strategies as st

import lifeos_db
from tests.legacy_program import PEOPLE, LegacyProgram

NAMES = ("ann", "bob")
KEYS = ("notes", "company")
programs = st.integers(0, 1)
fields = st.tuples(st.sampled_from(NAMES), st.sampled_from(KEYS))
steps = st.one_of(
    st.tuples(st.just("sql"), fields, st.none()),
    st.tuples(st.just("edit"), fields, programs),
    st.tuples(st.just("edit and save"), fields, programs),
    st.tuples(st.sampled_from(["load", "save", "add"]), st.none(), programs),
    st.tuples(st.sampled_from(["sql adds", "import"]), st.none(), st.none()),
)


def record(identity: str) -> dict[str, Any]:
    """A person; ann is the owner of the directory."""
    category = "self" if identity == "ann" else "unknown"
    return {"id": identity, "canonical_name": identity, "category": category, "sources": [], "notes": "", "company": ""}


@settings(max_examples=50)
@given(st.lists(steps, max_size=12))
@example([("sql", ("ann", "notes"), None), ("edit and save", ("ann", "company"), 0)])
@example([("sql", ("ann", "notes"), None), ("edit and save", ("ann", "notes"), 0)])
@example([("edit and save", ("ann", "notes"), 0), ("edit and save", ("ann", "company"), 1)])
@example([("sql adds", None, None), ("add", None, 0), ("edit and save", ("ann", "notes"), 0), ("save", None, 1)])
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
        for number, (what, where, who) in enumerate(program):
            word = f"[{number}]"
            if what == "sql":
                person, key = where
                conn.execute(f"UPDATE people SET {key} = {key} || ? WHERE id = ?", (word, person))
                words.add(word)
            elif what == "sql adds":
                conn.execute("INSERT INTO people (id) VALUES (?)", (word,))
                expected.add(word)
            elif what == "import":
                lifeos_db.import_edits(path)
            elif what == "load":
                loaded[who], unsaved[who] = LegacyProgram(path), set()
            elif what == "add":
                loaded[who].records.append(record(word))
                unsaved[who].add(word)
            if what.startswith("edit"):
                person, key = where
                loaded[who][person][key] += word
                unsaved[who].add(word)
            if what.endswith("save"):
                lifeos_db.import_edits(path)  # as watch does; of two legacy saves in a row only the last is there
                loaded[who].save()
                words |= unsaved[who]
                unsaved[who] = set()
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

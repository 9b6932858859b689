"""Write docs/data-model.md and its drawings: what stands in schema/, and which trigger writes which table.

Nothing is written down here by hand. An empty database is made from schema/; SQLite then compiles an INSERT, UPDATE,
DELETE and SELECT for every table and view, and says through its authorizer what each trigger writes and each view
reads. Run by ``make docs/data-model.md``; a test holds the pages against it.
"""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from svg_boxes import Box, drawing

from lifeos_db.schema_objects import ObjectType, SchemaObject, expected, expected_objects

DOCS = Path(__file__).parent
SCHEMA = DOCS.parent / "schema"
COUNTS = {
    "people",
    "interactions",
    "person_merges",
    "replace_notes",
    "merge_records",
    "merge_moves",
    "merged_interactions",
}
PICTURES = (
    ("counts", "Counts and merges", "What keeps the four counts of `people`, and what a merge does at once and later."),
    ("relationships", "Relationships", "What keeps the evidence that `relationships` is read from."),
    ("others", "Contacts and the rest", "What leads from emails, phone numbers and names to people."),
)
LEGEND = (
    "A box is a table (or a view that can be written) with its triggers; a line leads from a trigger to each table\n"
    "that it writes. ↺ writes its own table too."
)
EXPORTS = "export_state"
"""Nearly every trigger writes it, so it is told in a sentence and not drawn."""


@dataclass
class Found:
    """What SQLite said: the tables that each trigger writes, and the tables that each view rests on."""

    writes: dict[str, set[str]] = field(default_factory=dict)
    reads: dict[str, set[str]] = field(default_factory=dict)


def statements(conn: sqlite3.Connection, name: str) -> Iterator[str]:
    """One statement of each kind for a table or view, naming all columns, so that every trigger of it is compiled."""
    columns = [row[1] for row in conn.execute(f"PRAGMA table_info({name})")]
    yield f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    yield f"UPDATE {name} SET {', '.join(f'{column} = ?' for column in columns)}"
    yield f"UPDATE {name} SET rowid = ?"
    yield f"DELETE FROM {name}"


def ask_sqlite() -> Found:
    """Compile statements on an empty database of today's schema, and note what the authorizer is asked."""
    found = Found()
    triggers = {item.name: item.table for item in expected("trigger")}
    tables = {item.name for item in expected("table")}
    writing = (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE)
    view = ""

    def note(action: int, table: str | None, _column: str | None, _database: str | None, source: str | None) -> int:
        if action in writing and source in triggers and table is not None:
            found.writes.setdefault(source, set()).add(table)
        elif action == sqlite3.SQLITE_READ and view and table in tables:
            found.reads.setdefault(view, set()).add(table)
        return sqlite3.SQLITE_OK

    with closing(sqlite3.connect(":memory:")) as conn:
        for item in expected_objects():
            conn.execute(item.sql)
        conn.set_authorizer(note)
        for name in sorted(set(triggers.values())):
            for statement in statements(conn, name):
                try:
                    conn.execute(f"EXPLAIN {statement}", [None] * statement.count("?"))
                except sqlite3.OperationalError as error:  # a view without a trigger for this kind of statement
                    if not re.search("cannot modify|no such column: rowid", str(error)):
                        raise
        for view in (item.name for item in expected("view")):
            conn.execute(f"EXPLAIN SELECT * FROM {view}")
    return found


def picture_of(table: str) -> str:
    """The name of the drawing in which writes to the table are shown."""
    if table in COUNTS:
        return "counts"
    return "relationships" if table.startswith(("evidence_", "relationship")) else "others"


def draw(picture: str, title: str, found: Found) -> str:
    """One drawing, as SVG: the tables that are written there, and those whose triggers write them."""
    boxes: dict[str, Box] = {}
    lines: list[tuple[str, str, str]] = []
    for item in expected("trigger"):
        targets = {name for name in found.writes.get(item.name, ()) if name != EXPORTS and picture_of(name) == picture}
        if not targets:
            continue
        row = item.name.removeprefix(f"{item.table}_").replace("_", " ")
        if item.table in targets:
            row += " ↺"
        boxes.setdefault(item.table, Box(item.table)).rows.append(row)
        for target in sorted(targets - {item.table}):
            boxes.setdefault(target, Box(target))
            lines.append((item.table, row, target))
    return drawing(title, [boxes[name] for name in sorted(boxes)], lines)


def first_sentence(item: SchemaObject) -> str:
    """The first sentence of the comment that heads the object's file, without the object's name before it."""
    head: list[str] = []
    for line in path_of(item).read_text().splitlines():
        if not line.startswith("-- "):
            break
        head.append(line.removeprefix("-- ").strip())
    text = " ".join(head).removeprefix(f"{item.name}: ")
    sentences = re.split(r"(?<=[.)])\s+(?=[A-Z`])", text)
    sentence = " ".join(sentences[: 2 if " " not in sentences[0] else 1]).replace("|", "\\|")  # "Scratch." is none yet
    return sentence[0].upper() + sentence[1:]


def path_of(item: SchemaObject) -> Path:
    folder = {"table": "tables", "index": "indexes", "view": "views", "trigger": "triggers"}[item.type]
    return SCHEMA / folder / f"{item.name}.sql"


def link(item: SchemaObject) -> str:
    return f"[`{item.name}`](../{path_of(item).relative_to(DOCS.parent)})"


def names(found: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(found)) or "nothing"


def page(found: Found) -> str:
    """The page in Markdown."""
    numbers = {kind: len(expected(kind)) for kind in ("table", "index", "view", "trigger")}
    text = [
        "# The data model",
        "",
        "Generated from `schema/` by `make docs/data-model.md`; do not edit.",
        "",
        f"`schema/` has {numbers['table']} tables, {numbers['trigger']} triggers, {numbers['view']} views and "
        f"{numbers['index']} indexes, one a file. Each file",
        "says what it is and, where it matters, what keeps it true and what it costs; the names below lead to them.",
        "How it works together is told in [How the counts stay right](how-counts-stay-right.md) and",
        "[Relationships](relationships.md).",
        "",
        LEGEND,
    ]
    for picture, title, caption in PICTURES:
        text += [
            "",
            f"## {title}",
            "",
            caption,
            "",
            f"![{title}: which trigger writes which table](images/{picture}.svg)",
        ]
    stale = [name for name, tables in found.writes.items() if EXPORTS in tables]
    text += [
        "",
        f"Not drawn: {len(stale)} triggers also raise `{EXPORTS}.revision`, by which an export knows that the files "
        "are stale.",
    ]
    reverse = {item.name: set[str]() for item in expected("table")}
    for trigger in expected("trigger"):
        for table in found.writes.get(trigger.name, ()):
            reverse[table].add(trigger.table)
    sections: tuple[tuple[str, str, ObjectType], ...] = (
        ("Tables", "| table | what it holds | written by triggers on |", "table"),
        ("Triggers", "| trigger | what it does | writes |", "trigger"),
        ("Views", "| view | what it shows | computed from |", "view"),
        ("Indexes", "| index | why | on |", "index"),
    )
    for title, heading, kind in sections:
        text += ["", f"## {title}", "", heading, "|---|---|---|"]
        for item in expected(kind):
            last = {
                "table": lambda item: names(reverse[item.name]),
                "trigger": lambda item: names(found.writes.get(item.name, set())),
                "view": lambda item: names(found.reads.get(item.name, set())),
                "index": lambda item: names({item.table}),
            }[kind](item)
            text.append(f"| {link(item)} | {first_sentence(item)} | {last} |")
    return "\n".join(text) + "\n"


def main(folder: Path) -> None:
    """Write the page and the drawings into a folder."""
    found = ask_sqlite()
    (folder / "images").mkdir(exist_ok=True)
    for picture, title, _ in PICTURES:
        (folder / "images" / f"{picture}.svg").write_text(draw(picture, title, found), encoding="utf-8")
    (folder / "data-model.md").write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS)

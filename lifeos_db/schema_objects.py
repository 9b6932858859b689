"""The schema as this version means it (the files in schema/), held against the schema in a database."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from .errors import NewerSchema, NotMigrated, OlderSchema, SchemaDamaged, UnexpectedTable

ObjectType = Literal["table", "index", "view", "trigger"]
KINDS: tuple[tuple[ObjectType, str], ...] = (
    ("table", "tables"),
    ("index", "indexes"),
    ("view", "views"),
    ("trigger", "triggers"),
)
SCHEMA_VERSION = 5
"""The number of the last step in migrations/; kept in the database as ``PRAGMA user_version``."""

INTERACTIONS_COLUMNS = (
    "id",
    "person_id",
    "timestamp",
    "source_type",
    "title",
    "snippet",
    "source_link",
    "source_id",
    "created_at",
    "source_account",
    "attendee_count",
)
DERIVED = frozenset(
    {
        "replace_notes",
        "evidence_changes",
        "evidence_rules",
        "evidence_members",
        "evidence_groups",
        "evidence_people",
        "evidence_ties",
        "contacts_to_read",
        "person_contacts",
        "letter_folds",
    }
)
"""Tables that can be made anew at any time: they hold nothing between two statements, or only what repair computes."""
MAY_START_EMPTY = DERIVED | {
    "blocked_contacts",
    "exported_history",
    "exported_records",
    "exports",
    "import_conflicts",
    "import_rejects",
    "merge_moves",
    "merge_records",
    "merged_interactions",
    "removed_objects",
}
"""Tables that can be made anew when they are gone: the counts do not need what they held."""
SOURCE_INDEX = "idx_interactions_source"

# One token of SQL: a quoted text or name, a comment, white space, or any other run that matters as it is.
_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|\s+|[\w$]+|.""", re.DOTALL)


@dataclass(frozen=True)
class SchemaObject:
    """A table, index, view or trigger; ``table`` is the table it belongs to, ``sql`` its definition."""

    type: ObjectType
    name: str
    table: str
    sql: str


@dataclass(frozen=True)
class SchemaDifference:
    """One object that is not what it must be; ``sql`` is the definition found in the database, if any."""

    type: ObjectType
    name: str
    problem: Literal["missing", "altered", "extra", "uncovered"]
    detail: str
    sql: str | None = None


@cache
def normalise(sql: str) -> str:
    """The statement without comments and the semicolon at its end, with one space between any two tokens."""
    tokens: list[str] = []
    for token in _TOKEN.findall(sql):
        if re.fullmatch(r'"\w+"', token):
            token = token[1:-1]  # SQLite quotes names when it renames a table
        if not (token.isspace() or token.startswith(("--", "/*"))):
            tokens.append(token)
    return " ".join(tokens).rstrip("; ")


def mentions(sql: str, names: Collection[str]) -> bool:
    """Whether a definition uses one of the names, given in lower case, outside of texts and comments."""
    return any(token.strip('"') in names for token in normalise(sql).lower().split(" "))


@cache
def expected_objects() -> tuple[SchemaObject, ...]:
    """Every object of schema/, tables first, then indexes, views and triggers, each in order of name."""
    found: list[SchemaObject] = []
    here = Path(__file__).parent
    # Installed, schema/ lies inside the package; in a checkout, beside it.
    root = here / "schema" if (here / "schema").is_dir() else here.parent / "schema"
    for kind, folder in KINDS:
        for entry in sorted((root / folder).glob("*.sql")):
            text = entry.read_text(encoding="utf-8")
            sql = text[text.index("CREATE ") :].strip().rstrip(";")
            name = entry.stem
            table = name
            if kind in ("index", "trigger"):
                match = re.search(r"\bON\s+(\w+)", sql)
                assert match is not None, f"{entry.name} names no table"
                table = match.group(1)
            found.append(SchemaObject(kind, name, table, sql))
    return tuple(found)


def expected(kind: ObjectType) -> list[SchemaObject]:
    """The objects of one type."""
    return [item for item in expected_objects() if item.type == kind]


def is_migrated(conn: sqlite3.Connection) -> bool:
    """Whether this is a database of ours, of any version; true also if some of our tables are gone."""
    marks = ("people", "settings", "export_state", "person_merges", "source_types")
    query = f"SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ({', '.join('?' * len(marks))})"
    return bool(conn.execute(query, marks).fetchone()[0] >= 3)


def schema_version(conn: sqlite3.Connection) -> int:
    """The version of the schema in the database; 0 for a legacy one."""
    return int(conn.execute("PRAGMA user_version").fetchone()[0]) if is_migrated(conn) else 0


def require_current(conn: sqlite3.Connection, path: Path) -> None:
    """Raises NotMigrated, OlderSchema or NewerSchema where the database is not of this version."""
    if not is_migrated(conn):
        raise NotMigrated(path)
    refuse_newer(conn, path)
    if (found := schema_version(conn)) < SCHEMA_VERSION:
        raise OlderSchema(path, found, SCHEMA_VERSION)


def refuse_newer(conn: sqlite3.Connection, path: Path) -> None:
    """Raises NewerSchema where the database, if it is ours, has steps that this version does not know."""
    if (found := schema_version(conn)) > SCHEMA_VERSION:
        raise NewerSchema(path, str(found), SCHEMA_VERSION)


def present_objects(conn: sqlite3.Connection) -> dict[tuple[str, str], SchemaObject]:
    """What is in the database, of whoever, by type and name in lower case; SQLite's own left out."""
    rows = conn.execute(
        "SELECT type, name, tbl_name, sql FROM main.sqlite_master "
        "WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    return {(row[0], row[1].lower()): SchemaObject(*row) for row in rows}


def _unique_indexes(conn: sqlite3.Connection) -> list[tuple[str, tuple[str, ...], bool]]:
    """Every UNIQUE index on interactions: name, columns, and whether the BEFORE triggers know its key.

    They know id and (source_type, source_id), compared as stored. A partial index (other than of the rows that have a
    source_id), one on an expression and one with another collation can be hit by rows that those look-ups do not see.
    """
    found = []
    query = "SELECT name, partial FROM pragma_index_list('interactions') WHERE \"unique\""
    for name, partial in conn.execute(query).fetchall():
        rows = conn.execute("SELECT name, coll FROM pragma_index_xinfo(?) WHERE key", (name,)).fetchall()
        columns = tuple(str(column) for column, _ in rows)
        sql = conn.execute("SELECT sql FROM main.sqlite_master WHERE name = ?", (name,)).fetchone()
        # NULL equals nothing, so leaving it out of the index leaves no row out that could be hit.
        whole = not partial or normalise(sql[0]).lower().endswith(") where source_id is not null")
        plain = whole and all(collation == "BINARY" for _, collation in rows)
        covered = plain and set(columns) in ({"id"}, {"source_type", "source_id"})
        found.append((name, columns, covered))
    return found


def own_objects(conn: sqlite3.Connection) -> set[str]:
    """The names, in lower case, of triggers, views and indexes that the owner had before the first migration."""
    try:
        row = conn.execute("SELECT value FROM settings WHERE key = 'own_objects'").fetchone()
        return {str(name).lower() for name in json.loads(row[0])} if row and row[0] else set()
    except (sqlite3.Error, ValueError, TypeError):
        return set()


def foreign_objects(conn: sqlite3.Connection) -> list[str]:
    """The names of the triggers, views and indexes that are not part of this schema."""
    ours = {(item.type, item.name) for item in expected_objects()}
    return sorted(item.name for key, item in present_objects(conn).items() if item.type != "table" and key not in ours)


def differences(conn: sqlite3.Connection) -> list[SchemaDifference]:
    """Hold the database against schema/: what is missing, altered, extra, or a unique key the triggers do not cover.

    Extra are triggers and indexes on our tables, and views, apart from those the owner had before the first
    migration. Tables of the owner's, and what belongs to them, are none of our business.
    """
    present = present_objects(conn)
    ours = {item.name for item in (*expected("table"), *expected("view"))}
    unique = _unique_indexes(conn)
    found: list[SchemaDifference] = []
    for item in expected_objects():
        there = present.pop((item.type, item.name), None)
        if there is None:
            found.append(SchemaDifference(item.type, item.name, "missing", f"{item.type} {item.name} is missing"))
        elif item.name == "interactions" and item.type == "table":
            found += _interactions_differences(conn)
        elif item.name == SOURCE_INDEX and any(name == SOURCE_INDEX for name, _, _ in unique):
            continue  # UNIQUE in later legacy versions; if it is of a kind that is not covered, it is named below
        elif there.sql != item.sql and normalise(there.sql) != normalise(item.sql):
            detail = f"{item.type} {item.name} differs from this version's definition"
            found.append(SchemaDifference(item.type, item.name, "altered", detail, there.sql))
    for name, columns, covered in unique:
        if covered:
            present.pop(("index", name.lower()), None)
            continue
        detail = f"unique index {name} on interactions ({', '.join(columns)}) is not covered by the triggers"
        there = present.pop(("index", name.lower()), None)
        found.append(SchemaDifference("index", name, "uncovered", detail, there.sql if there else None))
    own = own_objects(conn)
    for (kind, name), item in sorted(present.items()):
        if kind == "table" or name in own:
            continue
        if kind == "view" or item.table in ours:
            place = "" if kind == "view" else f" on {item.table}"
            detail = f"{kind} {item.name}{place} is not part of this schema"
            found.append(SchemaDifference(item.type, item.name, "extra", detail, item.sql))
    return found


def _interactions_differences(conn: sqlite3.Connection) -> list[SchemaDifference]:
    """The legacy table may be written in many ways, in any case, with columns of the owner's; ours must be there."""
    columns = {row[1].lower() for row in conn.execute("PRAGMA main.table_info('interactions')")}
    missing = [name for name in INTERACTIONS_COLUMNS if name not in columns]
    if missing:
        detail = f"table interactions lacks the columns {', '.join(missing)}"
    elif not any(tuple(map(str.lower, key)) == ("id",) for _, key, _ in _unique_indexes(conn)):
        detail = "table interactions has no key on id, so the same row could be written twice"
    else:
        return []
    return [SchemaDifference("table", "interactions", "altered", detail)]


def refuse_lost_tables(wrong: Iterable[SchemaDifference], path: Path) -> None:
    """Raises UnexpectedTable where a table that holds data is missing or altered: that cannot be rebuilt."""
    lost = [item.detail for item in wrong if not rebuildable(item)]
    if lost:
        raise UnexpectedTable(
            f"{path}: {lost[0]}",
            "Restore interactions.db from backups/: a table cannot be rebuilt without its rows.",
            lost[1:],
        )


def require_whole(conn: sqlite3.Connection, path: Path) -> None:
    """Raises UnexpectedTable or SchemaDamaged where an object is missing or altered; extra ones do no harm."""
    wrong = differences(conn)
    refuse_lost_tables(wrong, path)
    for item in wrong:
        if item.problem in ("missing", "altered"):
            raise SchemaDamaged(path, item.detail)


def rebuildable(difference: SchemaDifference) -> bool:
    """Whether repair can make the object anew: every one but a table with rows that nothing else can tell."""
    if difference.type != "table":
        return True
    return difference.name in (MAY_START_EMPTY if difference.problem == "missing" else DERIVED)


def apply(conn: sqlite3.Connection, wrong: Iterable[SchemaDifference]) -> list[SchemaDifference]:
    """Create missing and replace altered indexes, views and triggers, and create missing tables that may be empty.

    Inside the caller's transaction. Views that stand on a replaced view, and triggers, hold only names, so each object
    is replaced by itself. Returns what was mended; other tables, extra objects and uncovered keys are left alone.
    """
    wanted = {(item.type, item.name): item for item in expected_objects()}
    mended = []
    for difference in wrong:
        if not rebuildable(difference) or difference.problem not in ("missing", "altered"):
            continue
        if difference.problem == "altered" or difference.type in ("trigger", "index"):
            conn.execute(f"DROP {difference.type.upper()} IF EXISTS {difference.name}")
        conn.execute(wanted[difference.type, difference.name].sql)
        if difference.problem == "altered" and difference.type in ("table", "view"):
            for item in wanted.values():  # what stood on it went with it
                if item.type in ("trigger", "index") and item.table == difference.name:
                    conn.execute(item.sql)
        mended.append(difference)
    return mended

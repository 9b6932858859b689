"""The way out: what the legacy form can hold goes into the JSON files, and everything of ours out of the database."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from .backup import back_up
from .choices import EJECTED
from .counts import find_drift
from .database import DEFAULT_TIMEOUT, Progress, Transaction, open_reader, open_writer, translated_errors
from .directory import PEOPLE_FILE, RELATIONSHIPS_FILE, DataDirectory
from .errors import AlreadyWatched, BadValue, CountsWrong, KeepsChanging, Locked, UnexpectedTable
from .export_form import people_keys, relationship_keys
from .exporting import compare
from .imported_pairs import WRITTEN_DOWN
from .importing import import_edits
from .interrupts import finishing
from .legacy_form import PERSON_KEYS, RELATIONSHIP_KEYS, Key, encode
from .migrations.m0001_people_in_the_database import SOURCE_TYPES
from .schema_objects import (
    SchemaObject,
    expected_objects,
    is_migrated,
    mentions,
    own_objects,
    present_objects,
    require_current,
    require_whole,
)
from .watching import WATCH_LOCK

_ATTEMPTS = 5
"""How often files and database are brought together again where somebody writes meanwhile."""
_PERSON_INDEX = "idx_interactions_person_timestamp"
_LEGACY_PERSON_INDEX = f"CREATE INDEX {_PERSON_INDEX} ON interactions(person_id, timestamp DESC)"
_STEPS_TABLE = "_sqlite_migrations"


@dataclass
class EjectReport:
    """What an eject did, or would do. ``status`` is ``legacy`` where there was nothing to take out.

    ``edited`` are the files whose edits were taken in; ``objects`` is the number of our tables, views, triggers and
    indexes taken out; ``foreign`` names others that could not work without them, such as ``view busy``;
    ``only_in_backup`` says, a line each, what the legacy form cannot hold.
    """

    status: Literal["ejected", "legacy", "dry-run"]
    people: int = 0
    interactions: int = 0
    relationships: int = 0
    merges: int = 0
    edited: list[str] = field(default_factory=list)
    objects: int = 0
    foreign: list[str] = field(default_factory=list)
    only_in_backup: list[str] = field(default_factory=list)
    backup: str | None = None
    seconds: float = 0.0


def eject(
    data_dir: str | os.PathLike[str] | None = None,
    *,
    dry_run: bool = False,
    timeout: float = DEFAULT_TIMEOUT,
    progress: Progress | None = None,
) -> EjectReport:
    """Make a migrated directory a legacy one again: import, export, back up, then drop what is ours.

    The files are complete before anything is dropped, and that is one transaction: whatever stops it, the directory
    is still a migrated one, or legacy. Interactions keep every row and column. ``migrate`` brings it back.

    Raises CountsWrong, SchemaDamaged, UnexpectedTable and BadValue, for what is wrong must not be handed on;
    KeepsChanging, AlreadyWatched; what ``import_edits`` raises; and what opening raises, but for NotMigrated.
    """
    started = time.monotonic()
    directory = DataDirectory.locate(data_dir)
    path = directory.existing_database()
    with translated_errors(path, timeout):
        edits = _pending_edits(directory, timeout) if dry_run else []
        with closing(open_reader(path, timeout)) as reader:
            if not is_migrated(reader):
                return EjectReport("legacy")
            require_current(reader, path)
            reader.execute("BEGIN")
            _refuse_what_is_wrong(reader, path)  # before anything is imported or exported
            if dry_run:
                report = _plan(reader, EjectReport("dry-run", edited=edits))
        if not dry_run:
            report = _eject(directory, timeout, progress)
    report.seconds = round(time.monotonic() - started, 3)
    return report


def _pending_edits(directory: DataDirectory, timeout: float) -> list[str]:
    """The files that would be imported first. Raises what ``import_edits`` would raise of them."""
    with closing(open_reader(directory.database, timeout)) as reader:
        if not is_migrated(reader):
            return []
        require_current(reader, directory.database)
        edited = compare(reader, directory).edited
    if edited:
        import_edits(directory.path, dry_run=True, timeout=timeout)
    return list(edited)


def _eject(directory: DataDirectory, timeout: float, progress: Progress | None) -> EjectReport:
    with ExitStack() as stack:
        try:  # who watches would find no database of ours any more
            stack.enter_context(directory.lock(0, WATCH_LOCK))
        except Locked:
            raise AlreadyWatched(directory.path) from None
        edited: dict[str, None] = {}
        for _ in range(_ATTEMPTS):
            edited |= dict.fromkeys(import_edits(directory.path, timeout=timeout).files)
            with directory.lock(timeout), closing(open_writer(directory.database, timeout)) as conn:
                report = _take_out(conn, directory, stack, timeout, progress)
            if report is not None:
                report.edited = list(edited)
                return report
    raise KeepsChanging(directory.path)


def _take_out(
    conn: sqlite3.Connection, directory: DataDirectory, until_done: ExitStack, timeout: float, progress: Progress | None
) -> EjectReport | None:
    """Everything in one transaction, if the files still show what the database holds; else None, and nothing done."""
    path = directory.database
    had_backups = directory.backups.exists()
    saved: Path | None = None
    try:
        with Transaction(conn):
            require_current(conn, path)
            if compare(conn, directory).status != "fresh":
                return None
            _refuse_what_is_wrong(conn, path)
            report = _plan(conn, EjectReport("ejected"))
            saved = back_up(directory, EJECTED, timeout, progress, check=True)
            report.backup = str(saved)
            if progress:
                progress("take out", 0, 0)
            _drop(conn)
            until_done.enter_context(finishing())  # once it is committed the backup stays
        return report
    except BaseException:
        if saved:
            shutil.rmtree(saved if had_backups else directory.backups, ignore_errors=True)
        raise


def _refuse_what_is_wrong(conn: sqlite3.Connection, path: Path) -> None:
    steps = conn.execute("SELECT type FROM main.sqlite_master WHERE name = ?", (_STEPS_TABLE,)).fetchone()
    if steps != ("table",):
        raise UnexpectedTable(
            f"{path}: {_STEPS_TABLE} is no table any more",
            "Restore interactions.db from backups/, or make it a table with the rows of migrations again.",
        )
    require_whole(conn, path)
    if drift := find_drift(conn):
        raise CountsWrong(path, len(drift))
    for table, column in (("people", "id"), ("person_merges", "merged_id"), ("person_merges", "survivor_id")):
        for (rowid,) in conn.execute(f"SELECT rowid FROM {table} WHERE {column} = ''"):
            raise BadValue(table, rowid, "", column, "is empty, and a file with it could not be imported again")


def _plan(conn: sqlite3.Connection, report: EjectReport) -> EjectReport:
    """Fill in what there is, what goes, and what goes nowhere but into the backup."""
    for name in ("people", "interactions", "relationships"):
        setattr(report, name, conn.execute(f"SELECT count(*) FROM {name}").fetchone()[0])
    report.merges = conn.execute("SELECT count(*) FROM person_merges").fetchone()[0]
    report.objects = len(_ours())
    report.foreign = [f"{item.type} {item.name}" for item in _dependent(conn)]
    report.only_in_backup = list(_only_in_backup(conn))
    return report


def _ours() -> list[SchemaObject]:
    """What goes: every object of the schema but interactions and the legacy indexes on it."""
    return [
        item
        for item in expected_objects()
        if item.name != "interactions" and not (item.type == "index" and item.table == "interactions")
    ]


def _dependent(conn: sqlite3.Connection) -> list[SchemaObject]:
    """Triggers, views and indexes of others that stand on our objects, or name them, and so must go with them.

    Those from before the first migration know nothing of us and stay.
    """
    ours = {(item.type, item.name.lower()) for item in expected_objects()}
    own = own_objects(conn)
    names = {item.name.lower() for item in _ours() if item.type in ("table", "view")}
    others = [item for key, item in present_objects(conn).items() if key not in ours and item.type != "table"]
    found: list[SchemaObject] = []
    while True:
        more = [
            item
            for item in others
            if item not in found
            and item.table.lower() != _STEPS_TABLE
            and (
                (item.table.lower() in names and item.type != "view")
                or (item.type != "index" and item.name.lower() not in own and mentions(item.sql, names))
            )
        ]
        if not more:
            return found
        found += more
        names |= {item.name.lower() for item in more if item.type == "view"}  # a view may stand on a view


def _drop(conn: sqlite3.Connection) -> None:
    """Take everything out, in the caller's transaction. Triggers and views first, for they hold only names."""
    order = ("trigger", "view", "index", "table")
    for item in sorted([*_dependent(conn), *_ours()], key=lambda item: order.index(item.type)):
        name = item.name.replace('"', '""')
        conn.execute(f'DROP {item.type.upper()} IF EXISTS main."{name}"')
    conn.execute(f"DROP INDEX IF EXISTS {_PERSON_INDEX}")
    conn.execute(_LEGACY_PERSON_INDEX)
    conn.execute(f"DELETE FROM {_STEPS_TABLE} WHERE migration_set = 'lifeos-db'")
    if not conn.execute(f"SELECT 1 FROM {_STEPS_TABLE}").fetchone():
        conn.execute(f"DROP TABLE {_STEPS_TABLE}")
    conn.execute("PRAGMA user_version = 0")


def _only_in_backup(conn: sqlite3.Connection) -> Iterator[str]:
    """What the three files and the table of interactions have no place for, a line each; only what is there."""

    def count(query: str) -> int:
        return int(conn.execute(query).fetchone()[0])

    if number := count("SELECT count(*) FROM person_merges WHERE merged_id IN (SELECT merged_id FROM merge_records)"):
        yield f"how to take {number} merge(s) back"
    for table in ("import_conflicts", "import_rejects", "removed_objects"):
        if number := count(f"SELECT count(*) FROM {table}"):
            yield f"{number} row(s) of {table}"
    owner = conn.execute("SELECT value FROM settings WHERE key = 'owner_id'").fetchone()
    selves = conn.execute("SELECT id FROM people WHERE category = 'self'").fetchall()
    if owner and selves != [owner]:
        yield "who the owner is; migrate finds it there"
    if limit := conn.execute("SELECT value FROM settings WHERE key = 'max_context_people'").fetchone():
        yield f"the setting max_context_people, {limit[0]}; migrate finds it there"
    changed = set(conn.execute("SELECT source_type, counter FROM source_types")) ^ set(SOURCE_TYPES)
    if changed:
        names = sorted({str(name) for name, _ in changed})
        yield f"what you changed in source_types ({', '.join(names)}); migrate finds it there"
    if number := count(
        "SELECT count(*) FROM relationship_records "
        "WHERE person_a_id NOT IN (SELECT id FROM people) OR person_b_id NOT IN (SELECT id FROM people)"
    ):
        yield f"{number} relationship(s) of people who are gone"
    if number := count(
        """SELECT count(*) FROM blocked_contacts AS blocked WHERE NOT EXISTS (
            SELECT 1 FROM people JOIN person_contacts AS contacts ON contacts.person_id = people.id
            WHERE people.id = blocked.person_id AND people.hidden = 1
                AND contacts.kind = blocked.kind AND contacts.value = blocked.value
        )"""
    ):
        yield f"{number} blocked contact(s) that are no hidden person's any more"
    for table, file, keys, known in (
        ("people", PEOPLE_FILE, people_keys(conn), PERSON_KEYS),
        ("relationship_records", RELATIONSHIPS_FILE, relationship_keys(conn), _written_down()),
    ):
        yield from _without_a_key(conn, table, file, keys, known)


def _written_down() -> tuple[Key, ...]:
    return tuple(key for key in RELATIONSHIP_KEYS if key.name in WRITTEN_DOWN)


def _without_a_key(
    conn: sqlite3.Connection, table: str, file: str, keys: list[str], known: tuple[Key, ...]
) -> Iterator[str]:
    """The columns with values for which the file has no key, because the imported file had none."""
    for key in known:
        if key.name not in keys:
            number = conn.execute(
                f"SELECT count(*) FROM {table} WHERE {key.name} IS NOT NULL AND {key.name} IS NOT ?",
                (encode(key, key.default),),
            ).fetchone()[0]
            if number:
                yield f"{key.name} of {number} record(s): {file} has no such key"
    unknown: dict[str, int] = {}
    for (extra,) in conn.execute(f"SELECT extra FROM {table} WHERE extra IS NOT NULL"):
        for name in json.loads(extra):
            if name not in keys:
                unknown[name] = unknown.get(name, 0) + 1
    for name, number in unknown.items():
        yield f"{name} of {number} record(s): {file} has no such key"

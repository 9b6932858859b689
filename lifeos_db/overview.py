"""How the database is, on one screen: the numbers, what is waiting, and what to do first."""

from __future__ import annotations

import os
import sqlite3
import time
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any, Literal

from .changing import looking
from .database import DEFAULT_TIMEOUT, is_utf8, plain, sqlite_fault
from .directory import EXPORT_FILES, DataDirectory, utc_now
from .exporting import compare
from .moments import INSTANT_SQL, TEXT_AFTER_SQL, TEXT_BEFORE_SQL, as_instant
from .schema_objects import expected, schema_version
from .verification import Check, look

_WALKED = 20_000
"""So many of the latest rows are looked at for one of each source type."""
_NAMED = 3
"""So many source types that nobody knows are named, where there are more."""


@dataclass(frozen=True)
class Action:
    """Something that wants to be done: what is wrong, in a few words, and the command or sentence that mends it."""

    problem: str
    command: str


@dataclass(frozen=True)
class SourceStatus:
    """One source type: its counter (None: in no count), whether source_types knows it, its rows, its latest instant.

    ``last`` leaves undated and future rows out.
    """

    source_type: str
    counter: str | None
    known: bool
    interactions: int
    last: str | None


@dataclass(frozen=True)
class ExportedFile:
    """One JSON file: ``state`` is fresh, stale or edited; ``exported_at`` the instant it was written last."""

    file: str
    state: Literal["fresh", "stale", "edited"]
    exported_at: str | None


@dataclass(frozen=True)
class StatusReport:
    """What ``lifeos db status`` shows; a number that cannot be had, because a table is gone, is None.

    ``status`` is the worst of what was looked at, in the words of a verification; ``actions`` are in the order in which
    they matter. ``drift`` is how many counts are wrong, ``schema_problems`` how many objects; ``triggers`` how many of
    the ``triggers_expected`` are as they must be. ``sizes`` maps file names to bytes. Moments are instants in UTC.
    """

    status: Literal["ok", "warn", "drift", "schema"]
    actions: list[Action]
    now: str
    directory: str
    people: int | None
    hidden: int | None
    owner_id: str | None
    owner_name: str | None
    interactions: int
    sources: list[SourceStatus]
    drift: int | None
    orphans: int | None
    merges: int | None
    rejects: int | None
    conflicts: int | None
    schema_version: int
    schema_problems: int
    triggers: int
    triggers_expected: int
    exports: Literal["fresh", "stale", "edited"] | None
    files: list[ExportedFile]
    last_export: str | None
    last_migration: str | None
    last_backup: str | None
    last_backup_path: str | None
    sizes: dict[str, int]
    sqlite_version: str
    sqlite_fault: str | None
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)


def status(data_dir: str | os.PathLike[str] | None = None, *, timeout: float = DEFAULT_TIMEOUT) -> StatusReport:
    """Look at everything that can be looked at fast; read-only.

    The people's counts are held against the aggregate; evidence of relationships and the file's pages are not, which
    is for ``verify``. Raises what opening raises.
    """
    started = time.monotonic()
    directory = DataDirectory.locate(data_dir)
    with looking(directory.path, timeout) as conn:
        checks = {check.name: check for check in look(conn, directory, ("schema", "counts"))}
        report = _read(conn, directory, checks["schema"], checks["counts"], started)
    return report


def _read(
    conn: sqlite3.Connection, directory: DataDirectory, schema: Check, counts: Check, started: float
) -> StatusReport:
    now = utc_now()
    people, hidden = _ask(conn, "SELECT count(*), count(*) FILTER (WHERE hidden = 1) FROM people") or (None, None)
    owner = _owner(conn)
    sources = source_statuses(conn, now)
    exports, files = _files(conn, directory)
    backup, backup_path = _last_backup(directory)
    wrong = {item["name"] for item in schema.findings if item["type"] == "trigger" and item["problem"] != "extra"}
    triggers = len(expected("trigger"))
    migrated = _ask(
        conn,
        "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', applied_at) FROM _sqlite_migrations "
        "WHERE migration_set = 'lifeos-db' ORDER BY id DESC LIMIT 1",
    )
    numbers = {
        name: _number(conn, query)
        for name, query in {
            "orphans": """SELECT coalesce(sum(number), 0)
                FROM (SELECT person_id, count(*) AS number FROM interactions GROUP BY person_id) AS rows
                WHERE NOT EXISTS (SELECT 1 FROM people WHERE people.id = rows.person_id)
                    AND NOT EXISTS (SELECT 1 FROM person_merges WHERE merged_id = rows.person_id)""",
            "merges": "SELECT count(*) FROM person_merges",
            "rejects": "SELECT count(*) FROM import_rejects",
            "conflicts": "SELECT count(*) FROM import_conflicts",
        }.items()
    }
    actions = _actions(schema, counts, exports, files, owner, people, sources, numbers)
    worst: Literal["ok", "warn", "drift", "schema"] = "warn" if actions else "ok"
    if schema.found:
        worst = "schema"
    elif counts.found:
        worst = "drift"
    return StatusReport(
        status=worst,
        actions=actions,
        now=now,
        directory=str(directory.path),
        people=people,
        hidden=hidden,
        owner_id=owner[0] if owner else None,
        owner_name=owner[1] if owner else None,
        interactions=sum(source.interactions for source in sources),
        sources=sources,
        drift=None if counts.status in ("error", "schema") else counts.found,
        schema_version=schema_version(conn),
        schema_problems=schema.found,
        triggers=triggers - len(wrong),
        triggers_expected=triggers,
        exports=exports,
        files=files,
        last_export=max((file.exported_at for file in files if file.exported_at), default=None),
        last_migration=migrated[0] if migrated else None,
        last_backup=backup,
        last_backup_path=backup_path,
        sizes=_sizes(directory),
        sqlite_version=sqlite3.sqlite_version,
        sqlite_fault=sqlite_fault(),
        seconds=round(time.monotonic() - started, 3),
        **numbers,
    )


def _actions(
    schema: Check,
    counts: Check,
    exports: str | None,
    files: list[ExportedFile],
    owner: tuple[str, str | None] | None,
    people: int | None,
    sources: list[SourceStatus],
    numbers: dict[str, int | None],
) -> list[Action]:
    """What wants to be done, what may lose or hide something first."""
    actions = []
    if schema.found:
        first = schema.findings[0]["detail"]
        more = f", and {schema.found - 1} more" if schema.found > 1 else ""
        actions.append(Action(f"the schema is not what it must be: {first}{more}", schema.fix or "lifeos db verify"))
    if counts.found and counts.fix and counts.status == "drift":
        people_hit = len({item["person_id"] for item in counts.findings})
        whose = f"of {people_hit} {'person' if people_hit == 1 else 'people'}" if counts.found <= 100 else "of people"
        actions.append(Action(f"{_counted(counts.found, 'count')} {whose} {_is(counts.found)} wrong", counts.fix))
    edited = [file.file for file in files if file.state == "edited"]
    if edited:
        actions.append(Action(f"{', '.join(edited)}: changed by another program", "lifeos db import"))
    if conflicts := numbers["conflicts"]:
        problem = f"{_counted(conflicts, 'conflict')} of imports {_is(conflicts)} waiting for you"
        actions.append(Action(problem, "read and then delete the rows of the table import_conflicts"))
    if rejects := numbers["rejects"]:
        problem = f"{_counted(rejects, 'record')} could not be imported"
        actions.append(Action(problem, "correct and then delete the rows of the table import_rejects"))
    if exports == "stale":
        actions.append(Action("the JSON files are older than the database", "lifeos db export"))
    if orphans := numbers["orphans"]:
        actions.append(Action(f"{_counted(orphans, 'interaction')} of people who do not exist", "lifeos db orphans"))
    if unknown := [source.source_type for source in sources if not source.known]:
        names = ", ".join(unknown[:_NAMED]) + (f" and {len(unknown) - _NAMED:,} more" if unknown[_NAMED:] else "")
        actions.append(Action(f"{names}: in no count, not in source_types", "lifeos db verify --only source_types"))
    if people and owner is None:
        actions.append(Action("nobody is the owner, so nobody is close", "lifeos db migrate --owner ID"))
    return actions


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def source_statuses(conn: sqlite3.Connection, now: str) -> list[SourceStatus]:
    """Every source type that has interactions, the one with the most first. ``now`` tells what is future.

    Cost: one scan of idx_interactions_source, and a look at the latest rows.
    """
    rows = conn.execute(
        """SELECT source_type, number, counter, known.source_type IS NOT NULL
        FROM (SELECT source_type, count(*) AS number FROM interactions GROUP BY source_type)
        LEFT JOIN source_types AS known USING (source_type)
        ORDER BY number DESC, source_type"""
    ).fetchall()
    last = _last_instants(conn, [row[0] for row in rows], now)
    return [SourceStatus(plain(row[0]), row[2], bool(row[3]), row[1], last[row[0]]) for row in rows]


def _last_instants(conn: sqlite3.Connection, sources: list[Any], now: str) -> dict[Any, str | None]:
    """The latest instant of each source type that is not in the future.

    No index has the rows of a source type in order of time, so the latest rows of all are walked through first. Of a
    source type that is not among them, every row is looked at.
    """
    latest: dict[Any, str] = {}
    walk = conn.execute(
        f"""SELECT source_type, timestamp, {INSTANT_SQL} AS instant FROM interactions
        WHERE timestamp < {TEXT_AFTER_SQL.format(":now")} ORDER BY timestamp DESC LIMIT {_WALKED}""",
        {"now": now},
    )
    for source, timestamp, instant in walk:
        if source not in latest and instant is not None and instant <= now:
            latest[source] = timestamp
            if len(latest) == len(sources):
                break
    found: dict[Any, str | None] = {}
    for source in sources:
        if not is_utf8(plain(source)):
            found[source] = None
            continue
        where = "source_type IS :source"
        if source in latest:
            where = f"+{where} AND timestamp BETWEEN {TEXT_BEFORE_SQL.format(':latest')} AND :latest"
        query = f"SELECT max(instant) FROM (SELECT {INSTANT_SQL} AS instant FROM interactions WHERE {where})"
        values = {"source": source, "now": now, "latest": latest.get(source)}
        found[source] = conn.execute(f"{query} WHERE instant <= :now", values).fetchone()[0]
    return found


def _ask(conn: sqlite3.Connection, query: str) -> tuple[Any, ...] | None:
    """The first row, or None, also where a table or column is gone: the schema's check says so."""
    try:
        row: tuple[Any, ...] | None = conn.execute(query).fetchone()
    except sqlite3.OperationalError as error:
        if "no such" not in str(error):
            raise
        return None
    return row


def _number(conn: sqlite3.Connection, query: str) -> int | None:
    row = _ask(conn, query)
    return int(row[0]) if row else None


def _owner(conn: sqlite3.Connection) -> tuple[str, str | None] | None:
    """Id and name of the owner, if they are a person."""
    row = _ask(
        conn,
        """SELECT id, coalesce(nullif(display_name, ''), canonical_name)
        FROM people WHERE id = (SELECT owner_id FROM relationship_rules)""",
    )
    return (row[0], row[1]) if row else None


def _files(
    conn: sqlite3.Connection, directory: DataDirectory
) -> tuple[Literal["fresh", "stale", "edited"] | None, list[ExportedFile]]:
    try:
        found = compare(conn, directory)
        written = dict(conn.execute("SELECT file, exported_at FROM exports").fetchall())
    except sqlite3.OperationalError as error:
        if "no such" not in str(error):
            raise
        return None, []
    files = []
    for name in EXPORT_FILES:
        state: Literal["fresh", "stale", "edited"] = "stale" if name in found.files else "fresh"
        files.append(ExportedFile(name, "edited" if name in found.edited else state, written.get(name)))
    overall: dict[str, Literal["fresh", "stale", "edited"]] = {"edited": "edited", "stale": "stale"}
    return overall.get(found.status, "fresh"), files


def _last_backup(directory: DataDirectory) -> tuple[str | None, str | None]:
    """When the newest copy of the database in backups/ was made, and the file or its folder; two None without any."""
    copies = [*directory.backups.glob("[!.]*/interactions.db"), *directory.backups.glob("[!.]*.db")]
    if not copies:
        return None, None
    newest = max(copies, key=lambda path: path.stat().st_mtime_ns)
    made = datetime.fromtimestamp(newest.stat().st_mtime, timezone.utc)
    return as_instant(made), str(newest.parent if newest.name == directory.database.name else newest)


def _sizes(directory: DataDirectory) -> dict[str, int]:
    """Bytes of the database, its log, and the JSON files, those that there are."""
    sizes = {}
    for name in (directory.database.name, f"{directory.database.name}-wal", *EXPORT_FILES):
        try:
            sizes[name] = (directory.path / name).stat().st_size
        except FileNotFoundError:
            continue
    return sizes

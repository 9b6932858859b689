"""Holding a database against what it must be: the checks and their findings."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from .contacts import find_contact_drift
from .counts import find_drift
from .database import DEFAULT_TIMEOUT, any_text, open_reader, sqlite_fault, translated_errors
from .directory import EXPORT_FILES, DataDirectory
from .errors import BadValue, PersonNotFound
from .evidence import count_pairs, find_pair_drift, wrong_evidence
from .lookup import resolve
from .relationships import owner_id
from .schema_objects import differences, expected, expected_objects, rebuildable, require_current

Status = Literal["ok", "warn", "drift", "schema", "error"]
_WORST_FIRST: tuple[Status, ...] = ("schema", "error", "drift", "warn", "ok")
FINDINGS_SHOWN = 100
"""Findings listed a check; ``found`` is always the true number."""


@dataclass
class Check:
    """One check: how many things it looked at, how many are wrong, the first of them, and what to do."""

    name: str
    status: Status = "ok"
    checked: int = 0
    found: int = 0
    findings: list[dict[str, Any]] = field(default_factory=list)
    fix: str | None = None


@dataclass
class VerifyReport:
    """The outcome of a verification; its fields are those of the JSON form.

    ``repaired`` says what ``fix`` did, a sentence each; it is in the JSON form only then.
    """

    status: Status
    checks: list[Check]
    sqlite_version: str
    seconds: float
    repaired: list[str] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, whose fields are in docs/cli-promises.md."""
        values = asdict(self)
        if self.repaired is None:
            del values["repaired"]
        return values

    def exit_code(self, strict: bool = False) -> int:
        """0 consistent, 1 differences, 3 schema, 4 could not look; ``strict`` makes warnings differences."""
        return {"ok": 0, "warn": int(strict), "drift": 1, "schema": 3, "error": 4}[self.status]


@dataclass(frozen=True)
class _Scope:
    """What the checks work on. ``person`` limits the checks that look at people to one of them."""

    conn: sqlite3.Connection
    directory: DataDirectory
    deep: bool
    person: str | None


def verify(
    data_dir: str | os.PathLike[str] | None = None,
    *,
    fix: bool = False,
    deep: bool = False,
    only: Iterable[str] | None = None,
    person: str | None = None,
    timeout: float = DEFAULT_TIMEOUT,
) -> VerifyReport:
    """Check the database and the exports; read-only unless ``fix``.

    ``only`` names checks out of CHECKS. ``person`` is somebody (``lookup.resolve``), or an id of interactions alone:
    counts, orphans and identity look at them alone.
    ``deep`` lets SQLite check every index entry, and compares the JSON files byte by byte.

    ``fix`` first repairs counts and schema objects in one transaction and exports, then checks. It never deletes an
    interaction; extra triggers, views and indexes are taken out, their definitions kept in removed_objects.

    Raises ValueError for an unknown check name; with ``person`` what finding a person raises; and what opening raises.
    With ``fix`` also UnexpectedTable, which leaves everything as it was, and what ``export`` raises; what is repaired
    by then stays.
    """
    started = time.monotonic()
    names = chosen_checks(only)
    directory = DataDirectory.locate(data_dir)
    path = directory.existing_database()
    repaired = None
    with translated_errors(path, timeout):
        if fix:
            from .repair import repair  # what only a repair needs does not hold up a check

            repaired = repair(directory, deep, timeout)
        with closing(open_reader(path, timeout)) as conn:
            require_current(conn, path)
            conn.text_factory = any_text
            if person is not None:
                person = _the_id(conn, person)
            conn.execute("BEGIN")  # one state for all checks, whatever others commit meanwhile
            checks = look(conn, directory, [name for name in CHECKS if name in names], deep=deep, person=person)
    found = {check.status for check in checks}
    status: Status = next((name for name in _WORST_FIRST if name in found), "ok")
    seconds = round(time.monotonic() - started, 3)
    return VerifyReport(status, checks, sqlite3.sqlite_version, seconds, repaired)


def look(
    conn: sqlite3.Connection,
    directory: DataDirectory,
    names: Sequence[str],
    *,
    deep: bool = False,
    person: str | None = None,
) -> list[Check]:
    """Some checks, for a caller that reads one state of a current database.

    From then on the connection has this version's own views, and gives text as it is (``database.any_text``).
    """
    conn.text_factory = any_text
    _bring_own_views(conn)
    return _run(_Scope(conn, directory, deep, person), names)


def chosen_checks(only: Iterable[str] | None) -> list[str]:
    """The names of the checks to run: all, or those given. Raises ValueError for an unknown name, and for none."""
    names = list(CHECKS) if only is None else list(only)
    for name in names or [""]:
        if name not in CHECKS:
            raise ValueError(f"no check is called {name!r}; there are {', '.join(CHECKS)}")
    return names


def _the_id(conn: sqlite3.Connection, person: str) -> str:
    """The id that is meant: the survivor's for a merged one, that of a person or of interactions, or looked up."""
    try:
        if row := conn.execute("SELECT survivor_id FROM person_merges WHERE merged_id = ?", (person,)).fetchone():
            return str(row[0])
        for table, column in (("people", "id"), ("interactions", "person_id")):
            if conn.execute(f"SELECT 1 FROM {table} WHERE {column} = ? LIMIT 1", (person,)).fetchone():
                return person
        return resolve(conn, person).id
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        raise PersonNotFound(person, []) from None  # the index of names is gone, which the check of the schema says


def _bring_own_views(conn: sqlite3.Connection) -> None:
    """Look through this version's views, whatever stands in the database: a tampered view must not hide a drift.

    They are temporary, private to this connection, and take precedence over the database's own.
    """
    conn.execute("PRAGMA query_only = 0")
    for view in expected("view"):
        conn.execute(view.sql.replace("CREATE VIEW", "CREATE TEMP VIEW IF NOT EXISTS", 1))
    conn.execute("PRAGMA query_only = 1")


def _run(scope: _Scope, names: Sequence[str]) -> list[Check]:
    checks = []
    for name in names:
        check = Check(name)
        try:
            CHECKS[name](scope, check)
        except sqlite3.OperationalError as error:
            if "no such" not in str(error):
                raise
            # A table or column is gone: the check of the schema says so, this one cannot look.
            check.status, check.found = "error", 1
            check.findings = [{"problem": f"cannot look: {error}"}]
            check.fix = "See the check 'schema'."
            if "schema" not in names:
                check.status = "schema"
        check.findings = [
            {key: f"BLOB {value.hex()[:40]}" if isinstance(value, bytes) else value for key, value in finding.items()}
            for finding in check.findings[:FINDINGS_SHOWN]
        ]
        checks.append(check)
    return checks


def _check_schema(scope: _Scope, check: Check) -> None:
    found = differences(scope.conn)
    check.checked = len(expected_objects())
    check.found = len(found)
    check.findings = [
        {"type": item.type, "name": item.name, "problem": item.problem, "detail": item.detail} for item in found
    ]
    if found:
        check.status = "schema"
        advice = ["lifeos db verify --fix"] if any(item.problem != "uncovered" for item in found) else []
        for item in found:
            if item.problem == "uncovered":
                how = "rebuild the table without it" if item.sql is None else f"DROP INDEX {item.name}"
                advice.append(f"{how}, for the triggers cannot see what it replaces; that is yours to decide")
        check.fix = "; ".join(advice)
        if not all(rebuildable(item) for item in found):
            check.fix = "restore interactions.db from backups/: a table cannot be rebuilt without its rows"


def _check_counts(scope: _Scope, check: Check) -> None:
    drift = find_drift(scope.conn, scope.person)
    check.checked = _count(scope, "people", "id")
    check.found = len(drift)
    check.findings = [asdict(item) for item in drift[:FINDINGS_SHOWN]]
    if drift:
        check.status, check.fix = "drift", "lifeos db verify --fix"


def _check_relationships(scope: _Scope, check: Check) -> None:
    """The cached counts of pairs are the actual ones, and so is the evidence they stand on; there is an owner."""
    check.checked = count_pairs(scope.conn)
    if wrong := wrong_evidence(scope.conn):
        drift = find_pair_drift(scope.conn, scope.person)
        check.status, check.fix = "drift", "lifeos db verify --fix"
        check.found = len(drift) or 1
        check.findings = [asdict(item) for item in drift[:FINDINGS_SHOWN]]
        if not drift:
            check.findings = [{"problem": f"{wrong} row(s) of evidence are not what the interactions say"}]
        return
    owner = owner_id(scope.conn)
    if not scope.conn.execute("SELECT 1 FROM people LIMIT 1").fetchone():
        return
    if owner is None or not scope.conn.execute("SELECT 1 FROM people WHERE id = ?", (owner,)).fetchone():
        problem = "there is no owner" if owner is None else f"the owner {owner} is no person"
        check.status, check.found = "warn", 1
        check.findings = [{"problem": f"{problem}, so the owner's own relationships are absent"}]
        check.fix = "lifeos db migrate --owner ID"


def _check_identity(scope: _Scope, check: Check) -> None:
    """Merges are flat and lead somewhere else; no interaction rests under a merged id; contacts lead to people."""
    merges = dict(scope.conn.execute("SELECT merged_id, survivor_id FROM person_merges").fetchall())
    check.checked = len(merges)
    for merged, survivor in merges.items():
        if scope.person in (None, merged, survivor):
            if merged == survivor:
                check.findings.append({"person_id": merged, "problem": "is merged into itself"})
            elif survivor in merges:
                problem = f"leads to {survivor}, which is itself merged"
                check.findings.append({"person_id": merged, "problem": problem})
    resting = scope.conn.execute(
        "SELECT person_id, count(*) FROM interactions WHERE person_id IN (SELECT merged_id FROM person_merges) "
        "GROUP BY person_id"
    )
    for person_id, number in resting:
        if scope.person in (None, person_id, merges[person_id]):
            problem = f"{number} interaction(s) rest under this merged id; they belong to {merges[person_id]}"
            check.findings.append({"person_id": person_id, "problem": problem})
    for person_id in find_contact_drift(scope.conn):
        if scope.person in (None, person_id):
            problem = "cannot be found by all their names, emails and phone numbers, or by others' too"
            check.findings.append({"person_id": person_id, "problem": problem})
    check.found = len(check.findings)
    if check.findings:
        check.status, check.fix = "drift", "lifeos db verify --fix"


def _check_orphans(scope: _Scope, check: Check) -> None:
    where, values = ("WHERE person_id = ?", (scope.person,)) if scope.person else ("", ())
    rows = scope.conn.execute(
        f"SELECT person_id, count(*) FROM orphan_interactions {where} GROUP BY person_id ORDER BY 2 DESC, 1", values
    ).fetchall()
    check.checked = _count(scope, "interactions", "person_id")
    check.found = sum(number for _, number in rows)
    check.findings = [{"person_id": person, "interactions": number} for person, number in rows]
    if rows:
        check.status = "warn"
        check.fix = "lifeos db orphans, with --assign PERSON or --delete; or insert the missing person"


def _check_source_types(scope: _Scope, check: Check) -> None:
    rows = scope.conn.execute(
        """SELECT source_type, count(*) FROM interactions
        WHERE source_type NOT IN (SELECT source_type FROM source_types)
        GROUP BY source_type ORDER BY source_type"""
    ).fetchall()
    check.checked = scope.conn.execute("SELECT count(*) FROM source_types").fetchone()[0]
    check.found = len(rows)
    check.findings = [{"source_type": name, "interactions": number} for name, number in rows]
    if rows:
        check.status = "warn"
        check.fix = "INSERT INTO source_types (source_type, counter) VALUES (..., ...); counter NULL for in no count"


def _check_export(scope: _Scope, check: Check) -> None:
    from .exporting import compare, differing_files  # here, for a check of the counts alone starts faster without

    found = compare(scope.conn, scope.directory)
    check.checked = len(EXPORT_FILES)
    check.findings = [
        {"file": name, "problem": "changed by another program since the last export"} for name in found.edited
    ]
    check.findings += [
        {"file": name, "problem": "older than the database"} for name in found.files if name not in found.edited
    ]
    if scope.deep and found.status == "fresh":
        try:
            for name in differing_files(scope.conn, scope.directory):
                check.findings.append({"file": name, "problem": "does not show what the database holds"})
        except BadValue as error:
            check.findings.append({"file": "interactions.db", "problem": str(error)})
    check.found = len(check.findings)
    if check.findings:
        check.status = "warn"
        check.fix = {"edited": "lifeos db import", "stale": "lifeos db export"}.get(
            found.status, "lifeos db export --force"
        )


def _check_sqlite(scope: _Scope, check: Check) -> None:
    """SQLite's own look at the file; a known fault of the linked version is mentioned, and is no finding."""
    pragma = "integrity_check" if scope.deep else "quick_check"
    rows = [row[0] for row in scope.conn.execute(f"PRAGMA main.{pragma}(1000000)")]
    check.checked = scope.conn.execute("PRAGMA main.page_count").fetchone()[0]
    check.fix = sqlite_fault()
    if rows != ["ok"]:
        check.status, check.found = "drift", len(rows)
        check.findings = [{"problem": text} for text in rows]
        check.fix = "Copy the file aside, then REINDEX; if that does not help, restore interactions.db from backups/."


def _count(scope: _Scope, table: str, column: str) -> int:
    where, values = (f"WHERE {column} = ?", (scope.person,)) if scope.person else ("", ())
    return int(scope.conn.execute(f"SELECT count(*) FROM {table} {where}", values).fetchone()[0])


CHECKS: dict[str, Callable[[_Scope, Check], None]] = {
    "schema": _check_schema,
    "counts": _check_counts,
    "relationships": _check_relationships,
    "identity": _check_identity,
    "orphans": _check_orphans,
    "source_types": _check_source_types,
    "export": _check_export,
    "sqlite": _check_sqlite,
}
"""The checks by name, in the order in which they run and are reported."""

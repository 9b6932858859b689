"""Splitting a person: some interactions and contact points go to somebody else, everything else stays."""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from .changing import changing, looking
from .contacts import fold_email, fold_phone
from .database import DEFAULT_TIMEOUT
from .errors import IdentityRefused
from .legacy_form import Column
from .lookup import Person, find, resolve
from .person_union import read_list, read_row, write_list


@dataclass(frozen=True)
class Selection:
    """What a split moves: contact points, and interactions.

    ``source_types`` and ``source_ids`` narrow each other where both are given, since a source id belongs to a source
    type; ``interactions`` are ids of single ones, in addition.
    """

    source_types: Sequence[str] = ()
    source_ids: Sequence[str] = ()
    interactions: Sequence[str] = ()
    emails: Sequence[str] = ()
    phones: Sequence[str] = ()

    def __bool__(self) -> bool:
        return any((self.source_types, self.source_ids, self.interactions, self.emails, self.phones))


@dataclass(frozen=True)
class SplitReport:
    """What a split did, or would do: ``status`` is ``split``, ``dry-run``, or ``nothing`` where it was done before."""

    status: str
    person: Person
    target: Person
    created: bool
    interactions: int = 0
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()


@dataclass
class _Plan:
    person: Person
    target: Person
    created: bool
    rows: list[int]
    emails: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """What was named and is not with the person, in words."""


def split(
    data_dir: str | os.PathLike[str] | None,
    person: str,
    selection: Selection,
    *,
    to: str | None = None,
    new: str | None = None,
    dry_run: bool = False,
    timeout: float = DEFAULT_TIMEOUT,
) -> SplitReport:
    """Move what is selected from ``person`` to the person ``to``, or to a new one with the name ``new``.

    One transaction. Raises ValueError unless exactly one of ``to`` and ``new`` is given and something is selected;
    IdentityRefused where both are one person, or something named is with neither; BadValue where a column cannot be
    read; what finding a person raises, and what changing raises.
    """
    if (to is None) == (not (new or "").strip()):
        raise ValueError("give either an existing person or a new name")
    if not selection:
        raise ValueError("nothing is selected: name interactions or contact points to move")
    if dry_run:
        with looking(data_dir, timeout) as conn:
            return _report(_plan(conn, person, selection, to, new), "dry-run")
    with changing(data_dir, "split", timeout) as conn:
        plan = _plan(conn, person, selection, to, new)
        if plan.rows or plan.emails or plan.phones:
            _apply(conn, plan)
        return _report(plan, "split")


def _plan(conn: sqlite3.Connection, person: str, selection: Selection, to: str | None, new: str | None) -> _Plan:
    source = resolve(conn, person)
    target = resolve(conn, to) if to is not None else Person(str(uuid.uuid4()), (new or "").strip())
    if target.id == source.id:
        raise IdentityRefused(f"{source}: cannot be split from themselves", "Give somebody else with --to, or --new.")
    plan = _Plan(source, target, to is None, [])
    # Who may have it already, from an earlier run: the target, or for a new person, whoever has the name.
    had = [target.id] if to is not None else [found.id for found in find(conn, "name", target.name)]
    had = [person_id for person_id in had if person_id != source.id]
    plan.rows = _select(conn, plan, selection, had)
    _select_contacts(conn, plan, selection, had)
    if plan.missing:
        raise IdentityRefused(
            f"{source} does not have: {'; '.join(plan.missing)}", "Name only what they have; nothing was moved."
        )
    return plan


def _select(conn: sqlite3.Connection, plan: _Plan, selection: Selection, had: list[str]) -> list[int]:
    """The rowids to move."""
    rows: set[int] = set()
    condition = ""
    values: list[str] = []
    for column, wanted in (("source_type", selection.source_types), ("source_id", selection.source_ids)):
        if wanted:
            condition += f" AND {column} IN ({', '.join('?' * len(wanted))})"
            values += wanted
    if condition:
        query = f"SELECT rowid FROM interactions WHERE person_id = ?{condition}"
        rows.update(row[0] for row in conn.execute(query, (plan.person.id, *values)))
    for column, wanted, extra in (
        ("source_type", selection.source_types, ()),
        ("source_id", selection.source_ids, selection.source_types),
        ("id", selection.interactions, ()),
    ):
        narrow = f" AND source_type IN ({', '.join('?' * len(extra))})" if extra else ""
        query = f"SELECT rowid FROM interactions WHERE person_id = ? AND {column} = ?{narrow}"
        for value in wanted:
            mine = conn.execute(query, (plan.person.id, value, *extra)).fetchall()
            if column == "id":
                rows.update(row[0] for row in mine)
            if not mine and not any(conn.execute(query, (one, value, *extra)).fetchone() for one in had):
                name = "interaction" if column == "id" else column
                plan.missing.append(f"any interaction of {name} {value!r}" if column != "id" else f"{name} {value!r}")
    return sorted(rows)


def _select_contacts(conn: sqlite3.Connection, plan: _Plan, selection: Selection, had: list[str]) -> None:
    """The contact points to move, as the person has them written."""
    row = read_row(conn, plan.person.id)
    assert row is not None
    primary = str(row["phone_primary"] or "")
    for kind, wanted, same, present, moving in (
        ("email", selection.emails, fold_email, read_list(row, "emails"), plan.emails),
        ("phone", selection.phones, fold_phone, [*read_list(row, "phone_numbers"), primary], plan.phones),
    ):
        for value in wanted:
            mine = [text for text in present if same(text) == same(value) != ""]
            moving += [text for text in mine if text not in moving]
            query = "SELECT 1 FROM person_contacts WHERE kind = ? AND value = ? AND person_id = ?"
            if not mine and not any(conn.execute(query, (kind, same(value), one)).fetchone() for one in had):
                plan.missing.append(f"the {kind} {value!r}")


def _apply(conn: sqlite3.Connection, plan: _Plan) -> None:
    if plan.created:
        conn.execute(
            "INSERT INTO people (id, canonical_name, display_name) VALUES (?, ?, ?)",
            (plan.target.id, plan.target.name, plan.target.name),
        )
    conn.executemany(
        "UPDATE interactions SET person_id = ? WHERE rowid = ?", [(plan.target.id, row) for row in plan.rows]
    )
    _move_contacts(conn, plan)
    if plan.created:
        conn.execute(
            """UPDATE people SET
                first_seen = replace(first_interaction, 'Z', '+00:00'),
                last_seen = replace(last_interaction, 'Z', '+00:00')
            FROM person_activity
            WHERE people.id = ?1 AND person_activity.person_id = ?1""",
            (plan.target.id,),
        )


def _move_contacts(conn: sqlite3.Connection, plan: _Plan) -> None:
    """Take the contact points out of the one row and put them into the other, none twice."""
    giving, taking = read_row(conn, plan.person.id), read_row(conn, plan.target.id)
    assert giving is not None
    assert taking is not None
    given: dict[str, Column] = {}
    taken: dict[str, Column] = {}
    for column, moving, same in (("emails", plan.emails, fold_email), ("phone_numbers", plan.phones, fold_phone)):
        leaving = {same(text) for text in moving}
        mine, theirs = read_list(giving, column), read_list(taking, column)
        left = [text for text in mine if same(text) not in leaving]
        if left != mine:
            given[column] = write_list(left)
        there = {same(text) for text in theirs}
        added = {same(text): text for text in reversed(moving) if same(text) not in there}
        if added:
            taken[column] = write_list([*theirs, *reversed(added.values())])
    primary = giving["phone_primary"]
    if fold_phone(str(primary or "")) in {fold_phone(text) for text in plan.phones}:
        given["phone_primary"] = None
        if not taking["phone_primary"]:
            taken["phone_primary"] = primary
    for person_id, values in ((plan.person.id, given), (plan.target.id, taken)):
        if values:
            conn.execute(
                f"UPDATE people SET {', '.join(f'{name} = ?' for name in values)} WHERE id = ?",
                [*values.values(), person_id],
            )


def _report(plan: _Plan, status: str) -> SplitReport:
    if not (plan.rows or plan.emails or plan.phones):
        status = "nothing"
    return SplitReport(
        status, plan.person, plan.target, plan.created, len(plan.rows), tuple(plan.emails), tuple(plan.phones)
    )

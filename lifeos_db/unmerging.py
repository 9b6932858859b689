"""Taking a merge back: the other person as they were, and from the survivor only what the merge gave."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .changing import changing, looking
from .database import DEFAULT_TIMEOUT
from .errors import IdentityRefused
from .legacy_form import Column
from .lookup import Person, get, resolve, resolve_merged
from .merge_gifts import Gifts, find_gifts, forget_gifts
from .merging import write_fields
from .pair_records import PairBook, record_ids
from .person_union import COLUMNS, UNITED, Row, read_row, take_back, unite_column

NAMED = 20
"""How many interactions a sentence names."""


@dataclass(frozen=True)
class UnmergeReport:
    """What an unmerge did, or would do.

    ``status`` is ``unmerged``, ``dry-run``, or ``nothing`` where the person is not merged. ``kept`` says, a sentence
    each, where something was changed since the merge and the newer value stays.
    """

    status: str
    merged: Person
    survivor: Person | None = None
    interactions: int = 0
    kept: tuple[str, ...] = ()


@dataclass
class _Plan:
    merged: Person
    survivor: Person
    within: list[str]
    """Ids merged into the merged person before; they are led back to them."""
    rows: list[int]
    kept: list[str]
    holder: str = ""
    """Who has the merged person's fields: the survivor, unless the merge was led elsewhere by hand."""
    row: dict[str, Column] | None = None
    """The merged person's row, where it has to be made again."""
    now: dict[str, Column] = field(default_factory=dict)
    after: dict[str, Column] = field(default_factory=dict)
    """The holder's columns as they are, and as they become."""
    later: dict[int, dict[str, Any]] = field(default_factory=dict)
    """The states of later merges, by number; those that build on this one are changed to do without it."""
    pairs: PairBook | None = None
    blocked: list[list[str]] = field(default_factory=list)


def unmerge(
    data_dir: str | os.PathLike[str] | None,
    merged: str,
    *,
    dry_run: bool = False,
    timeout: float = DEFAULT_TIMEOUT,
) -> UnmergeReport:
    """Take back the merge of the person with the id ``merged`` (or the beginning of one), in one transaction.

    Raises IdentityRefused where the survivor was merged further since, or nothing is known of the person;
    BadValue where a column cannot be read; PersonNotFound, PersonAmbiguous, and what changing raises.
    """
    if dry_run:
        with looking(data_dir, timeout) as conn:
            plan = _plan(conn, merged)
            return plan if isinstance(plan, UnmergeReport) else _report(plan, "dry-run")
    with changing(data_dir, "unmerged", timeout) as conn:
        plan = _plan(conn, merged)
        if isinstance(plan, UnmergeReport):
            return plan
        _apply(conn, plan)
        return _report(plan, "unmerged")


def _plan(conn: sqlite3.Connection, text: str) -> _Plan | UnmergeReport:
    """What is to do, read from the database; a report where there is nothing to do."""
    merged_id = resolve_merged(conn, text)
    if merged_id is None:
        return UnmergeReport("nothing", resolve(conn, text))
    record = conn.execute(
        "SELECT number, survivor_id, state FROM merge_records WHERE merged_id = ?", (merged_id,)
    ).fetchone()
    led = conn.execute("SELECT survivor_id FROM person_merges WHERE merged_id = ?", (merged_id,)).fetchone()
    number, survivor_id, text_of_state = record or (0, led[0], None)
    state: dict[str, Any] | None = json.loads(text_of_state) if text_of_state else None
    there = get(conn, merged_id)
    if further := conn.execute("SELECT survivor_id FROM person_merges WHERE merged_id = ?", (survivor_id,)).fetchone():
        survivor = _name(conn, survivor_id)
        raise IdentityRefused(
            f"{merged_id}: was merged into {survivor}, who was merged into {_name(conn, further[0])} since",
            f"Merges come apart in reverse order: run 'lifeos db unmerge {survivor_id}' first.",
        )
    if state is None and there is None:
        raise IdentityRefused(
            f"{merged_id}: nothing is recorded of this person, who was merged by another program",
            "INSERT INTO people (id, canonical_name) VALUES (...) with this id first, then run the command again.",
        )
    within = _within(conn, merged_id, led[0] if led else survivor_id)
    gifts = find_gifts(conn, merged_id, within)
    plan = _Plan(
        merged=there or Person(merged_id, str((state or {"other": {}})["other"].get("canonical_name") or "")),
        survivor=get(conn, survivor_id) or Person(survivor_id, ""),
        within=within,
        rows=gifts.rows,
        kept=_lost(conn, gifts),
    )
    if state is not None:
        plan.holder = state["survivor"]
        plan.blocked = state["blocked"]
        query = "SELECT number, state FROM merge_records WHERE number > ? AND state IS NOT NULL ORDER BY number"
        plan.later = {found: json.loads(text) for found, text in conn.execute(query, (number,))}
        _plan_fields(conn, plan, state)
        _plan_pairs(conn, plan, state)
        if there is None:
            plan.row = state["other"]
        else:
            plan.kept.append(f"{there}: was written again since the merge, and kept as they are")
    for giver, ids in gifts.records.items():
        if plan.pairs is None:
            plan.pairs = PairBook(conn, [giver, merged_id], ids)
        plan.kept += plan.pairs.lead_back(ids, giver, merged_id)
    return plan


def _within(conn: sqlite3.Connection, merged_id: str, survivor_id: str) -> list[str]:
    """The ids merged into this one, then those merged into them, that are led to the survivor because of it."""
    into: dict[str, list[str]] = {}
    for name, direct in conn.execute(
        """SELECT merge_records.merged_id, merge_records.survivor_id FROM merge_records
        JOIN person_merges ON person_merges.merged_id = merge_records.merged_id
        WHERE person_merges.survivor_id = ? ORDER BY number""",
        (survivor_id,),
    ):
        into.setdefault(direct, []).append(name)
    found = into.pop(merged_id, [])
    for name in found:  # grows while it is read
        found += into.pop(name, [])
    return found


def _lost(conn: sqlite3.Connection, gifts: Gifts) -> list[str]:
    """A sentence for the interactions of the merge that were deleted since, and one a person who has some of them."""
    sentences = []
    for person_id, names in gifts.lost.items():
        shown = sorted(name if isinstance(name, str) else f"row {name!r}" for name in names)
        what = ", ".join(shown[:NAMED]) + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else "")
        happened = "deleted" if person_id is None else f"moved to {_name(conn, person_id)}"
        sentences.append(f"{len(names):,} interaction(s) {happened} since the merge, and left so: {what}")
    return sentences


def _plan_fields(conn: sqlite3.Connection, plan: _Plan, state: dict[str, Any]) -> None:
    """Take out of the holder what this merge gave.

    Later merges into the same person have united their fields with what this one left. Where nobody edited the field
    in between, they are united anew, without this merge, so that they can be taken back exactly too.
    """
    row = read_row(conn, plan.holder)
    if row is None:
        return
    later = [next_state for next_state in plan.later.values() if next_state["survivor"] == plan.holder]
    holder = get(conn, plan.holder)
    plan.now = {column: row[column] for column in UNITED}
    plan.after = dict(plan.now)
    for column in UNITED:
        before, after = state["before"][column], state["after"][column]
        links = [after, *(value for next_state in later for value in _ends(next_state, column)), row[column]]
        if all(links[place] == links[place + 1] for place in range(0, len(links), 2)):
            plan.after[column] = _without(conn, column, row, before, later)
        elif before != after:
            plan.after[column], taken = take_back(column, before, after, row[column], later)
            what = "what the merge gave is taken out, the rest stays" if taken else "the newer value stays"
            plan.kept.append(f"{column} of {holder}: edited since the merge; {what}")


def _plan_pairs(conn: sqlite3.Connection, plan: _Plan, state: dict[str, Any]) -> None:
    """Give the merged person's relationships back.

    Later merges that changed the same records are undone first, in memory, and done again afterwards.
    """
    touched = record_ids(state["relationships"])
    above = []
    for next_state in plan.later.values():
        if touched & record_ids(next_state["relationships"]):
            touched |= record_ids(next_state["relationships"])
            above.append(next_state)
    people = {person for one in (state, *above) for person in (one["survivor"], one["other"]["id"])}
    plan.pairs = PairBook(conn, people, touched)
    for one in reversed(above):
        plan.pairs.give_back(one["relationships"], one["survivor"], one["other"]["id"])
    plan.kept += plan.pairs.give_back(state["relationships"], plan.holder, plan.merged.id)
    for one in above:
        one["relationships"] = plan.pairs.unite(one["survivor"], one["other"]["id"])


def _ends(state: dict[str, Any], column: str) -> tuple[Column, Column]:
    return state["before"][column], state["after"][column]


def _without(conn: sqlite3.Connection, column: str, row: Row, value: Column, later: Sequence[dict[str, Any]]) -> Column:
    """Unite a column with later merges anew, starting from ``value``, and write down what each finds and leaves."""
    for state in later:
        state["before"][column] = value
        value = unite_column(conn, column, row, value, state["other"])
        state["after"][column] = value
    return value


def _apply(conn: sqlite3.Connection, plan: _Plan) -> None:
    merged_id = plan.merged.id
    # Before ids are led back: the triggers lead records along, where there is none of the same pair yet.
    if plan.pairs is not None:
        plan.pairs.write(conn)
    conn.execute("DELETE FROM person_merges WHERE merged_id = ?", (merged_id,))
    conn.executemany(
        "UPDATE person_merges SET survivor_id = ? WHERE merged_id = ?", [(merged_id, name) for name in plan.within]
    )
    # The row of people comes after its interactions, so that they are counted at once and not one by one.
    conn.executemany("UPDATE interactions SET person_id = ? WHERE rowid = ?", [(merged_id, row) for row in plan.rows])
    forget_gifts(conn, merged_id, plan.within, plan.survivor.id)
    if plan.row is not None:
        _insert_person(conn, plan.row)
    write_fields(conn, plan.holder, plan.now, plan.after)
    _restore_blocked(conn, plan)
    conn.execute("DELETE FROM merge_records WHERE merged_id = ?", (merged_id,))
    conn.executemany(
        "UPDATE merge_records SET state = ? WHERE number = ?",
        [(json.dumps(state, ensure_ascii=False), number) for number, state in plan.later.items()],
    )


def _insert_person(conn: sqlite3.Connection, row: Row) -> None:
    """Insert the person at their old place, or last if somebody has it now."""
    names = [name for name in COLUMNS if name in row]  # what a later version adds has its default
    if not conn.execute("SELECT 1 FROM people WHERE rowid = ?", (row["rowid"],)).fetchone():
        names.append("rowid")
    conn.execute(
        f"INSERT INTO people ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
        [row[name] for name in names],
    )


def _restore_blocked(conn: sqlite3.Connection, plan: _Plan) -> None:
    """The merged person's entries come back. The holder loses those that came with the merge, and no others."""
    conn.executemany(
        """INSERT INTO blocked_contacts (kind, value, person_id) VALUES (?, ?, ?)
        ON CONFLICT (kind, value, person_id) DO NOTHING""",
        [entry for entry in plan.blocked if entry[2] == plan.merged.id],
    )
    given = conn.execute(
        """SELECT kind, value, person_id FROM blocked_contacts
        WHERE person_id = ?1
            AND (kind, value) IN (SELECT kind, value FROM person_contacts WHERE person_id = ?2)
            AND (kind, value) NOT IN (SELECT kind, value FROM person_contacts WHERE person_id = ?1)""",
        (plan.holder, plan.merged.id),
    ).fetchall()
    conn.executemany(
        "DELETE FROM blocked_contacts WHERE kind = ? AND value = ? AND person_id = ?",
        [entry for entry in given if list(entry) not in plan.blocked],
    )


def _name(conn: sqlite3.Connection, person_id: str) -> str:
    return str(get(conn, person_id) or person_id)


def _report(plan: _Plan, status: str) -> UnmergeReport:
    return UnmergeReport(status, plan.merged, plan.survivor, len(plan.rows), tuple(plan.kept))

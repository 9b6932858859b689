"""Merging one person into another, so that it can be taken back."""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from .changing import changing, looking
from .contacts import KINDS, contacts_of, fold, name_folder
from .database import DEFAULT_TIMEOUT
from .directory import utc_now
from .errors import IdentityRefused, PersonMerged
from .hiding import block
from .legacy_form import Column
from .lookup import Person, resolve
from .pair_records import PairBook
from .person_union import UNITED, read_list, read_row, unite


@dataclass(frozen=True)
class MergeReport:
    """What a merge did, or would do.

    ``status`` is ``merged``, ``dry-run``, or ``nothing`` where it was done before. ``fields`` maps each column of the
    survivor that changes to its value before and after, as the table has them.
    """

    status: str
    survivor: Person
    merged: Person
    interactions: int = 0
    relationships: int = 0
    fields: dict[str, tuple[Column, Column]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Plan:
    survivor: Person
    merged: Person
    interactions: int
    state: dict[str, Any]
    pairs: PairBook


def merge(
    data_dir: str | os.PathLike[str] | None,
    survivor: str,
    other: str,
    *,
    dry_run: bool = False,
    timeout: float = DEFAULT_TIMEOUT,
) -> MergeReport:
    """Merge ``other`` into ``survivor``, both given as ``lookup.resolve`` takes them.

    One transaction: interactions move, the fields unite (docs/identity.md), relationships are led to the survivor, the
    other's row leaves people, and the merge is recorded for ``unmerge``. ``dry_run`` only reads.

    Raises IdentityRefused where both are one person, BadValue where a column cannot be read, what finding a person
    raises, and what changing raises.
    """
    if dry_run:
        with looking(data_dir, timeout) as conn:
            plan = _plan(conn, survivor, other)
            return plan if isinstance(plan, MergeReport) else _report(plan, "dry-run")
    with changing(data_dir, "merged", timeout) as conn:
        plan = _plan(conn, survivor, other)
        if isinstance(plan, MergeReport):
            return plan
        _apply(conn, plan)
        return _report(plan, "merged")


def _plan(conn: sqlite3.Connection, survivor: str, other: str) -> _Plan | MergeReport:
    """What is to do, read from the database; a report where it was done before."""
    kept = resolve(conn, survivor)
    try:
        leaving = resolve(conn, other)
    except PersonMerged as error:
        if error.survivor_id == kept.id:
            return MergeReport("nothing", kept, Person(error.person_id, ""))
        raise
    if kept.id == leaving.id:
        if before := _merged_before(conn, kept, other):
            return MergeReport("nothing", kept, before)
        raise IdentityRefused(
            f"{survivor!r} and {other!r} are the same person, {kept}; a person cannot be merged into themselves",
            "Name two different people, by their ids if need be.",
        )
    mine, theirs = read_row(conn, kept.id), read_row(conn, leaving.id)
    assert mine is not None
    assert theirs is not None
    after = unite(conn, mine, theirs)
    pairs = PairBook(conn, [kept.id, leaving.id])
    count = conn.execute("SELECT count(*) FROM interactions WHERE person_id = ?", (leaving.id,)).fetchone()[0]
    state = {
        "survivor": kept.id,
        "other": theirs,
        "before": {column: mine[column] for column in UNITED},
        "after": after,
        "relationships": pairs.unite(kept.id, leaving.id),
        "blocked": _blocked(conn, kept.id, leaving.id),
    }
    return _Plan(kept, leaving, count, state, pairs)


def _merged_before(conn: sqlite3.Connection, survivor: Person, text: str) -> Person | None:
    """The person merged into the survivor whose name, email or phone number the text was, before it was theirs."""
    rows = conn.execute(
        "SELECT merged_id, state FROM merge_records WHERE survivor_id = ? AND state IS NOT NULL", (survivor.id,)
    )
    wanted = {(kind, fold(conn, kind, text)) for kind in KINDS}
    to_name = name_folder(conn)
    for merged_id, state in rows:
        other = json.loads(state)["other"]
        names = [other["canonical_name"], other["display_name"], *read_list(other, "aliases")]
        phones = [*read_list(other, "phone_numbers"), other["phone_primary"]]
        if wanted & contacts_of(read_list(other, "emails"), phones, names, to_name):
            return Person(merged_id, other["canonical_name"] or "")
    return None


def _apply(conn: sqlite3.Connection, plan: _Plan) -> None:
    plan.pairs.write(conn)
    write_fields(conn, plan.survivor.id, plan.state["before"], plan.state["after"])
    conn.execute("DELETE FROM people WHERE id = ?", (plan.merged.id,))
    conn.execute("DELETE FROM blocked_contacts WHERE person_id = ?", (plan.merged.id,))
    if plan.survivor.hidden:
        block(conn, [plan.survivor.id])
    # What is left of a merge that was once taken out of person_merges by hand would be taken for this one's.
    conn.execute("DELETE FROM merge_records WHERE merged_id = ?", (plan.merged.id,))
    conn.execute(
        "INSERT INTO person_merges (merged_id, survivor_id, merged_at) VALUES (?, ?, ?)",
        (plan.merged.id, plan.survivor.id, utc_now()),
    )
    conn.execute(
        "UPDATE merge_records SET state = ? WHERE merged_id = ?",
        (json.dumps(plan.state, ensure_ascii=False), plan.merged.id),
    )


def write_fields(conn: sqlite3.Connection, person_id: str, before: dict[str, Column], after: dict[str, Column]) -> None:
    """Write the columns that differ, in one statement, inside the caller's transaction."""
    changed = [column for column in after if after[column] != before[column]]
    if changed:
        conn.execute(
            f"UPDATE people SET {', '.join(f'{column} = ?' for column in changed)} WHERE id = ?",
            [*(after[column] for column in changed), person_id],
        )


def _blocked(conn: sqlite3.Connection, *person_ids: str) -> list[tuple[str, str, str]]:
    """The entries of blocked_contacts for these people: kind, value, person id."""
    marks = ", ".join("?" * len(person_ids))
    query = f"SELECT kind, value, person_id FROM blocked_contacts WHERE person_id IN ({marks}) ORDER BY 1, 2, 3"
    return conn.execute(query, person_ids).fetchall()


def _report(plan: _Plan, status: str) -> MergeReport:
    before, after = plan.state["before"], plan.state["after"]
    fields = {column: (before[column], after[column]) for column in UNITED if before[column] != after[column]}
    records = [change["before"] for change in plan.state["relationships"]]
    led = sum(plan.merged.id in (record["person_a_id"], record["person_b_id"]) for record in records)
    return MergeReport(status, plan.survivor, plan.merged, plan.interactions, led, fields)

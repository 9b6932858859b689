"""The repair behind ``verify --fix``: schema objects, merges, counts, evidence and contacts, then the exports."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack, closing

from .contacts import fill_contacts, fill_letter_folds, find_contact_drift
from .counts import correct_counts
from .database import Transaction, open_writer
from .directory import DataDirectory, utc_now
from .evidence import find_pair_drift, rebuild_evidence, wrong_evidence
from .exporting import compare, differing_files, export_locked, set_as_of
from .imported_pairs import follow_merges
from .interrupts import finishing
from .merges import flatten_merges, move_merged_rows, record_merges
from .schema_objects import SchemaDifference, apply, differences, refuse_lost_tables, require_current


def repair(directory: DataDirectory, deep: bool, timeout: float) -> list[str]:
    """Mend schema objects and counts in one transaction, then export; returns what was done, a sentence each."""
    path = directory.database
    with ExitStack() as until_exported:
        until_exported.enter_context(directory.lock(timeout))
        conn = until_exported.enter_context(closing(open_writer(path, timeout)))
        with Transaction(conn):
            require_current(conn, path)
            wrong = differences(conn)
            refuse_lost_tables(wrong, path)
            done = _remove_extra(conn, wrong)
            done += [f"restored: {item.detail}" for item in apply(conn, wrong)]
            done += flatten_merges(conn)
            record_merges(conn)
            if moved := move_merged_rows(conn):
                done.append(f"moved {moved} interaction(s) from merged ids to their survivors")
            if given := follow_merges(conn):
                done.append(f"gave {given} relationship record(s) of merged people to their survivors")
            for item in correct_counts(conn):
                done.append(f"{item.person_id}: {item.counter} {item.cached} -> {item.actual}")
            if wrong_evidence(conn):
                for pair in find_pair_drift(conn):
                    names = f"{pair.person_a_id} and {pair.person_b_id}"
                    done.append(f"{names}: {pair.counter} {pair.cached} -> {pair.actual}")
                rebuild_evidence(conn)
            fill_letter_folds(conn)
            if found := find_contact_drift(conn):
                fill_contacts(conn)
                done.append(f"read the contacts of {len(found)} person(s) into the index again")
            set_as_of(conn)
            until_exported.enter_context(finishing())
        status = compare(conn, directory).status
        if status == "stale" or (deep and status == "fresh" and differing_files(conn, directory)):
            export_locked(conn, directory, force=status == "fresh")
            done.append("exported")
    return done


def _remove_extra(conn: sqlite3.Connection, wrong: Sequence[SchemaDifference]) -> list[str]:
    """Take extra triggers, views and indexes out, and keep their definitions."""
    done = []
    for item in wrong:
        if item.problem == "extra":
            name = item.name.replace('"', '""')
            conn.execute(f'DROP {item.type.upper()} "{name}"')
            conn.execute(
                "INSERT INTO removed_objects (type, name, sql, removed_at) VALUES (?, ?, ?, ?)",
                (item.type, item.name, item.sql, utc_now()),
            )
            done.append(f"removed: {item.detail}; its definition is kept in removed_objects")
    return done

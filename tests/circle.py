"""A small circle of people in a migrated data directory, and the whole of a directory's data, to compare."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import lifeos_db
from lifeos_db.directory import EXPORT_FILES
from tests.conftest import add_interaction

WHAT_PEOPLE_SEE = {
    "people": "SELECT rowid, * FROM people ORDER BY rowid",
    "interactions": "SELECT rowid, * FROM interactions ORDER BY rowid",
    "relationship_records": "SELECT rowid, * FROM relationship_records ORDER BY rowid",
    # Without the dates, which cost a look at both people's interactions each; relationships.json has them.
    "relationships": "SELECT id, person_a_id, person_b_id, relationship_type, shared_contexts, is_linkedin_connection, "
    "created_at, extra, place FROM relationships ORDER BY person_a_id, person_b_id",
    "person_merges": "SELECT rowid, merged_id, survivor_id FROM person_merges ORDER BY rowid",
    "blocked_contacts": "SELECT * FROM blocked_contacts ORDER BY 1, 2, 3",
    "person_contacts": "SELECT * FROM person_contacts ORDER BY 1, 2, 3",
}


@contextmanager
def opened(directory: Path) -> Iterator[sqlite3.Connection]:
    """A plain client's connection, in autocommit mode, closed at the end."""
    with closing(sqlite3.connect(directory / "interactions.db", isolation_level=None)) as conn:
        yield conn


def make_circle(
    directory: Path,
    people: Mapping[str, Mapping[str, Any]],
    interactions: Sequence[tuple[str, str, str]] = (),
    pairs: Sequence[tuple[str, str, Mapping[str, Any]]] = (),
) -> Path:
    """A migrated directory: people by id with their columns, interactions as (id, person, source), and pairs."""
    directory.mkdir()
    lifeos_db.migrate(directory)
    with opened(directory) as conn:
        for person, columns in people.items():
            values = {"id": person, "canonical_name": person.title(), **columns}
            marks = ", ".join("?" * len(values))
            conn.execute(f"INSERT INTO people ({', '.join(values)}) VALUES ({marks})", list(values.values()))
        for identity, person, source in interactions:
            add_interaction(conn, identity, person, source, title=identity)  # each a thread of its own
        for one, other, columns in pairs:
            a, b = sorted((one, other))
            values = {"id": f"{a}-{b}", "person_a_id": a, "person_b_id": b, **columns}
            marks = ", ".join("?" * len(values))
            conn.execute(f"INSERT INTO relationships ({', '.join(values)}) VALUES ({marks})", list(values.values()))
    lifeos_db.export(directory)
    return directory


def whole(directory: Path) -> dict[str, Any]:
    """Everything that people and their programs see of a directory: the rows, with their places, and the files."""
    with opened(directory) as conn:
        seen: dict[str, Any] = {name: conn.execute(query).fetchall() for name, query in WHAT_PEOPLE_SEE.items()}
    return seen | {name: (directory / name).read_bytes() for name in EXPORT_FILES}


def person(directory: Path, identity: str) -> dict[str, Any]:
    """One row of people."""
    with opened(directory) as conn:
        conn.row_factory = sqlite3.Row
        row = conn.execute("SELECT * FROM people WHERE id = ?", (identity,)).fetchone()
        return dict(row)


def owner_of(directory: Path) -> dict[str, str]:
    """Interaction id to person id."""
    with opened(directory) as conn:
        return dict(conn.execute("SELECT id, person_id FROM interactions"))


def pairs_of(directory: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """The records of relationships by their two people."""
    with opened(directory) as conn:
        conn.row_factory = sqlite3.Row
        return {
            (row["person_a_id"], row["person_b_id"]): dict(row)
            for row in conn.execute("SELECT * FROM relationship_records")
        }


def assert_sound(directory: Path) -> None:
    """Verify finds nothing but orphans, and that a circle has no owner."""
    report = lifeos_db.verify(directory, deep=True)
    assert {(check.name, check.status) for check in report.checks if check.found} <= {
        ("orphans", "warn"),
        ("relationships", "warn"),
    }, report.to_dict()

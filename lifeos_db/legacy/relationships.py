"""The legacy relationship store, over the database."""

from __future__ import annotations

import json
import os
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..database import open_reader, translated_errors
from ..directory import DataDirectory, utc_now
from ..errors import RelationshipRefused
from ..relationships import RAW_STRENGTH_SQL, edge_weight, raw_strength, strongest
from ..schema_objects import require_current
from ..sessions import session


@dataclass
class Relationship:
    """Two people and what they share, with the legacy keys.

    Counts, dates and what of shared_contexts can be derived are evidence: they are read, and ignored when written.
    Dates are ISO 8601 text. ``shared_notes_count`` is new; the other counts are the legacy ones.
    """

    person_a_id: str
    person_b_id: str
    id: str = ""
    relationship_type: str = "inferred"
    shared_contexts: list[str] = field(default_factory=list)
    shared_events_count: int = 0
    shared_threads_count: int = 0
    shared_messages_count: int = 0
    shared_whatsapp_count: int = 0
    shared_slack_count: int = 0
    shared_phone_calls_count: int = 0
    shared_photos_count: int = 0
    shared_notes_count: int = 0
    is_linkedin_connection: bool = False
    first_seen_together: str | None = None
    last_seen_together: str | None = None
    created_at: str | None = None
    updated_at: str | None = None

    @property
    def raw_strength(self) -> int:
        """The weighted sum of the counts, and 10 for a LinkedIn connection."""
        counts = {name[len("shared_") : -len("_count")]: getattr(self, name) for name in _COUNTS}
        return raw_strength(counts, self.is_linkedin_connection)

    @property
    def edge_weight(self) -> int:
        """The strength on a logarithmic scale from 0 to 100."""
        return edge_weight(self.raw_strength)

    @property
    def total_shared_interactions(self) -> int:
        """The sum of the seven legacy counts."""
        return sum(getattr(self, name) for name in _COUNTS)

    def other_person(self, person_id: str) -> str:
        """The id of the one who is not ``person_id``."""
        return self.person_b_id if person_id == self.person_a_id else self.person_a_id


_COUNTS = (
    "shared_events_count",
    "shared_threads_count",
    "shared_messages_count",
    "shared_whatsapp_count",
    "shared_slack_count",
    "shared_phone_calls_count",
    "shared_photos_count",
)
_FIELDS = tuple(Relationship.__dataclass_fields__)
_METADATA = ("relationship_type", "shared_contexts", "is_linkedin_connection", "created_at")


class RelationshipStore:
    """Who knows whom, read from interactions.db beside ``storage_path`` and written to it.

    Reading sees what every process has committed. Each write is one transaction, after which the JSON files are
    exported. For many writes, give an open connection instead, for example that of ``lifeos_db.session``: then
    everything happens on it, and its owner commits. Without either it is the directory that every command would take.
    Its methods raise LifeosError where the directory cannot be read or written.
    """

    def __init__(self, storage_path: str | os.PathLike[str] | sqlite3.Connection | None = None) -> None:
        self._conn = storage_path if isinstance(storage_path, sqlite3.Connection) else None
        if storage_path is None:
            self._directory = DataDirectory.locate()
        elif not isinstance(storage_path, sqlite3.Connection):
            path = Path(storage_path)
            self._directory = DataDirectory(path if path.is_dir() else path.parent)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if self._conn is not None:
            yield self._conn
            return
        path = self._directory.existing_database()
        with translated_errors(path), closing(open_reader(path)) as conn:
            require_current(conn, path)
            yield conn

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        if self._conn is not None:
            yield self._conn
            return
        with session(self._directory.path) as conn:
            yield conn

    def get_between(self, person_a_id: str, person_b_id: str) -> Relationship | None:
        """The relationship of two people, given in either order, or None."""
        with self._reading() as conn:
            return _between(conn, person_a_id, person_b_id)

    def get_for_person(self, person_id: str, limit: int | None = None) -> list[Relationship]:
        """One person's relationships, the strongest first; at most ``limit``. Hidden people's are among them."""
        with self._reading() as conn:
            return [_relationship(row) for row in strongest(conn, person_id, limit)]

    def get_connections(self, person_id: str) -> list[str]:
        """The ids of the people that one person knows, the strongest tie first."""
        query = f"""
            SELECT other_id FROM (
                SELECT person_b_id AS other_id, {RAW_STRENGTH_SQL} AS raw FROM relationships WHERE person_a_id = :person
                UNION ALL
                SELECT person_a_id, {RAW_STRENGTH_SQL} FROM relationships WHERE person_b_id = :person
            )
            ORDER BY raw DESC, other_id"""
        with self._reading() as conn:
            return [row[0] for row in conn.execute(query, {"person": person_id})]

    def add(self, relationship: Relationship) -> Relationship:
        """Write a pair down, so that it stays without evidence; returns it as it is now, with the counts at the truth.

        A pair that is kept already takes the new type, flag and contexts, and keeps its id and created_at unless new
        ones are given. Raises RelationshipRefused.
        """
        a, b = relationship.person_a_id, relationship.person_b_id
        now = utc_now()
        with self._writing() as conn:
            kept = conn.execute(
                "SELECT id, created_at, extra FROM relationship_records WHERE person_a_id = ? AND person_b_id = ?",
                (min(a, b), max(a, b)),
            ).fetchone()
            identity, created_at, extra = kept or (str(uuid.uuid4()), now, None)
            try:
                conn.execute(
                    """INSERT INTO relationships (id, person_a_id, person_b_id, relationship_type, shared_contexts,
                        is_linkedin_connection, created_at, updated_at, extra)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                    (
                        relationship.id or identity,
                        a,
                        b,
                        relationship.relationship_type,
                        json.dumps(relationship.shared_contexts, ensure_ascii=False),
                        int(relationship.is_linkedin_connection),
                        relationship.created_at or created_at,
                        relationship.updated_at or now,
                        extra,
                    ),
                )
            except sqlite3.IntegrityError as error:
                raise RelationshipRefused(a, b, str(error)) from None
            return _between(conn, a, b) or relationship  # kept, but seen only when both ids are people

    def update(self, relationship: Relationship) -> Relationship | None:
        """Change what is written down about a pair: type, flag, the user's own contexts and the two dates of record.

        Counts and dates seen in ``relationship`` are ignored. Returns the pair as it is now; None where there is none.
        """
        with self._writing() as conn:
            present = _between(conn, relationship.person_a_id, relationship.person_b_id)
            if present is None:
                return None
            changed: dict[str, Any] = {
                name: getattr(relationship, name)
                for name in _METADATA
                if getattr(relationship, name) != getattr(present, name)
            }
            if "shared_contexts" in changed:
                changed["shared_contexts"] = json.dumps(changed["shared_contexts"], ensure_ascii=False)
            given = relationship.updated_at
            changed["updated_at"] = given if given and given != present.updated_at else utc_now()
            conn.execute(
                f"UPDATE relationships SET {', '.join(f'{name} = ?' for name in changed)} "
                "WHERE person_a_id = ? AND person_b_id = ?",
                (*changed.values(), present.person_a_id, present.person_b_id),
            )
            return _between(conn, present.person_a_id, present.person_b_id)

    def delete(self, relationship_id: str) -> bool:
        """Forget what is written down under an id; returns whether there was such a record.

        The evidence is no record: a pair that shows by its evidence goes on to show.
        """
        with self._writing() as conn:
            row = conn.execute(
                "SELECT person_a_id, person_b_id FROM relationship_records WHERE id = ?", (relationship_id,)
            ).fetchone()
            if row is None:
                return False
            conn.execute("DELETE FROM relationships WHERE person_a_id = ? AND person_b_id = ?", row)
            return True


def _between(conn: sqlite3.Connection, person_a_id: str, person_b_id: str) -> Relationship | None:
    row = conn.execute(
        f"SELECT {', '.join(_FIELDS)} FROM relationships WHERE person_a_id = ? AND person_b_id = ?",
        (min(person_a_id, person_b_id), max(person_a_id, person_b_id)),
    ).fetchone()
    return _relationship(dict(zip(_FIELDS, row))) if row else None


def _relationship(row: Mapping[str, Any]) -> Relationship:
    values = {name: row[name] for name in _FIELDS}
    values["shared_contexts"] = list(dict.fromkeys(json.loads(values["shared_contexts"])))
    values["is_linkedin_connection"] = bool(values["is_linkedin_connection"])
    return Relationship(**values)

"""The legacy people store, over the database: what it hands out is always what is committed."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..contacts import Kind
from ..database import Transaction, open_reader, open_writer, translated_errors
from ..directory import PEOPLE_FILE, DataDirectory
from ..hiding import block, is_blocked
from ..importing import import_edits
from ..lookup import find
from ..migration import migrate
from ..record_rows import change_person, insert_person, read_people, read_person
from ..schema_objects import SCHEMA_VERSION, refuse_newer, require_current, schema_version
from .entity import PersonEntity
from .pending import Pending, Record, changed_fields

_LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)


class PersonEntityStore:
    """People, read from interactions.db beside ``storage_path`` and saved to it.

    A directory that was never migrated, or by an older version, is migrated first, with a backup. Entities handed out
    are the caller's own; ``update`` and ``add`` take note of them, and ``save`` writes all that was noted in one
    transaction, field by field, and exports. Reading sees what other processes have committed, and what was noted here.
    May be used from several threads. Its methods raise LifeosError where the directory cannot be read or written.

    Without ``storage_path`` it is people_entities.json in the directory that every command would take, which must be
    there (DataDirectoryMissing); the directory of a path that is given is made.
    """

    def __init__(self, storage_path: str | os.PathLike[str] | None = None) -> None:
        self.storage_path = DataDirectory.locate().path / PEOPLE_FILE if storage_path is None else Path(storage_path)
        self.directory = DataDirectory(self.storage_path.parent)
        self._lock = threading.RLock()
        self._pending: dict[str, Pending] = {}
        self._conn: sqlite3.Connection | None = None
        self._inherited: sqlite3.Connection | None = None
        self._opened: tuple[int, int, int] | None = None
        self._migrate()

    # --- the database

    def _migrate(self) -> None:
        self.directory.path.mkdir(parents=True, exist_ok=True)
        path = self.directory.database
        if path.exists():
            with translated_errors(path):
                conn = open_reader(path)
                try:
                    refuse_newer(conn, path)
                    if schema_version(conn) == SCHEMA_VERSION:
                        return
                finally:
                    conn.close()
        migrate(self.directory.path)

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """The connection, of this process and to the file that lies there now."""
        path = self.directory.database
        with self._lock, translated_errors(path):
            stat = os.stat(path)
            here = (os.getpid(), stat.st_dev, stat.st_ino)
            if self._conn is None or self._opened != here:
                if self._opened is not None and self._opened[0] != here[0]:
                    self._inherited, self._conn = self._conn, None  # the parent process's; it must not be closed here
                self.close()
                self._conn = open_writer(path, any_thread=True)
                self._opened = here
                require_current(self._conn, path)
            yield self._conn

    def close(self) -> None:
        """Give up the connection; the next read opens another one. What was noted stays noted."""
        with self._lock:
            if self._conn is not None:
                self._conn.close()
                self._conn = None

    # --- reading

    def get_by_id(self, entity_id: str) -> PersonEntity | None:
        """The person, or the one whom they were merged into; None where there is neither."""
        with self._database() as conn:
            return self._get(conn, self._canonical(conn, entity_id))

    def get_by_email(self, email: str) -> PersonEntity | None:
        """The person with this email, in any case; of several the last one who is not hidden."""
        return self._get_by("email", email)

    def get_by_phone(self, phone: str) -> PersonEntity | None:
        """The person with this phone number; of several the last one who is not hidden."""
        return self._get_by("phone", phone)

    def get_by_name(self, name: str) -> PersonEntity | None:
        """The person with this canonical name or alias, in any case; of several the last one who is not hidden."""
        return self._get_by("name", name)

    def get_all(self, include_hidden: bool = False, include_merged: bool = False) -> list[PersonEntity]:
        """Everybody, in the order of the file; hidden and merged people only if asked for."""
        with self._database() as conn:
            merged = set() if include_merged else _merged_ids(conn)
            return [
                _entity(record)
                for record in self._records(conn)
                if record["id"] not in merged and (include_hidden or not record["hidden"])
            ]

    def search(
        self, query: str, limit: int = 20, include_hidden: bool = False, include_merged: bool = False
    ) -> list[PersonEntity]:
        """People whose names, emails or aliases contain ``query``, in any case; who was seen last comes first."""
        wanted = query.lower()
        found = [
            entity
            for entity in self.get_all(include_hidden, include_merged)
            if any(
                wanted in text.lower()
                for text in (entity.canonical_name, entity.display_name, *entity.emails, *entity.aliases)
            )
        ]
        found.sort(key=lambda entity: entity.canonical_name)
        found.sort(key=_last_seen, reverse=True)
        return found[:limit]

    def count(self) -> int:
        """How many people there are, hidden and merged ones too."""
        with self._database() as conn:
            number: int = conn.execute("SELECT count(*) FROM people").fetchone()[0]
            for identity, pending in self._pending.items():
                there = conn.execute("SELECT 1 FROM people WHERE id = ?", (identity,)).fetchone() is not None
                number += (pending.mine is not None) - there
            return number

    def get_statistics(self) -> dict[str, Any]:
        """Totals of people, and of people by source and by category."""
        people = self.get_all(include_hidden=True, include_merged=True)
        names = {name.lower() for person in people for name in (person.canonical_name, *person.aliases) if name}
        return {
            "total_entities": len(people),
            "by_source": dict(Counter(source for person in people for source in person.sources)),
            "by_category": dict(Counter(person.category for person in people)),
            "total_emails_indexed": len({email.lower() for person in people for email in person.emails}),
            "total_names_indexed": len(names),
            "total_phones_indexed": len({phone for person in people for phone in person.phone_numbers if phone}),
        }

    def get_canonical_id(self, person_id: str) -> str:
        """The id of whoever this person was merged into, else the id itself."""
        with self._database() as conn:
            return self._canonical(conn, person_id)

    def reload_merged_ids(self) -> None:
        """Nothing to do: merges are read from the database each time."""

    def is_blocked(self, identifier: str) -> bool:
        """Whether an email or a phone number belongs to a hidden person and must not become a person again."""
        with self._database() as conn:
            return is_blocked(conn, email=identifier, phone=identifier)

    # --- writing

    def add(self, entity: PersonEntity) -> PersonEntity | None:
        """Note a new person; returns them as stored, or None where one of their emails or phones is blocked."""
        with self._database() as conn:
            if any(is_blocked(conn, email=one, phone=one) for one in (*entity.emails, *entity.phone_numbers) if one):
                return None
            return self._note(conn, entity)

    def update(self, entity: PersonEntity) -> PersonEntity:
        """Note what was changed in an entity since it was handed out; returns it as stored."""
        with self._database() as conn:
            return self._note(conn, entity)

    def delete(self, entity_id: str) -> bool:
        """Note that a person goes; returns whether they were there. Their interactions stay."""
        with self._database() as conn:
            record = self._record(conn, entity_id)
            if record is None:
                return False
            self._pending[entity_id] = Pending(_normal(record), None)
            return True

    def save(self) -> None:
        """Write everything noted in one transaction, take in what legacy programs wrote into the files, and export.

        If it fails nothing is written, and everything stays noted; if only the export fails, everything is written.
        """
        self._save()
        import_edits(self.directory.path)

    def hide_person(self, entity_id: str, reason: str = "") -> PersonEntity | None:
        """Hide a person, block their emails and phone numbers, and save; None where there is nobody."""
        with self._database() as conn:
            entity = self._get(conn, entity_id)
            if entity is None:
                return None
            entity.hidden, entity.hidden_at, entity.hidden_reason = True, datetime.now(timezone.utc), reason
            self._note(conn, entity)
            self._save(hidden=entity_id)
        import_edits(self.directory.path)
        return self._fresh(entity_id)

    # --- how it is done

    def _fresh(self, identity: str) -> PersonEntity | None:
        with self._database() as conn:
            return self._get(conn, identity)

    def _get(self, conn: sqlite3.Connection, identity: str) -> PersonEntity | None:
        record = self._record(conn, identity)
        return _entity(record) if record is not None else None

    def _record(self, conn: sqlite3.Connection, identity: str) -> Record | None:
        """A person as committed, with the sources of their interactions and what was noted here."""
        record = read_person(conn, identity)
        if record is not None:
            rows = conn.execute("SELECT DISTINCT source_type FROM interactions WHERE person_id = ?", (identity,))
            _add_sources(record, [row[0] for row in rows])
        return self._with_pending(identity, record)

    def _records(self, conn: sqlite3.Connection) -> Iterator[Record]:
        active: dict[str, list[str]] = {}
        for person, source in conn.execute("SELECT DISTINCT person_id, source_type FROM interactions"):
            active.setdefault(person, []).append(source)
        new = dict.fromkeys(self._pending)
        for record in read_people(conn):
            identity = record["id"]
            new.pop(identity, None)
            _add_sources(record, active.get(identity, ()))
            if (noted := self._with_pending(identity, record)) is not None:
                yield noted
        for identity in new:
            if (noted := self._with_pending(identity, None)) is not None:
                yield noted

    def _with_pending(self, identity: str, record: Record | None) -> Record | None:
        pending = self._pending.get(identity)
        if pending is None:
            return record
        if pending.mine is None or record is None:
            return pending.mine
        return {**record, **changed_fields(pending.base or {}, pending.mine, record)}

    def _get_by(self, kind: Kind, value: str) -> PersonEntity | None:
        with self._database() as conn:
            ids = dict.fromkeys(self._canonical(conn, person.id) for person in find(conn, kind, value, merged=True))
            noted = [identity for identity in self._pending if identity not in ids]
            found = [entity for identity in ids if (entity := self._get(conn, identity)) is not None]
            # What was noted here may have taken the contact from somebody, or given it to somebody.
            found = [entity for entity in found if entity.id not in self._pending or _has(entity, kind, value)]
            for identity in noted:
                entity = self._get(conn, identity)
                if entity is not None and _has(entity, kind, value):
                    found.append(entity)
            visible = [entity for entity in found if not entity.hidden]
            return (visible or found)[-1] if found else None

    def _canonical(self, conn: sqlite3.Connection, identity: str) -> str:
        row = conn.execute("SELECT survivor_id FROM person_merges WHERE merged_id = ?", (identity,)).fetchone()
        return row[0] if row else identity

    def _note(self, conn: sqlite3.Connection, entity: PersonEntity) -> PersonEntity:
        mine = entity.to_dict()
        identity = entity.id
        handed_out = entity._handed_out
        if handed_out is not None and handed_out["id"] != identity:
            handed_out = None
        pending = self._pending.get(identity)
        current = self._record(conn, identity)
        if pending is not None and pending.mine is not None:
            before = handed_out or pending.mine
            pending.mine = {**pending.mine, **changed_fields(before, mine, pending.mine)}
        elif current is None and handed_out is None:
            self._pending[identity] = Pending(None, mine)
        else:
            self._pending[identity] = Pending(handed_out or _normal(current or {}), mine)
        entity.__dict__["_handed_out"] = mine  # the next update of this object tells only what changed since
        stored = self._get(conn, identity)
        assert stored is not None
        return stored

    def _save(self, hidden: str | None = None) -> None:
        with self._database() as conn:
            if self._pending:
                with Transaction(conn):
                    for identity, pending in self._pending.items():
                        self._write(conn, identity, pending)
                    if hidden is not None:
                        block(conn, [hidden])
                self._pending.clear()

    def _write(self, conn: sqlite3.Connection, identity: str, pending: Pending) -> None:
        if pending.mine is None:
            conn.execute("DELETE FROM people WHERE id = ?", (identity,))
            return
        current = read_person(conn, identity)
        if current is None:
            # New, or deleted by another process since: what this program has of them is not lost. Of somebody who was
            # merged meanwhile the survivor goes on.
            identity = self._canonical(conn, identity)
            current = read_person(conn, identity)
        if current is None:
            insert_person(conn, pending.mine)
        else:
            change_person(conn, identity, changed_fields(pending.base or {}, pending.mine, current), ())


_store: PersonEntityStore | None = None
_store_lock = threading.Lock()


def get_person_entity_store(storage_path: str | os.PathLike[str] | None = None) -> PersonEntityStore:
    """This process's store; the path counts the first time, and without one it is as for PersonEntityStore."""
    global _store
    with _store_lock:
        if _store is None:
            _store = PersonEntityStore(storage_path)
        return _store


def current_directory() -> DataDirectory:
    """The data directory of this process's store, else the one that every command would take."""
    return _store.directory if _store is not None else DataDirectory.locate()


def _entity(record: Record) -> PersonEntity:
    entity = PersonEntity.from_dict(record)
    entity.__dict__["_handed_out"] = entity.to_dict()
    return entity


def _normal(record: Record) -> Record:
    """A record as an entity of it would give it back."""
    return PersonEntity.from_dict(record).to_dict()


def _add_sources(record: Record, active: Any) -> None:
    declared = record["sources"] or []
    record["sources"] = declared + sorted(set(active) - set(declared))


def _merged_ids(conn: sqlite3.Connection) -> set[str]:
    return {row[0] for row in conn.execute("SELECT merged_id FROM person_merges")}


def _has(entity: PersonEntity, kind: Kind, value: str) -> bool:
    if kind == "email":
        return entity.has_email(value)
    if kind == "phone":
        return entity.has_phone(value)
    return value.lower() in (name.lower() for name in (entity.canonical_name, *entity.aliases))


def _last_seen(entity: PersonEntity) -> datetime:
    return entity.last_seen if isinstance(entity.last_seen, datetime) else _LONG_AGO

"""A made-up legacy data directory, with the faults that real ones have, and a sync script as owners write them."""

from __future__ import annotations

import json
import os
import random
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

from .database import open_reader, translated_errors
from .directory import MERGES_FILE, PEOPLE_FILE, RELATIONSHIPS_FILE, DataDirectory
from .errors import DirectoryNotEmpty
from .legacy_form import OPTIONAL_LAST_KEY, PERSON_KEYS

_FIRST = ("Ada", "Björn", "Chiara", "Dmitri", "Eve", "Farid", "Grace", "Hiro", "Inês", "Jonas", "Karin", "Liu", "Mia")
_LAST = ("Abel", "Brandt", "Costa", "Dubois", "Eriksen", "Fuchs", "García", "Haas", "Ito", "Jensen", "Kovač", "Lam")
_TABLE = """CREATE TABLE interactions (
    id TEXT PRIMARY KEY, person_id TEXT NOT NULL, timestamp TIMESTAMP NOT NULL, source_type TEXT NOT NULL,
    title TEXT NOT NULL, snippet TEXT, source_link TEXT, source_id TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, source_account TEXT, attendee_count INTEGER)"""
_INDEXES = (
    "CREATE INDEX idx_interactions_person_timestamp ON interactions(person_id, timestamp DESC)",
    "CREATE INDEX idx_interactions_source ON interactions(source_type, source_id)",
    "CREATE INDEX idx_interactions_timestamp ON interactions(timestamp DESC)",
)
_SOURCES = {"gmail": 40, "calendar": 20, "imessage": 20, "whatsapp": 8, "slack": 4, "vault": 4, "phone": 4}
_COUNTERS = {"gmail": "email", "calendar": "meeting", "vault": "mention"}
_COUNTERS |= dict.fromkeys(("imessage", "whatsapp", "slack"), "message")

SYNC_SCRIPT = """\
import sqlite3, sys
conn = sqlite3.connect(sys.argv[1])
person = conn.execute("SELECT id FROM people WHERE canonical_name = ?", (sys.argv[2],)).fetchone()[0]
rows = [(f"sync-{n}", person, f"2026-01-{n + 1:02d}T09:00:00+00:00", "imessage", f"← hello {n}", f"imessage_s{n}")
        for n in range(7)]
conn.executemany("INSERT OR IGNORE INTO interactions (id, person_id, timestamp, source_type, title, source_id)"
                 " VALUES (?, ?, ?, ?, ?, ?)", rows)
conn.execute("DELETE FROM interactions WHERE person_id = ? AND source_type = 'calendar'", (person,))
conn.commit()
"""
"""A nightly sync that knows nothing of lifeos-db: argv holds the database's path and a person's name."""


@dataclass(frozen=True)
class Planted:
    """What is wrong in the directory, for whoever wants to see it found."""

    people: int
    interactions: int
    people_with_drift: int
    rows_under_merged_ids: int
    rows_orphaned: int


def write_legacy_directory(path: Path, *, people: int = 120, interactions: int = 4000) -> Planted:
    """Write interactions.db and the JSON files of a legacy LifeOS into ``path``, which must be empty or not exist.

    The same numbers give the same people and rows. Every eighth person has a wrong count, one merged id
    still has rows, and one person is missing from the JSON. Raises DirectoryNotEmpty.
    """
    require_empty(path)
    with translated_errors(path):
        path.mkdir(parents=True, exist_ok=True)
    rng = random.Random(1)
    ids = [str(UUID(int=rng.getrandbits(128))) for _ in range(people)]
    merged, orphan = (str(UUID(int=rng.getrandbits(128))) for _ in range(2))
    rows = [_interaction(number, _pick(ids, rng), rng) for number in range(interactions - 30)]
    rows += [_interaction(interactions - 30 + n, merged if n < 12 else orphan, rng) for n in range(30)]
    with closing(sqlite3.connect(DataDirectory(path).database)) as conn:
        conn.execute("PRAGMA journal_mode = WAL")
        conn.execute(_TABLE)
        for index in _INDEXES:
            conn.execute(index)
        conn.executemany(f"INSERT INTO interactions VALUES ({', '.join('?' * 11)})", rows)
        conn.commit()
    counts = {person: dict.fromkeys(("email", "meeting", "mention", "message"), 0) for person in ids}
    for row in rows:
        person = ids[0] if row[1] == merged else row[1]
        counter = _COUNTERS.get(row[3])
        if counter and person in counts:
            counts[person][counter] += 1
    records = [_person(number, person, counts[person], rng) for number, person in enumerate(ids)]
    drifted = range(3, people, 8)
    for number in drifted:
        records[number]["email_count"] += rng.choice((-3, 2, 40))
    _write(path / PEOPLE_FILE, records)
    _write(path / MERGES_FILE, {merged: ids[0]})
    _write(path / RELATIONSHIPS_FILE, [])
    return Planted(people, len(rows), len(drifted), 12, 18)


def require_empty(path: Path) -> None:
    """Raises DirectoryNotEmpty where something is at this path but an empty directory."""
    with translated_errors(path):
        if os.path.lexists(path) and (not path.is_dir() or any(path.iterdir())):
            raise DirectoryNotEmpty(path)


def counts_of(path: Path, name: str) -> tuple[int, int, int, int]:
    """The cached email, meeting, mention and message counts of the person of this name in the directory ``path``."""
    with closing(open_reader(DataDirectory(path).database)) as conn:
        row = conn.execute(
            "SELECT email_count, meeting_count, mention_count, message_count FROM people WHERE canonical_name = ?",
            (name,),
        ).fetchone()
    return (row[0], row[1], row[2], row[3])


def _pick(ids: list[str], rng: random.Random) -> str:
    """Some people are written to daily, most are not."""
    return ids[min(int(rng.expovariate(4 / len(ids))), len(ids) - 1)]


def _interaction(number: int, person: str, rng: random.Random) -> tuple[Any, ...]:
    source = rng.choices(list(_SOURCES), list(_SOURCES.values()))[0]
    moment = datetime(2025, 12, 31, tzinfo=timezone.utc) - timedelta(minutes=rng.randrange(3 * 365 * 24 * 60))
    title = {
        "gmail": f"{rng.choice('←→')} Subject {number % 300}",
        "calendar": f"Meeting {number % 90}",
        "whatsapp": "WhatsApp → chat",
        "phone": "Incoming Phone Call (5m 3s)",
        "slack": "Slack DM with somebody",
        "vault": f"Note {number % 50}",
    }.get(source, f"← message {number}")
    link = {"calendar": f"event{number // 4}:{person[:8]}", "vault": f"/vault/Note {number % 50}.md"}
    return (
        str(UUID(int=rng.getrandbits(128))),
        person,
        moment.isoformat(),
        source,
        title,
        "made up " * rng.randrange(12),
        None,
        link.get(source, f"{source}_{number}"),
        "2026-01-01T03:00:00+00:00",
        None,
        4 if source == "calendar" else None,
    )


def _person(number: int, identity: str, counts: dict[str, int], rng: random.Random) -> dict[str, Any]:
    name = f"{_FIRST[number % len(_FIRST)]} {_LAST[(number * 5 + number // 60) % len(_LAST)]}"
    record = {key.name: key.default for key in PERSON_KEYS if key.name != OPTIONAL_LAST_KEY}
    record |= {"id": identity, "canonical_name": name, "display_name": name, "emails": [f"person{number}@example.org"]}
    record |= {"category": "self" if number == 0 else rng.choice(("work", "personal", "family", "unknown"))}
    record |= {f"{counter}_count": value for counter, value in counts.items()}
    return record


def _write(path: Path, value: Any) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(value, file, indent=2)

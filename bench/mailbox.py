"""The made-up data: 15,000 people, and interactions as a mailbox, a calendar and a phone give them, 300 bytes a row.

Of the rows 45 % are mail, in threads of one to twelve messages and mostly two to six people, a row for each person of
each message; 15 % are meetings, of one to thirty people, a row for each; 30 % are messages, 5 % calls, 5 % notes and
photos. People are of circles of 60, of which a third is shared with the next circle; some circles meet far more than
others: a tenth of the people has 46 % of the rows, as in real data (48 % in tests/data/sample-legacy).
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from lifeos_db.legacy_form import PERSON_KEYS

PEOPLE = 15_000
Row = tuple[str, str, str, str, str, str, str, str, str]
"""The columns of INSERT, in its order."""
INSERT = """INSERT {policy}INTO interactions
(id, person_id, timestamp, source_type, title, snippet, source_link, source_id, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""

_CIRCLE, _STEP = 60, 40
_SHARES = {"gmail": 0.45, "calendar": 0.15, "message": 0.3, "phone": 0.05, "note": 0.05}
_TEXT = "about the plan for next week and what we said in the meeting last time with everybody there or not yet"
_WORDS = _TEXT.split()


def person_id(number: int) -> str:
    """The id of a person, which sorts in no order."""
    return f"{number * 2654435761 % 2**32:08x}-9c23-4dc1-b840-{number * 7919 % 2**32:012x}"


def interactions(rows: int, people: int = PEOPLE, seed: int = 1) -> Iterator[Row]:
    """So many rows, in the order in which a first sync writes them; another seed gives other rows."""
    dice = random.Random(seed)
    written = dict.fromkeys(_SHARES, 0)
    for made, (kind, number, title, source_type, source_id) in enumerate(_events(dice, people, written, seed)):
        if made == rows:
            return
        written[kind] += 1
        stamp = f"20{dice.randint(10, 25)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}T{dice.randint(8, 19):02}"
        start = dice.randrange(4)
        yield (
            f"{dice.getrandbits(128):032x}",
            person_id(number),
            f"{stamp}:30:00+00:00",
            source_type,
            title,
            " ".join(_WORDS[start : start + 18]),
            f"https://mail.example.com/u/0/#inbox/{dice.getrandbits(64):016x}",
            source_id,
            "2026-01-01 00:00:00",
        )


def _events(
    dice: random.Random, people: int, written: dict[str, int], seed: int
) -> Iterator[tuple[str, int, str, str, str]]:
    """Without end: what kind of event, whose row, its title, source type and source id."""
    number = 0
    while True:
        number += 1
        name = f"{seed}-{number}"
        first = int(dice.random() ** 2.75 * people / _STEP) * _STEP
        circle = [(first + place) % people for place in range(_CIRCLE)]
        total = sum(written.values()) + 1
        kind = max(_SHARES, key=lambda kind: _SHARES[kind] - written[kind] / total)
        if kind == "gmail":
            members = _some(dice, circle, min(20, 1 + int(dice.expovariate(1 / 2.5))))
            for message in range(min(12, 1 + int(dice.expovariate(1 / 2.5)))):
                for one in members:
                    yield kind, one, f"← Re thread {name}: {_WORDS[number % 20]}", "gmail", f"{name}.{message}:cc:{one}"
        elif kind == "calendar":
            for one in _some(dice, circle, min(30, 1 + int(dice.expovariate(1 / 4)))):
                yield kind, one, f"Meeting {_WORDS[number % 20]}", "calendar", f"event{name}:{one}"
        elif kind == "message":
            source = dice.choice(("imessage", "imessage", "whatsapp", "slack", "sms"))
            yield kind, dice.choice(circle), "→ what was said here", source, f"{source}_{name}"
        elif kind == "phone":
            yield kind, dice.choice(circle), "Incoming Phone Call (5m 3s)", "phone", f"call-{name}"
        else:
            for one in _some(dice, circle, dice.randint(1, 3)):
                source, place = ("vault", f"notes/{name}.md") if number % 2 else ("photos", f"{name}:{one}")
                yield kind, one, "Photo" if source == "photos" else f"Note {name}", source, place


def _some(dice: random.Random, circle: list[int], size: int) -> list[int]:
    return dice.sample(circle, min(size, len(set(circle))))


def people_records(people: int = PEOPLE) -> list[dict[str, object]]:
    """Legacy records of about a kilobyte each, as the file has them; the first is the owner."""
    records: list[dict[str, object]] = []
    for number in range(people):
        name = f"Person {_WORDS[number % 20].title()} {number}"
        record: dict[str, object] = {
            key.name: key.default for key in PERSON_KEYS if key.name != "relationship_strength"
        }
        record |= {
            "id": person_id(number),
            "canonical_name": name,
            "display_name": name,
            "emails": [f"person{number}@example.com", f"p{number}@work.example"],
            "company": f"Company {number % 700}",
            "position": "Head of something",
            "category": "work" if number else "self",
            "vault_contexts": ["Work/Projects/"],
            "sources": ["contacts", "gmail"],
            "first_seen": f"20{number % 10 + 10}-03-01T09:30:00+00:00",
            "last_seen": "2025-11-05T17:00:00+00:00",
            "aliases": [f"P{number}"],
            "phone_numbers": [f"+1555{number:07}"],
            "phone_primary": f"+1555{number:07}",
            "tags": ["met"],
            "notes": "Met at the conference, and said something that was worth writing down here.",
            "source_entity_count": 3,
        }
        records.append(record)
    return records


LEGACY_TABLE = """CREATE TABLE interactions (
    id TEXT PRIMARY KEY, person_id TEXT NOT NULL, timestamp TIMESTAMP NOT NULL, source_type TEXT NOT NULL,
    title TEXT NOT NULL, snippet TEXT, source_link TEXT, source_id TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, source_account TEXT, attendee_count INTEGER
)"""
LEGACY_INDEXES = (
    "CREATE INDEX idx_interactions_person_timestamp ON interactions(person_id, timestamp DESC)",
    "CREATE INDEX idx_interactions_source ON interactions(source_type, source_id)",
    "CREATE INDEX idx_interactions_timestamp ON interactions(timestamp DESC)",
)


def write_legacy_directory(directory: Path, rows: int, people: int = PEOPLE) -> None:
    """A legacy data directory, as the programs before lifeos-db left it."""
    directory.mkdir()
    (directory / "people_entities.json").write_text(json.dumps(people_records(people), indent=2))
    with closing(sqlite3.connect(directory / "interactions.db", isolation_level=None)) as conn:
        conn.execute("PRAGMA journal_mode = OFF")
        conn.execute(LEGACY_TABLE)
        conn.execute("BEGIN")
        conn.executemany(INSERT.format(policy=""), interactions(rows, people))
        conn.execute("COMMIT")
        for index in LEGACY_INDEXES:
            conn.execute(index)
        conn.execute("PRAGMA journal_mode = WAL")

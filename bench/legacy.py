"""The reference: what programs did before lifeos-db. Load the JSON, query per person, rewrite the whole file.

Run as a program it verifies: python bench/legacy.py DIRECTORY
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, make_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lifeos_db.legacy_form import PERSON_KEYS

COUNTERS = {
    "gmail": "email_count",
    "calendar": "meeting_count",
    "vault": "mention_count",
    "granola": "mention_count",
    "imessage": "message_count",
    "sms": "message_count",
    "whatsapp": "message_count",
    "slack": "message_count",
}
_DATES = ("first_seen", "last_seen", "hidden_at")
Record = dict[str, Any]
Person = make_dataclass("Person", [key.name for key in PERSON_KEYS])


def load(directory: Path) -> dict[str, Any]:
    """The people by id, as objects, with their dates read."""
    people = {}
    with (directory / "people_entities.json").open() as file:
        for record in json.load(file):
            for name in _DATES:
                if record[name]:
                    record[name] = datetime.fromisoformat(record[name])
            people[record["id"]] = Person(**{"relationship_strength": None, **record})
    return people


def save_people(path: Path, people: Iterable[Any]) -> None:
    """The whole file of people."""
    records = []
    for person in people:
        record = asdict(person)
        for name in _DATES:
            if record[name]:
                record[name] = record[name].isoformat()
        if record["relationship_strength"] is None:
            del record["relationship_strength"]
        records.append(record)
    save(path, records)


def load_relationships(directory: Path) -> list[Record]:
    """The records of pairs."""
    with (directory / "relationships.json").open() as file:
        records: list[Record] = json.load(file)
    return records


def save(path: Path, records: list[Record]) -> None:
    """The whole file, by way of a temporary one."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("w") as file:
        json.dump(records, file, indent=2)
    os.replace(temporary, path)


def counts(conn: sqlite3.Connection, person_id: str) -> dict[str, int]:
    """One person's four counts, from the interactions."""
    found = dict.fromkeys(COUNTERS.values(), 0)
    query = "SELECT source_type, count(*) FROM interactions WHERE person_id = ? GROUP BY source_type"
    for source_type, number in conn.execute(query, (person_id,)):
        if source_type in COUNTERS:
            found[COUNTERS[source_type]] += number
    return found


def refresh(directory: Path, person_ids: list[str]) -> None:
    """What every script had to call at its end, for the people it touched."""
    people = load(directory)
    with closing(sqlite3.connect(directory / "interactions.db")) as conn:
        for person_id in person_ids:
            for name, number in counts(conn, person_id).items():
                setattr(people[person_id], name, number)
    save_people(directory / "people_entities.json", people.values())


def verify(directory: Path) -> int:
    """How many people have a wrong count."""
    people = load(directory)
    with closing(sqlite3.connect(directory / "interactions.db")) as conn:
        return sum(
            any(getattr(person, name) != number for name, number in counts(conn, person_id).items())
            for person_id, person in people.items()
        )


if __name__ == "__main__":
    verify(Path(sys.argv[1]))

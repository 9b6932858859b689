"""The definitions of docs/relationships.md once more, in plain Python: what the database is held against."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter, defaultdict
from datetime import datetime, timezone
from typing import Any

from tests.conftest import new_database

COUNTERS = ("events", "threads", "messages", "whatsapp", "slack", "phone_calls", "photos", "notes")
COLUMNS = ", ".join(f"shared_{name}_count" for name in COUNTERS)
Pair = tuple[str, str]
CONTEXTS = {"events": "calendar", "threads": "gmail", "photos": "photos", "messages": "imessage"}
CONTEXTS |= {"whatsapp": "whatsapp", "phone_calls": "phone", "slack": "slack"}
DERIVABLE = {*CONTEXTS.values(), "vault"}


def open_database(*, backwards: bool = False) -> sqlite3.Connection:
    """A database of today's schema in memory, where everything after 2024 is future.

    ``backwards`` is that of new_database.
    """
    conn = new_database(backwards=backwards)
    conn.execute("INSERT INTO settings (key, value) VALUES ('as_of', '2025-01-01T00:00:00.000Z')")
    return conn


def _instant(text: str) -> datetime | None:
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return None
    value = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    if value.timestamp() == 0 or value > datetime(2025, 1, 1, tzinfo=timezone.utc):
        return None
    return value.astimezone(timezone.utc)


def _setting(conn: sqlite3.Connection, key: str) -> Any:
    row = conn.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


class Recount:
    """Counts, instants and groups of every pair of ids, from interactions, merges and settings alone."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        merges = dict(conn.execute("SELECT merged_id, survivor_id FROM person_merges").fetchall())
        owner = _setting(conn, "owner_id")
        self.owner = merges.get(owner, owner)
        limit = _setting(conn, "max_context_people")
        self.limit = 50 if limit is None else int(limit)
        self.counts: dict[Pair, Counter[str]] = defaultdict(Counter)
        self.instants: dict[Pair, list[tuple[str, datetime | None]]] = defaultdict(list)
        self.in_one_group: set[Pair] = set()
        self._contexts: dict[tuple[str, str], dict[str, list[datetime | None]]] = defaultdict(lambda: defaultdict(list))
        for person, source, title, source_id, timestamp in conn.execute(
            "SELECT person_id, source_type, title, source_id, timestamp FROM interactions"
        ):
            self._add(person, source, title, source_id, _instant(timestamp))
        for (kind, _), members in self._contexts.items():
            self._share(kind, members)

    def _add(self, person: str, source: str, title: str, source_id: str | None, instant: datetime | None) -> None:
        context = None
        if source in ("calendar", "photos"):
            key = (source_id or "").split(":")[0]
            context = ("events" if source == "calendar" else "photos", key)
        elif source == "gmail":
            context = ("threads", re.sub("^[←→↔] ", "", title).replace("(No Subject)", ""))
        elif source == "vault":
            context = ("notes", source_id or "")
        elif source == "whatsapp" and title.startswith("WhatsApp group:"):
            context = ("group", title)
        if context:
            if context[1]:
                self._contexts[context][person].append(instant)
            return
        counter = {"imessage": "messages", "sms": "messages", "phone": "phone_calls"}.get(source, source)
        if counter in COUNTERS and self.owner is not None and person != self.owner:
            self._count(person, self.owner, counter, [instant])

    def _count(self, one: str, other: str, counter: str, instants: list[datetime | None]) -> None:
        pair = (min(one, other), max(one, other))
        if counter == "group":
            self.in_one_group.add(pair)
        else:
            self.counts[pair][counter] += 1
        self.instants[pair] += [(counter, instant) for instant in instants]

    def _share(self, kind: str, members: dict[str, list[datetime | None]]) -> None:
        if kind in ("events", "threads", "photos") and len(members) > self.limit:
            return
        owners = kind in ("events", "threads")
        for one in members:
            for other in members:
                if one < other and not (owners and self.owner in (one, other)):
                    self._count(one, other, kind, members[one] + members[other])
            if owners and self.owner is not None and one != self.owner:
                self._count(one, self.owner, kind, members[one])

    def dates(self, pair: Pair) -> tuple[datetime | None, datetime | None]:
        found = [
            instant
            for counter, instant in self.instants[pair]
            if instant is not None and (counter != "notes" or self.counts[pair]["notes"] >= 2)
        ]
        return (min(found), max(found)) if found else (None, None)

    def contexts(self, pair: Pair) -> set[str]:
        found = {name for counter, name in CONTEXTS.items() if self.counts[pair][counter]}
        if pair in self.in_one_group:
            found.add("whatsapp")
        if self.counts[pair]["notes"] >= 2:
            found.add("vault")
        return found

    def suffices(self, pair: Pair) -> bool:
        counts = self.counts[pair]
        if self.owner in pair and any(counts[name] for name in COUNTERS if name not in ("photos", "notes")):
            return True
        return counts["events"] >= 2 or counts["threads"] >= 1 or counts["photos"] >= 3 or counts["notes"] >= 2


def assert_counts_right(conn: sqlite3.Connection, actual: Recount) -> dict[Pair, tuple[int, ...]]:
    """The cached counts of pairs are those of the recount, which it returns."""
    wanted = {pair: tuple(counts[name] for name in COUNTERS) for pair, counts in actual.counts.items()}
    rows = conn.execute(f"SELECT person_a_id, person_b_id, {COLUMNS} FROM relationship_pairs").fetchall()
    assert {(row[0], row[1]): row[2:] for row in rows if any(row[2:])} == wanted
    return wanted


def assert_right(conn: sqlite3.Connection) -> None:
    """Everything that the database says about pairs is what the recount says."""
    from lifeos_db.evidence import find_pair_drift, wrong_evidence
    from lifeos_db.relationships import all_rows

    actual = Recount(conn)
    wanted = assert_counts_right(conn, actual)
    rows = conn.execute(f"SELECT person_a_id, person_b_id, {COLUMNS} FROM relationship_counts").fetchall()
    assert {(row[0], row[1]): row[2:] for row in rows} == wanted
    assert find_pair_drift(conn) == []
    assert wrong_evidence(conn) == 0

    people = {row[0] for row in conn.execute("SELECT id FROM people")}
    kept = {
        (row[0], row[1]): set(json.loads(row[2] or "[]"))
        for row in conn.execute("SELECT person_a_id, person_b_id, shared_contexts FROM relationship_records")
    }
    shown = {pair for pair in {*wanted, *kept} if pair in kept or actual.suffices(pair)}
    shown = {pair for pair in shown if people.issuperset(pair)}
    names = ("person_a_id", "person_b_id", "shared_contexts", "first_seen_together", "last_seen_together")
    view = {(row[0], row[1]): row[2:] for row in conn.execute(f"SELECT {', '.join(names)} FROM relationships")}
    assert set(view) == shown
    for pair, (contexts, first, last) in view.items():
        assert set(json.loads(contexts)) == actual.contexts(pair) | (kept.get(pair, set()) - DERIVABLE)
        seen = tuple(datetime.fromisoformat(text) if text else None for text in (first, last))
        assert seen == actual.dates(pair), pair
    at_once = {(row[0], row[1]): (json.loads(row[2]), *row[3:]) for row in all_rows(conn, names)}
    assert at_once == {pair: (json.loads(row[0]), *row[1:]) for pair, row in view.items()}

"""The index of contacts: how emails, phone numbers and names are folded, and filling and checking the index.

The triggers on people do the same for one person at a time (schema/triggers/contacts_to_read_after_insert.sql).
"""

from __future__ import annotations

import json
import re
import sqlite3
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from .database import any_text

Kind = Literal["email", "phone", "name"]
KINDS: tuple[Kind, ...] = ("email", "phone", "name")
Contact = tuple[str, str]
"""A kind and a folded value."""

_WHITE = " \t\n\r"
_PHONE_NOISE = str.maketrans("", "", " -()./\u00a0\t")
_ASCII_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
# Latin, combining accents, Greek, Cyrillic and Armenian; further Latin and Greek with accents.
_ALPHABETS = (range(0xA0, 0x250), range(0x300, 0x590), range(0x1E00, 0x2000))
_NO_ACCENT_BUT = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "\u0131": "i", "æ": "ae", "œ": "oe"}
_PLAIN_TEXT = re.compile("[^\0\ud800-\udfff]*").fullmatch
_COLUMNS = "id, emails, phone_numbers, aliases, phone_primary, canonical_name, display_name"


def fold_email(text: str) -> str:
    """An email as it is compared: without white space around it, ASCII letters in lower case."""
    return text.translate(_ASCII_LOWER).strip(_WHITE)


def fold_phone(text: str) -> str:
    """A phone number as it is compared: without spaces and punctuation, + for a leading 00; empty if none is left."""
    bare = text.translate(_ASCII_LOWER).translate(_PHONE_NOISE)
    folded = "+" + bare[2:] if bare.startswith("00") else bare
    return "" if folded == "+" else folded


def fold_name(text: str, folds: Callable[[str], str | None]) -> str:
    """A name as it is found: in lower case and without accents. ``folds`` gives a letter's entry in letter_folds."""
    lower = text.translate(_ASCII_LOWER)
    if not lower.isascii():
        lower = "".join(found if (found := folds(letter)) is not None else letter for letter in lower)
    return lower.strip(_WHITE)


def name_folder(conn: sqlite3.Connection) -> Callable[[str], str]:
    """fold_name with the letters of this database, all read at once: for many names."""
    rows = conn.execute("SELECT letter, folded FROM letter_folds WHERE typeof(folded) = 'text'")
    letters: dict[str, str] = dict(rows)
    return lambda text: fold_name(text, letters.get)


def fold(conn: sqlite3.Connection, kind: Kind, text: str) -> str:
    """One value as the index has it."""
    if kind == "email":
        return fold_email(text)
    if kind == "phone":
        return fold_phone(text)

    def look_up(letter: str) -> str | None:
        query = "SELECT folded FROM letter_folds WHERE letter = ? AND typeof(folded) = 'text'"
        row = conn.execute(query, (letter,)).fetchone()
        return row[0] if row else None

    return fold_name(text, look_up)


def letter_folds() -> Iterator[tuple[str, str]]:
    """The rows of letter_folds: every letter beyond ASCII of the alphabets above that does not count as itself."""
    for alphabet in _ALPHABETS:
        for letter in map(chr, alphabet):
            if letter.isalpha() or unicodedata.combining(letter):
                folded = "".join(map(_base, letter.casefold()))
                if folded != letter:
                    yield letter, folded


def _base(letter: str) -> str:
    parts = unicodedata.normalize("NFKD", letter)
    return "".join(_NO_ACCENT_BUT.get(part, part) for part in parts if not unicodedata.combining(part))


def fill_letter_folds(conn: sqlite3.Connection) -> None:
    """Fill letter_folds if it is empty, inside the caller's transaction."""
    if not conn.execute("SELECT 1 FROM letter_folds LIMIT 1").fetchone():
        conn.executemany("INSERT INTO letter_folds (letter, folded) VALUES (?, ?)", letter_folds())


def fill_contacts(conn: sqlite3.Connection) -> None:
    """Fill person_contacts from people, inside the caller's transaction; letter_folds must be filled."""
    conn.execute("DELETE FROM person_contacts")
    # Damaged text is left to the trigger, which takes of it what stands between quotes, now as on every later write.
    damaged = []
    rows: list[tuple[str, str, str]] = []
    factory, conn.text_factory = conn.text_factory, any_text
    try:
        for person_id, contacts in _read_all(conn):
            if contacts is None:
                damaged.append((person_id,))
            else:
                rows += [(kind, value, person_id) for kind, value in contacts]
    finally:
        conn.text_factory = factory
    rows.sort()
    conn.executemany("INSERT INTO person_contacts (kind, value, person_id) VALUES (?, ?, ?)", rows)
    if damaged:
        conn.executemany("INSERT INTO contacts_to_read (person_id) VALUES (?)", damaged)
        conn.execute("DELETE FROM contacts_to_read")


def find_contact_drift(conn: sqlite3.Connection) -> list[str]:
    """The ids of people whose contacts in the index are not those they have, and ids there that no person has.

    Counts nobody whose lists are no JSON arrays of strings: what the index holds of them is no promise.
    """
    indexed: dict[str, set[Contact]] = {}
    for kind, value, person_id in conn.execute("SELECT kind, value, person_id FROM person_contacts"):
        if _is_plain(person_id):
            indexed.setdefault(person_id, set()).add((kind, value))
    drift = []
    for person_id, contacts in _read_all(conn):
        found = indexed.pop(person_id, set())
        if contacts is not None and contacts != found:
            drift.append(person_id)
    return drift + sorted(indexed)


def _read_all(conn: sqlite3.Connection) -> Iterator[tuple[str, set[Contact] | None]]:
    """Every person's id and contacts, in order of the table; None where a column cannot be read.

    Leaves out ids that are no text; the export names those.
    """
    to_name = name_folder(conn)
    for person_id, *columns in conn.execute(f"SELECT {_COLUMNS} FROM people ORDER BY rowid"):
        if _is_plain(person_id):
            yield person_id, _contacts(columns, to_name)


def _is_plain(value: object) -> bool:
    return isinstance(value, str) and _PLAIN_TEXT(value) is not None


def _contacts(columns: list[Any], to_name: Callable[[str], str]) -> set[Contact] | None:
    if any(isinstance(column, bytes) for column in columns):
        return None
    try:
        lists = [[] if text in (None, "", "[]") else json.loads(text) for text in columns[:3]]
    except (ValueError, TypeError, RecursionError):
        return None
    if not all(isinstance(items, list) and all(isinstance(item, str) for item in items) for items in lists):
        return None
    texts = [text for text in (*columns[3:], *(item for items in lists for item in items)) if text is not None]
    if not all(_is_plain(text) for text in texts):
        return None
    phone_primary, *names = columns[3:]
    return contacts_of(lists[0], [*lists[1], phone_primary], [*lists[2], *names], to_name)


def contacts_of(
    emails: Iterable[str | None],
    phones: Iterable[str | None],
    names: Iterable[str | None],
    to_name: Callable[[str], str],
) -> set[Contact]:
    """The contacts that somebody with these has, folded; empty ones left out."""
    folders: tuple[tuple[str, Iterable[str | None], Callable[[str], str]], ...] = (
        ("email", emails, fold_email),
        ("phone", phones, fold_phone),
        ("name", names, to_name),
    )
    folded = {(kind, to_value(text)) for kind, texts, to_value in folders for text in texts if text}
    return {(kind, value) for kind, value in folded if value}

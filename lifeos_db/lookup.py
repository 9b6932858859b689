"""Finding a person by id, the beginning of an id, email, phone number or name: the one way for every command."""

from __future__ import annotations

import json
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .contacts import Kind, fold, fold_phone
from .database import any_text
from .errors import PersonAmbiguous, PersonMerged, PersonNotFound

CANDIDATES_SHOWN = 10
NEAREST_SHOWN = 3
_LAST = "\U0010ffff"


@dataclass(frozen=True)
class Person:
    """Somebody in the table people."""

    id: str
    name: str
    hidden: bool = False

    def __str__(self) -> str:
        return f"{self.name} ({self.id})" if self.name else self.id


def find(conn: sqlite3.Connection, kind: Kind, value: str, *, merged: bool = False) -> list[Person]:
    """The people with this email, phone number or name, in their order; one look-up in an index, no scan.

    Emails and names in any case. A name is the canonical name, the display name or an alias, whole. Hidden people are
    found too; people who were merged and still have a row only if ``merged``.
    """
    rows = conn.execute(
        """SELECT people.id, people.canonical_name, people.hidden, people.display_name, people.aliases
        FROM person_contacts
        CROSS JOIN people ON people.id = person_contacts.person_id
        WHERE person_contacts.kind = ? AND person_contacts.value = ?
            AND (? OR NOT EXISTS (SELECT 1 FROM person_merges WHERE person_merges.merged_id = people.id))
        ORDER BY people.rowid""",
        (kind, fold(conn, kind, value), merged),
    ).fetchall()
    if kind == "name":  # the index has them without accents, which is too wide
        wanted = _same_case(value)
        rows = [row for row in rows if wanted in map(_same_case, _names(row[1], *row[3:]))]
    return [_person(row) for row in rows]


def get(conn: sqlite3.Connection, person_id: str) -> Person | None:
    """The person with exactly this id, merged or not."""
    row = conn.execute("SELECT id, canonical_name, hidden FROM people WHERE id = ?", (person_id,)).fetchone()
    return _person(row) if row else None


def resolve(conn: sqlite3.Connection, text: str) -> Person:
    """The one person that somebody means by ``text``.

    An id counts before an email or phone number, that before a name, that before the beginning of an id. Raises
    PersonMerged for the id of somebody who was merged, PersonAmbiguous where several people are meant, and
    PersonNotFound, with the names that are nearest.
    """
    if merged := _merged(conn, "merged_id = ?", (text,)):
        raise _merged_error(conn, *merged[0])
    if person := get(conn, text):
        return person
    kinds: list[Kind] = ["email", "name"]
    if len(digits := fold_phone(text).lstrip("+")) >= 5 and digits.isdecimal():
        kinds.insert(0, "phone")
    for kind in kinds:
        if found := find(conn, kind, text):
            return _the_one(conn, text, found)
    if text:
        rows = conn.execute(
            """SELECT id, canonical_name, hidden FROM people
            WHERE id >= ? AND id < ? AND id NOT IN (SELECT merged_id FROM person_merges) ORDER BY id""",
            (text, text + _LAST),
        ).fetchall()
        if rows:
            return _the_one(conn, text, [_person(row) for row in rows])
        if len(merged := _merged(conn, "merged_id >= ? AND merged_id < ?", (text, text + _LAST))) == 1:
            raise _merged_error(conn, *merged[0])
    raise PersonNotFound(text, _nearest(conn, text))


def resolve_merged(conn: sqlite3.Connection, text: str) -> str | None:
    """The id of the merged person that is meant by an id or the beginning of one; None where it is nobody's.

    Raises PersonAmbiguous.
    """
    query = "SELECT merged_id FROM {} WHERE merged_id {} UNION SELECT merged_id FROM {} WHERE merged_id {}"
    tables = ("person_merges", "merge_records")
    exact = conn.execute(query.format(tables[0], "= ?1", tables[1], "= ?1"), (text,)).fetchone()
    if exact:
        return str(exact[0])
    if not text or get(conn, text):
        return None
    between = "BETWEEN ?1 AND ?1 || ?2"
    found = conn.execute(query.format(tables[0], between, tables[1], between), (text, _LAST)).fetchall()
    if len(found) > 1:
        shown = [str(row[0]) for row in found[:CANDIDATES_SHOWN]]
        raise PersonAmbiguous(text, len(found), shown)
    return str(found[0][0]) if found else None


def names_beginning_with(conn: sqlite3.Connection, text: str, limit: int) -> list[str]:
    """Names by which people who are neither hidden nor merged can be asked for; in order, each once."""
    begun = fold(conn, "name", text)
    rows = conn.execute(
        """SELECT DISTINCT people.canonical_name
        FROM person_contacts
        CROSS JOIN people ON people.id = person_contacts.person_id
        WHERE person_contacts.kind = 'name' AND person_contacts.value >= ? AND person_contacts.value < ?
            AND people.hidden IS NOT 1 AND people.canonical_name <> ''
            AND people.id NOT IN (SELECT merged_id FROM person_merges)
        LIMIT ?""",
        (begun, begun + _LAST, limit * 2),
    )
    # An alias leads to somebody too, but the name that the line would get is another than the one that was begun.
    return sorted(name for (name,) in rows if fold(conn, "name", name).startswith(begun))[:limit]


def merged_beginning_with(conn: sqlite3.Connection, text: str, limit: int) -> list[str]:
    """The ids of merged people that begin with the text, in order."""
    rows = conn.execute(
        "SELECT merged_id FROM person_merges WHERE merged_id >= ? AND merged_id < ? ORDER BY merged_id LIMIT ?",
        (text, text + _LAST, limit),
    )
    return [row[0] for row in rows]


def describe(conn: sqlite3.Connection, person: Person) -> str:
    """A person in one line, so that they can be told from others of their name."""
    emails, total = conn.execute(
        "SELECT emails, (SELECT count(*) FROM interactions WHERE person_id = people.id) FROM people WHERE id = ?",
        (person.id,),
    ).fetchone()
    parts = [person.id, person.name, *strings(emails)[:2], f"{total:,} interactions"]
    return "  ".join(part for part in parts if part) + ("  (hidden)" if person.hidden else "")


def _person(row: tuple[str, str | None, object]) -> Person:
    return Person(row[0], row[1] or "", bool(row[2]))


def _the_one(conn: sqlite3.Connection, text: str, found: list[Person]) -> Person:
    if len(found) == 1:
        return found[0]
    shown = [describe(conn, person) for person in found[:CANDIDATES_SHOWN]]
    if len(found) > CANDIDATES_SHOWN:
        shown.append(f"and {len(found) - CANDIDATES_SHOWN} more")
    raise PersonAmbiguous(text, len(found), shown)


def _merged(conn: sqlite3.Connection, condition: str, values: tuple[str, ...]) -> list[tuple[str, str]]:
    rows = conn.execute(f"SELECT merged_id, survivor_id FROM person_merges WHERE {condition} LIMIT 2", values)
    return rows.fetchall()


def _merged_error(conn: sqlite3.Connection, person_id: str, survivor_id: str) -> PersonMerged:
    return PersonMerged(person_id, str(get(conn, survivor_id) or survivor_id), survivor_id)


def strings(column: object) -> list[str]:
    """The strings of a list column; none where it is damaged."""
    try:
        items = json.loads(column) if isinstance(column, str) else []
    except (ValueError, RecursionError):
        return []
    return [item for item in items if isinstance(item, str)] if isinstance(items, list) else []


def _names(canonical: str | None, display: str | None, aliases: object) -> Iterable[str]:
    return [name for name in (canonical, display, *strings(aliases)) if isinstance(name, str)]


def _same_case(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).strip()


def _nearest(conn: sqlite3.Connection, text: str) -> list[str]:
    """People whose name, or email, is like the text, the nearest first, at most three; hidden ones say so.

    Names that contain the text come first, then typing errors, then names with a word that is like it. A scan, for an
    error message: 0.3 seconds among 30,000 names.
    """
    conn.text_factory = any_text  # one damaged name must not hide this error behind another
    kind: Kind = "email" if "@" in text else "name"
    wanted = fold(conn, kind, text)
    values = [row[0] for row in conn.execute("SELECT DISTINCT value FROM person_contacts WHERE kind = ?", (kind,))]
    found: dict[str, Person] = {}
    for value in _alike(wanted, values) if wanted else ():
        for row in conn.execute(
            """SELECT id, canonical_name, hidden FROM people
            WHERE id IN (SELECT person_id FROM person_contacts WHERE kind = ? AND value = ?)
                AND id NOT IN (SELECT merged_id FROM person_merges) ORDER BY rowid LIMIT 3""",
            (kind, value),
        ):
            found.setdefault(row[0], _person(row))
        if len(found) >= NEAREST_SHOWN:
            break
    return [describe(conn, person) for person in list(found.values())[:NEAREST_SHOWN]]


def _alike(wanted: str, values: list[str]) -> Iterator[str]:
    """The values that are most like the text, the nearest first; further ones are computed when they are asked for."""
    from difflib import get_close_matches

    # What is much shorter or longer cannot be like it: 2 * shorter / (shorter + longer) is the best there can be.
    length = len(wanted)
    near = [value for value in values if 3 * length <= 7 * len(value) and 3 * len(value) <= 7 * length]
    yield from sorted((value for value in values if wanted in value), key=len)[: NEAREST_SHOWN * 2]
    yield from get_close_matches(wanted, near, n=NEAREST_SHOWN, cutoff=0.6)
    words = {word for value in values for word in value.split() if abs(len(word) - length) <= 3}
    for word in get_close_matches(wanted, words, n=NEAREST_SHOWN, cutoff=0.7):
        yield from [value for value in values if word in value.split()][:NEAREST_SHOWN]

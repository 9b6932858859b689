"""Whatever stands in the files: a correct import or a clear error, and then nothing is changed; never a hang."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from lifeos_db.directory import EXPORT_FILES, MERGES_FILE, PEOPLE_FILE, RELATIONSHIPS_FILE
from lifeos_db.legacy_form import RELATIONSHIP_KEYS
from tests.conftest import snapshot
from tests.prove.frame import Effort, Row
from tests.prove.grounds import Grounds
from tests.prove.warm import Result, Warm

TITLE = "Bad input"
LONGEST = 10.0
"""Seconds of work after which a command hangs, whatever else the machine has to do."""
PATIENCE = 60.0
"""Seconds after which it hangs without doing anything."""
FILES_TRIED = 600
DATABASES_TRIED = 400
HUGE = 100 * 1024 * 1024

ODD_TEXTS = (
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    "a/b\\c",
    "C:\\x",
    "~root",
    "%s%n",
    "{}",
    "$(reboot)",
    "`id`",
    "-rf",
    "--data-dir=/",
    "'; DROP TABLE people; --",
    '"; DELETE FROM interactions; --',
    "' OR 1=1",
    "NULL",
    "[]",
    "\x00",
    "a\x00b",
    "\x1b[31mred\x1b]0;title\x07",
    "\x1b[2J\x1bc",
    "\u202eevil",
    "\u2028",
    "\ufeff",
    "\uffff",
    "\x7f\x9b31m",
    "\ud800",
    "a\udfffb",
    "e\u0301" * 200,
    "\U0001f468\u200d\U0001f469",
    " ",
    "\n",
    "\r\n\t",
    "x" * 70_000,
)
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 7, 2**31, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**400, 1e308, -0.0, 5e-324,
    float("nan"), float("inf"), float("-inf"), "", [], {}, [None], [[]], ["a", 7], [{}], {"a": 1}, {"": None}, [""],
)  # fmt: skip


def prove(effort: Effort) -> Iterator[Row]:
    """A row for the files, one for the databases, one for names on a terminal, one for what is huge."""
    grounds = Grounds(effort.scratch)
    with Warm(effort.scratch) as warm:
        bad = _BadInput(warm, grounds, random.Random(effort.seed), effort)
        yield bad.names()
        yield bad.huge()
        yield from bad.files()
        yield from bad.databases()


class _BadInput:
    def __init__(self, warm: Warm, grounds: Grounds, rng: random.Random, effort: Effort) -> None:
        self.warm = warm
        self.grounds = grounds
        self.rng = rng
        self.effort = effort

    # --- JSON files

    def files(self) -> Iterator[Row]:
        """Mutated people, relationships and merges, given to migrate and to import."""
        edited = self.grounds.ahead("for-import")
        slices = 12  # the databases come after this, and take as long
        for name in EXPORT_FILES:
            for command, start in (("migrate", self.grounds.legacy), ("import", edited)):
                row = Row(f"mutated {name}, {command}")
                original = (start / name).read_bytes()
                number = self.effort.times(FILES_TRIED // 6, least=6)
                mine = self.effort.slice(slices)
                slices -= 1
                while row.tried < number and (mine.left() or not row.tried):
                    row.tried += 1
                    what, content = self._mutated(original)
                    options = ["--skip-bad"] if row.tried % 4 == 0 else []
                    wrong = self._try_file(command, start, name, content, options)
                    if wrong:
                        row.lost.append(f"{what}: {content[:300]!r}\n{wrong}")
                yield row

    def _mutated(self, original: bytes) -> tuple[str, bytes]:
        ways: tuple[Callable[[bytes], bytes], ...] = (
            self._truncated, self._flipped, self._odd_value, self._odd_value, self._odd_text, self._odd_text,
            self._odd_text, self._nested, self._doubled_key, self._spliced, self._doubled_record, self._odd_shape,
        )  # fmt: skip
        way = self.rng.choice(ways)
        return way.__name__.lstrip("_"), way(original)

    def _truncated(self, data: bytes) -> bytes:
        return data[: self.rng.randrange(len(data))]

    def _flipped(self, data: bytes) -> bytes:
        changed = bytearray(data)
        for _ in range(self.rng.choice((1, 1, 2, 20))):
            changed[self.rng.randrange(len(changed))] ^= 1 << self.rng.randrange(8)
        return bytes(changed)

    def _spliced(self, data: bytes) -> bytes:
        one, other = sorted(self.rng.randrange(len(data)) for _ in range(2))
        return data[:one] + self.rng.choice((b"", data[:other], b"\xff\xfe", b"null", b",", b"\x00" * 9)) + data[other:]

    def _odd_value(self, data: bytes) -> bytes:
        return self._with(data, lambda old: self.rng.choice(ODD_VALUES))

    def _odd_text(self, data: bytes) -> bytes:
        text = self.rng.choice(ODD_TEXTS)
        return self._with(data, lambda old: [text] if isinstance(old, list) else text)

    def _nested(self, data: bytes) -> bytes:
        deep: Any = "x"
        for _ in range(self.rng.choice((90, 101, 150, 900))):
            deep = self.rng.choice(([deep], {"a": deep}))
        return self._with(data, lambda old: deep)

    def _doubled_key(self, data: bytes) -> bytes:
        """The same key twice in one object, and a record with the key of another."""
        text = data.decode()
        place = text.find('": ', self.rng.randrange(len(text)))
        start = text.rfind('"', 0, max(place, 0))
        if start < 0:
            return data
        key = text[start : place + 3]
        return f"{text[:start]}{key}{self.rng.choice(('7', 'null', '[]', chr(34) * 2))}, {text[start:]}".encode()

    def _doubled_record(self, data: bytes) -> bytes:
        value = json.loads(data)
        if isinstance(value, list):
            value.append({**self.rng.choice(value), "notes": "the last of one id", "created_at": None})
        else:
            value |= {end: start for start, end in value.items()}  # a cycle
        return json.dumps(value).encode()

    def _odd_shape(self, data: bytes) -> bytes:
        value = json.loads(data)
        shapes = [{}, [], [value], {"people": value}, "text", 7, None, [[]], [None], [{}], {"a": "a"}, {"": ""}]
        return json.dumps(self.rng.choice(shapes)).encode(self.rng.choice(("utf-8", "utf-8-sig", "utf-16")))

    def _with(self, data: bytes, change: Callable[[Any], Any]) -> bytes:
        """One value, or one key, of one record replaced."""
        value = json.loads(data)
        record = self.rng.choice(value) if isinstance(value, list) else value
        key = self.rng.choice([*record, "unheard of"])
        if self.rng.random() < 0.2:
            new = change("")
            record[new if isinstance(new, str) else repr(new)] = record.pop(key, None)
        else:
            record[key] = change(record.get(key))
        return json.dumps(value).encode()

    def _try_file(self, command: str, start: Path, name: str, content: bytes, options: list[str]) -> str:
        """What is wrong, or nothing."""
        directory = self.grounds.copy(start)
        (directory / name).write_bytes(content)
        before = snapshot(directory)
        result = self.warm.run("db", command, "--data-dir", directory, *options, timeout=PATIENCE)
        wrong = _badly_said(result)
        if result.code == 4 and not wrong:
            wrong = _changed(before, snapshot(directory))
        elif result.code == 0 and not wrong:
            wrong = _misread(directory, name, content, command)
            after = self.warm.run("db", "verify", "--deep", "--data-dir", directory, timeout=PATIENCE)
            if after.code != 0:
                wrong += f"verify: exit code {after.code}\n{after.said}"
        shutil.rmtree(directory)
        return wrong and f"{wrong}\n{result.said}"

    # --- databases

    def databases(self) -> Iterator[Row]:
        """Damaged databases, before and after the migration, given to every command."""
        commands: dict[str, tuple[Path, tuple[tuple[str, ...], ...]]] = {
            "legacy": (self.grounds.legacy, (("migrate",), ("migrate", "--dry-run"), ("verify",))),
            "migrated": (
                self.grounds.ahead("for-damage"),
                (
                    ("migrate",), ("verify",), ("verify", "--fix"), ("verify", "--deep"), ("export",), ("import",),
                    ("merge", self.grounds.people[3], "new"), ("show", self.grounds.people[0]), ("duplicates",),
                    ("orphans",), ("orphans", "--delete"), ("hide", "new"), ("unmerge", "new"), ("status",),
                    ("people",), ("people", "a", "--format", "json"), ("show", self.grounds.people[1], "--titles"),
                    ("backup",), ("eject",), ("run", "--", "true"),
                    ("split", "new", "--new", "Other", "--source-type", "gmail"),
                ),
            ),
        }  # fmt: skip
        slices = 6
        for kind, (start, tried) in commands.items():
            for damage in (self._shortened, self._bits_flipped, self._other_schema):
                row = Row(f"{kind} database, {damage.__name__.strip('_').replace('_', ' ')}")
                number = self.effort.times(DATABASES_TRIED // 6, least=4)
                mine = self.effort.slice(slices)
                slices -= 1
                while row.tried < number and (mine.left() or not row.tried):
                    row.tried += 1
                    directory = self.grounds.copy(start)
                    what = damage(directory / "interactions.db")
                    for args in self.rng.sample(tried, min(len(tried), 3)):
                        wrong = self._try_database(directory, args)
                        if wrong:
                            row.lost.append(f"{what}, {' '.join(args)}:\n{wrong}")
                    shutil.rmtree(directory)
                yield row

    def _shortened(self, path: Path) -> str:
        data = path.read_bytes()
        size = self.rng.choice((self.rng.randrange(len(data)), self.rng.randrange(120), len(data) // 4096 // 2 * 4096))
        path.write_bytes(data[:size])
        return f"the first {size} of {len(data)} bytes"

    def _bits_flipped(self, path: Path) -> str:
        data = bytearray(path.read_bytes())
        number = self.rng.choice((1, 1, 10, 500))
        span = self.rng.choice((100, len(data), len(data)))  # sometimes only in the header
        for _ in range(number):
            data[self.rng.randrange(span)] ^= 1 << self.rng.randrange(8)
        if self.rng.random() < 0.2:
            page = self.rng.randrange(len(data) // 4096)
            data[page * 4096 : page * 4096 + 4096] = self.rng.randbytes(4096)
        path.write_bytes(data)
        return f"{number} bits flipped in {span} bytes"

    def _other_schema(self, path: Path) -> str:
        """Another database altogether, or one with a table missing, narrowed, turned into a view, or strange."""
        with closing(sqlite3.connect(path, isolation_level=None)) as conn:
            tables = [row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            table = self.rng.choice([*tables, "interactions"])
            columns = [row[1] for row in conn.execute(f"PRAGMA table_info({table})")]
            statements = self.rng.choice(
                [
                    [f"DROP TABLE {table}"],
                    [f"ALTER TABLE {table} RENAME TO elsewhere"],
                    [f"ALTER TABLE {table} RENAME COLUMN {self.rng.choice(columns)} TO other"],
                    [f"CREATE TABLE copied AS SELECT * FROM {table}", f"DROP TABLE {table}",
                     f"CREATE VIEW {table} AS SELECT * FROM copied"],
                    [f"CREATE TABLE copied AS SELECT * FROM {table}", f"DROP TABLE {table}",
                     f"CREATE TABLE {table} ({', '.join(columns)}, PRIMARY KEY ({columns[0]})) WITHOUT ROWID"],
                    [f"DROP TABLE {table}", f"CREATE TABLE {table} (nothing)"],
                    [f"DELETE FROM {table}"],
                    [f"UPDATE {table} SET {self.rng.choice(columns)} = x'fffe00'"],
                    [f"UPDATE {table} SET {self.rng.choice(columns)} = 9e999"],
                    [f"UPDATE {table} SET {self.rng.choice(columns)} = CAST(x'ff41' AS TEXT) WHERE rowid = 1"],
                    ["PRAGMA user_version = 2147483647"],
                    ["PRAGMA user_version = -5"],
                    ["PRAGMA application_id = 77", "PRAGMA encoding = 'UTF-16'"],
                ]
            )  # fmt: skip
            conn.execute("PRAGMA legacy_alter_table = ON")
            done = []
            for statement in statements:
                try:
                    conn.execute(statement)
                    done.append(statement)
                except sqlite3.Error as error:  # not every mutation is possible; then it is another one
                    done.append(f"-- {statement}: {error}")
        return "; ".join(done)

    def _try_database(self, directory: Path, args: tuple[str, ...]) -> str:
        before, data = _without_log(snapshot(directory)), _data(directory)
        result = self.warm.run("db", args[0], "--data-dir", directory, *args[1:], timeout=PATIENCE)
        codes = (0, 1, 3, 4) if args[0] == "verify" else (0, 4)
        wrong = _badly_said(result, codes)
        done = "not exported yet" in result.err  # in the database, and only that; it says so
        if not wrong and not done and (result.code == 4 or args in (("verify",), ("migrate", "--dry-run"))):
            wrong = _changed(before, _without_log(snapshot(directory)))
            if wrong == "it changed interactions.db" and data == _data(directory):
                wrong = ""  # an export that fails late has noted that it has looked, which is no data
        if not wrong and result.out.startswith("migrated from schema 0"):
            after = self.warm.run("db", "verify", "--deep", "--data-dir", directory, timeout=PATIENCE)
            if after.code != 0:
                wrong = f"verify: exit code {after.code}\n{after.said[:1500]}"
        return wrong and f"{wrong}\n{result.said}"

    # --- names and sizes

    def names(self) -> Row:
        """A name that commands a terminal is shown as what it is, by every command and error that names people."""
        evil = "\x1b[31mred\x1b]0;t\x07\x9b2J\u202e\r"
        row = Row("a name that commands the terminal")
        directory = self.grounds.copy(self.grounds.migrated)
        one, other, *_ = self.grounds.people
        with closing(sqlite3.connect(directory / "interactions.db", isolation_level=None)) as conn:
            conn.execute(
                "UPDATE people SET canonical_name = ?, aliases = ?, company = ?, notes = ?",
                (evil, json.dumps([evil]), evil, evil),
            )
            conn.execute("UPDATE people SET email_count = 99")
            for number, source in enumerate(("gmail", evil)):
                conn.execute(
                    "INSERT INTO interactions (id, person_id, timestamp, source_type, title) VALUES (?, ?, ?, ?, ?)",
                    (f"{evil}{number}", evil, evil, source, evil),
                )
            conn.execute(f'CREATE INDEX "{evil}" ON people (company)')
        for args in (
            ("verify",), ("verify", "--format", "json"), ("verify", "--format", "github"),
            ("verify", "--format", "junit"), ("show", one), ("show", evil), ("duplicates",), ("orphans",),
            ("export", "--check"), ("merge", one, other, "--dry-run"), ("merge", evil, other), ("merge", one, other),
            ("unmerge", other), ("split", one, "--new", evil, "--source-type", "gmail"),
            ("hide", one, "--reason", evil), ("hide", evil), ("verify", "--fix"), ("orphans", evil, "--delete"),
            ("export",), ("verify", "--person", evil), ("migrate", "--owner", evil), ("import", "--dry-run"),
            ("run", "--", evil), ("status",), ("people",), ("people", evil), ("show", one, "--titles"), ("backup",),
            ("people", "--format", "json"), ("backup", f"{directory}/{evil}"), ("eject",),
        ):  # fmt: skip
            row.tried += 1
            try:
                result = self.warm.run("db", args[0], "--data-dir", directory, *args[1:], timeout=PATIENCE)
            except UnicodeError:
                continue
            commanding = {char for char in result.said if not char.isprintable() and char != "\n"}
            wrong = _badly_said(result, (0, 1, 3, 4, 127)) or (f"it prints {sorted(commanding)}" if commanding else "")
            if wrong:
                row.lost.append(f"{args}: {wrong}\n{result.said!r}")
        return row

    def huge(self) -> Row:
        """A string of 100 MB in a file: it is imported whole."""
        row = Row("a string of 100 MB")
        if self.effort.share < 1:
            return Row(row.what, skipped="only in the long form")
        for key in ("notes", "unheard of"):
            row.tried += 1
            directory = self.grounds.copy(self.grounds.legacy)
            records = json.loads((directory / PEOPLE_FILE).read_text())
            records[3][key] = "x" * HUGE
            content = json.dumps(records).encode()
            shutil.rmtree(directory)
            wrong = self._try_file("migrate", self.grounds.legacy, PEOPLE_FILE, content, ["--no-backup"])
            if wrong:
                row.lost.append(f"{key}: {wrong[:3000]}")
        return row


def _badly_said(result: Result, codes: tuple[int, ...] = (0, 4)) -> str:
    """How the program ended as it must not, or nothing."""
    if result.code is None or result.cpu > LONGEST:
        return f"it hangs: {result.cpu:.0f} s of work in {result.seconds:.0f} s"
    if result.code not in codes:
        return f"exit code {result.code}"
    if "Traceback" in result.said or "unexpected " in result.err:
        return "an error that nobody has thought of"
    if result.code == 4 and len([line for line in result.err.splitlines() if line.strip()]) < 2:
        return "an error without a way out"
    return ""


def _changed(before: dict[str, Any], after: dict[str, Any]) -> str:
    names = [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]
    return f"it changed {', '.join(names)}" if names else ""


def _data(directory: Path) -> list[Any] | None:
    """Every row of every table, but for what an export notes when it begins; None where that cannot be read."""
    try:
        with closing(sqlite3.connect(directory / "interactions.db")) as conn:
            conn.text_factory = bytes
            names = [row[0].decode() for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return [
                conn.execute(f'SELECT * FROM "{name}"' + " WHERE key <> 'as_of'" * (name == "settings")).fetchall()
                for name in names
                if name != "export_state"
            ]
    except (sqlite3.Error, UnicodeError):
        return None


def _without_log(files: dict[str, Any]) -> dict[str, Any]:
    """A log beside the database that SQLite itself replays or removes, when anybody opens it, is no change of ours."""
    return {name: value for name, value in files.items() if not name.endswith(("-wal", "-shm", "-journal"))}


def _misread(directory: Path, name: str, content: bytes, command: str) -> str:
    """How what was taken in differs from what the file says, read here without the program's help."""
    if command != "migrate":
        return ""
    text = content.decode("utf-8-sig")
    given = json.loads(text) if text.strip() else None
    found = json.loads((directory / name).read_bytes())
    with closing(sqlite3.connect(directory / "interactions.db")) as conn:
        rejected = conn.execute("SELECT count(*) FROM import_rejects").fetchone()[0]
        people = {row[0] for row in conn.execute("SELECT id FROM people")}
    if name == MERGES_FILE:
        return _misread_merges(given or {}, found, rejected)
    records = [record for record in given or [] if isinstance(record, dict)]
    if name == RELATIONSHIPS_FILE:
        return "" if rejected else _misread_pairs(records, found, people)
    return _misread_people(records, found, rejected)


def _misread_people(given: list[dict[str, Any]], found: list[dict[str, Any]], rejected: int) -> str:
    wanted = {record["id"]: record for record in given if isinstance(record.get("id"), str)}
    shown = {record["id"]: record for record in found}
    if not rejected and shown.keys() != wanted.keys():
        return f"other people: {sorted(shown.keys() ^ wanted.keys())[:5]}"
    for identity, record in shown.items():
        for key, value in wanted[identity].items():
            same = repr(record.get(key)) == repr(value) or (value is None and record.get(key) == 0)
            if not same and key not in COUNTS and key != "sources":
                return f"{identity}, {key}: {record.get(key)!r} for {value!r}"
    return ""


def _misread_merges(given: dict[str, Any], found: dict[str, str], rejected: int) -> str:
    if rejected:
        return ""
    wanted = {}
    for merged in given:
        seen, end = {merged}, given[merged]
        while end in given and end not in seen:
            seen.add(end)
            end = given[end]
        if end not in seen:
            wanted[merged] = end
    return "" if found == wanted else f"other merges: {found} for {wanted}"


def _misread_pairs(given: list[dict[str, Any]], found: list[dict[str, Any]], people: set[str]) -> str:
    """Of pairs of people who are there; the others are kept, but shown to nobody."""
    wanted = {}
    for record in given:
        pair = frozenset((record["person_a_id"], record["person_b_id"]))
        if len(pair) == 2 and pair <= people:
            wanted[pair] = record
    shown = {frozenset((record["person_a_id"], record["person_b_id"])): record for record in found}
    for pair, record in wanted.items():
        for key, value in record.items():
            taken = shown.get(pair, {}).get(key, "nothing")
            if key not in PAIR_DERIVED and not key.startswith("person_") and repr(taken) != repr(value):
                return f"{set(pair)}, {key}: {taken!r} for {value!r}"
    return ""


COUNTS = {"email_count", "meeting_count", "mention_count", "message_count"}
PAIR_DERIVED = {"shared_contexts", "first_seen_together", "last_seen_together", "relationship_type"}
PAIR_DERIVED |= {key.name for key in RELATIONSHIP_KEYS if key.kind == "integer"}

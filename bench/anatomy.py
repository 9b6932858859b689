"""What an insert is made of: the same rows with one part of the people triggers after the other.

python -m bench.anatomy prints microseconds of the processor a row, for bench/notes.md.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median

from .data import FULL, Data
from .inserts import FLOOR, fresh, insert
from .mailbox import interactions

_ROWS, _ROUNDS = 60_000, 5
_CACHES = {"SQLite's own page cache of 2 MB": -2_000, "a page cache of 100 MB": -100_000}
_COUNT = """CREATE TRIGGER counting AFTER INSERT ON interactions
BEGIN UPDATE {place} SET email_count = email_count + 1 WHERE id = NEW.person_id; END"""
_NARROW = """CREATE TABLE narrow AS SELECT id, email_count FROM people;
CREATE UNIQUE INDEX narrow_id ON narrow (id)"""
Change = Callable[[sqlite3.Connection], object]


def _without(conn: sqlite3.Connection, names: str = "%") -> sqlite3.Connection:
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'interactions' AND name LIKE ?"
    for (name,) in conn.execute(query, (names,)).fetchall():
        conn.execute(f"DROP TRIGGER {name}")
    return conn


PARTS: dict[str, Change] = {
    "no triggers": _without,
    "a trigger that does nothing": lambda conn: _without(conn).execute(FLOOR),
    "a count in a table of ids and counts alone": lambda conn: _without(conn).executescript(
        f"{_NARROW};{_COUNT.format(place='narrow')}"
    ),
    "a count in people": lambda conn: _without(conn).execute(_COUNT.format(place="people")),
    "the people triggers without interactions_before_insert": lambda conn: _without(conn, "interactions_before_insert"),
    "the people triggers": lambda conn: None,
}


def main() -> None:
    rows = list(interactions(_ROWS, FULL.people))
    with tempfile.TemporaryDirectory(prefix="lifeos-bench-") as place:
        data = Data(Path(place), FULL)
        found: dict[tuple[str, str], list[float]] = {}
        for _ in range(_ROUNDS):
            for cache, pages in _CACHES.items():
                for part, change in PARTS.items():
                    path = fresh(data, floor=False)["people"]
                    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
                        change(conn)
                    spent = insert(path, rows, "OR IGNORE ", cache=pages).processor
                    found.setdefault((part, cache), []).append(spent / len(rows) * 1e6)
    print(f"| {_ROWS:,} rows, µs a row | {' | '.join(_CACHES)} |\n| --- | --- | --- |")
    for part in PARTS:
        print(f"| {part} | {' | '.join(f'{median(found[part, cache]):.1f}' for cache in _CACHES)} |")


if __name__ == "__main__":
    main()

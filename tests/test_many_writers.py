"""Several programs at once, none of which knows this project: no row lost, no count wrong, nobody locked out."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import lifeos_db
from tests.conftest import PLANTED
from tests.recount import assert_exact

WRITER = """
import random, sqlite3, sys
path, name, people = sys.argv[1], sys.argv[2], sys.argv[3].split(",")
rng = random.Random(name)
conn = sqlite3.connect(path)
columns = "(id, person_id, timestamp, source_type, title)"

def identity():
    return f"{name}-{rng.randrange(400)}"

for batch in range(12):
    sources = rng.choices(["gmail", "sms", "phone"], k=50)
    rows = [(identity(), rng.choice(people), "2025-01-01", source, "t") for source in sources]
    verb = rng.choice(["INSERT OR IGNORE", "INSERT OR REPLACE"])
    conn.executemany(f"{verb} INTO interactions {columns} VALUES (?, ?, ?, ?, ?)", rows)
    conn.execute("DELETE FROM interactions WHERE id = ?", (identity(),))
    conn.execute("UPDATE interactions SET person_id = ? WHERE id = ?", (rng.choice(people), identity()))
    conn.commit()
"""


def test_four_plain_writers_two_exporters_and_a_verifier(migrated: Path) -> None:
    people = ",".join(record["id"] for record in json.loads((migrated / "people_entities.json").read_text())[:9])
    database = str(migrated / "interactions.db")
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, database, f"w{number}", people], stderr=subprocess.PIPE)
        for number in range(4)
    ]
    program = str(Path(sys.executable).with_name("lifeos"))
    others = [
        subprocess.Popen([program, "db", command, "--data-dir", str(migrated)], stderr=subprocess.PIPE, stdout=-3)
        for command in ("export", "verify", "export")
    ]
    for process in writers + others:
        _, error = process.communicate(timeout=60)
        assert process.returncode == 0, error.decode()
    with closing(sqlite3.connect(database)) as conn:
        assert_exact(conn)
        kept = conn.execute("SELECT count(*) FROM interactions WHERE id NOT LIKE 'w%-%'").fetchone()
        assert kept == (PLANTED["interactions"],)
    lifeos_db.export(migrated)
    assert lifeos_db.verify(migrated, deep=True).status == "warn"  # the planted orphans


def test_a_writer_with_its_transaction_open_is_waited_for(migrated: Path) -> None:
    """verify reads beside it; what it commits is counted."""
    with closing(sqlite3.connect(migrated / "interactions.db", isolation_level=None)) as conn:
        conn.execute("BEGIN IMMEDIATE")
        conn.execute("DELETE FROM interactions WHERE source_type = 'gmail'")
        assert lifeos_db.verify(migrated, only=["counts"]).status == "ok"
        assert lifeos_db.check_export(migrated).status == "fresh"
        conn.execute("COMMIT")
        assert lifeos_db.verify(migrated, only=["counts"]).status == "ok"
        assert lifeos_db.check_export(migrated).status == "stale"

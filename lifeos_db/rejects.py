"""Keeping records that could not be imported."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from .directory import utc_now
from .legacy_files import Problem


def set_aside(conn: sqlite3.Connection, problems: Sequence[Problem]) -> int:
    """Write each bad record once, with all its problems, into import_rejects; returns the number of records."""
    rejects: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        rejects.setdefault((problem.file, problem.place), []).append(problem)
    conn.executemany(
        "INSERT INTO import_rejects (file, place, problem, record, rejected_at) VALUES (?, ?, ?, ?, ?)",
        [
            (file, place, "; ".join(problem.text for problem in found), found[0].record, utc_now())
            for (file, place), found in rejects.items()
        ],
    )
    return len(rejects)

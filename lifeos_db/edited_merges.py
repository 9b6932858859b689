"""Taking in an edited map of merged ids."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from .directory import MERGES_FILE, utc_now
from .edits import Edits
from .legacy_files import LegacyFile
from .record_forms import merge_form
from .three_way import Judged, Reading, judge, settle


def take_merges(edits: Edits, file: LegacyFile) -> None:
    """Record the merges of the map; what the database refuses is kept as a conflict. Raises LostRecords."""
    merges: Mapping[str, str] = file.records[0]
    judged = {merged: _judge(edits, merged, survivor) for merged, survivor in merges.items()}
    reading = Reading.of(judged.values())
    edits.refuse_loss(MERGES_FILE, "merge", set(merges), reading)
    for merged, item in judged.items():
        edits.report.stale += item.verdict == "stale"
        if item.verdict in ("same", "stale"):
            continue
        form = merge_form(merges[merged])
        survivor = edits.survivor(merged)
        ours = merge_form(survivor) if survivor else {}
        settled = settle(item.forms, form, ours, reading)
        if settled.taken:
            _record(edits, merged, merges[merged])
        edits.dispute("merge", merged, item, settled, form, ours)
        edits.remember("merge", merged, form, item, reading)


def _judge(edits: Edits, merged: str, survivor: str) -> Judged:
    return judge(edits.conn, "merge", merged, merge_form(survivor), lambda form: form)


def _record(edits: Edits, merged: str, survivor: str) -> None:
    edits.conn.execute("SAVEPOINT one_merge")
    try:
        edits.conn.execute(
            "INSERT INTO person_merges (merged_id, survivor_id, merged_at) VALUES (?, ?, ?) "
            "ON CONFLICT (merged_id) DO UPDATE SET survivor_id = excluded.survivor_id",
            (merged, survivor, utc_now()),
        )
        edits.report.merges_added += 1
    except sqlite3.IntegrityError as error:
        edits.conn.execute("ROLLBACK TO one_merge")
        edits.conflict("merge", merged, "survivor_id", str(error), None, survivor, edits.survivor(merged))
    edits.conn.execute("RELEASE one_merge")

"""Taking in an edited relationships file: what is written down by hand about pairs of people."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from .directory import RELATIONSHIPS_FILE
from .edits import Edits
from .export_form import relationship_keys
from .legacy_files import LegacyFile
from .legacy_form import RELATIONSHIP_KEYS, Json, encode
from .record_forms import DERIVED_CONTEXTS, Form, pair_id, relationship_form
from .record_rows import unknown_keys
from .three_way import Judged, Reading, judge, settle


def take_relationships(edits: Edits, file: LegacyFile) -> None:
    """Take in what was written down about pairs; their counts and dates are nobody's edit. Raises LostRecords."""
    edits.learn_keys("relationship_keys", relationship_keys(edits.conn), file)
    judged, shown = [], set()
    for record in file.records:
        form = relationship_form(record)
        identity = pair_id(record["person_a_id"], record["person_b_id"])
        shown.add(identity)
        item = judge(edits.conn, "relationship", identity, form, lambda same: same)
        if item.verdict != "new" or form:  # a pair that says nothing by hand is nobody's edit
            judged.append((record, identity, form, item))
    reading = Reading.of(item for *_, item in judged)
    edits.refuse_loss(RELATIONSHIPS_FILE, "relationship", shown, reading)
    for record, identity, form, item in judged:
        edits.report.stale += item.verdict == "stale"
        if item.verdict in ("new", "edited"):
            _take(edits, record, identity, form, item, reading)
            edits.remember("relationship", identity, form, item, reading)


def _take(
    edits: Edits, record: Mapping[str, Json], identity: str, form: Form, judged: Judged, reading: Reading
) -> None:
    pair = (record["person_a_id"], record["person_b_id"])
    row = edits.conn.execute(
        "SELECT relationship_type, shared_contexts, is_linkedin_connection, extra FROM relationships "
        "WHERE person_a_id = ? AND person_b_id = ?",
        pair,
    ).fetchone()
    if row is None:
        if judged.verdict == "new":
            _add(edits, record, identity)
        else:
            edits.conflict("relationship", identity, None, "deleted here", None, dict(record), None)
        return
    contexts = json.loads(row[1] or "[]")
    unknown = unknown_keys("relationships", -1, identity, row[3])
    ours = relationship_form(
        {"relationship_type": row[0], "shared_contexts": contexts, "is_linkedin_connection": row[2], **unknown}
    )
    settled = settle(judged.forms, form, ours, reading)
    values: dict[str, Any] = {}
    for key in settled.taken:
        if key == "relationship_type":
            values[key] = record.get(key, "inferred")
        elif key == "shared_contexts":
            own = form.get(key, [])
            derived = [name for name in contexts if name in DERIVED_CONTEXTS]
            values[key] = json.dumps(derived + own, ensure_ascii=False)
        elif key == "is_linkedin_connection":
            values[key] = int(bool(record.get(key)))
        else:
            unknown = {name: value for name, value in unknown.items() if name != key}
            unknown |= {key: record[key]} if key in record else {}
            values["extra"] = json.dumps(unknown) if unknown else None
    if values:
        edits.conn.execute(
            f"UPDATE relationships SET {', '.join(f'{name} = ?' for name in values)} "
            "WHERE person_a_id = ? AND person_b_id = ?",
            (*values.values(), *pair),
        )
        edits.report.relationships_changed += 1
    edits.dispute("relationship", identity, judged, settled, form, ours)


def _add(edits: Edits, record: Mapping[str, Json], identity: str) -> None:
    keys = [key for key in RELATIONSHIP_KEYS if not key.name.endswith(("_count", "_together"))]
    unknown = {name: record[name] for name in record if name not in {key.name for key in RELATIONSHIP_KEYS}}
    columns = [encode(key, record.get(key.name, key.default)) for key in keys]
    try:
        edits.conn.execute(
            f"INSERT INTO relationships ({', '.join(key.name for key in keys)}, extra) "
            f"VALUES ({', '.join('?' * len(keys))}, ?)",
            (*columns, json.dumps(unknown) if unknown else None),
        )
        edits.report.relationships_added += 1
    except sqlite3.IntegrityError as error:
        edits.conflict("relationship", identity, None, str(error), None, dict(record), None)

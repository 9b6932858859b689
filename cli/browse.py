"""``lifeos db browse``"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .common import DataDir, data_dir_of, guarded, say, show


@guarded
def browse(
    ctx: typer.Context,
    data_dir: DataDir = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Only print the address; open no browser.")] = False,
    titles: Annotated[
        bool, typer.Option("--titles", help="Show the titles and snippets of interactions, too.")
    ] = False,
) -> None:
    """Look at the database in a web browser: numbers, charts, people, and SQL that can only read.

    Listens on this machine alone, on a free port, and lets in who opens the printed address, which works once. Runs
    until Ctrl-C or SIGTERM, then exits with 0. Needs: pip install 'lifeos-db\\[browse]'.

    Example: lifeos db browse --no-open
    """
    from lifeos_db.errors import BrowserNotInstalled

    try:
        from lifeos_db.browser.serving import browse as serve
    except ModuleNotFoundError as error:
        raise BrowserNotInstalled(error.name or "datasette") from None

    def ready(address: str) -> None:
        show(address)
        sys.stdout.flush()
        say("stop with Ctrl-C")
        if not no_open:
            import threading
            import webbrowser

            # In a thread of its own: a browser that runs in the terminal would otherwise keep the server from starting.
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    serve(data_dir_of(ctx, data_dir), titles=titles, on_ready=ready)

"""``lifeos db export``"""

from __future__ import annotations

from typing import Annotated

import typer

from .common import DataDir, Timeout, data_dir_of, guarded, say, show

STALE = 1


@guarded
def export(
    ctx: typer.Context,
    data_dir: DataDir = None,
    check: Annotated[bool, typer.Option("--check", help="Only say whether the files are up to date.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that another program changed; keeps a copy in backups/.")
    ] = False,
    timeout: Timeout = 30,
) -> None:
    """Rewrite the JSON files if the database is ahead of them.

    With --check the exit code is 0 when they are up to date and 1 when they are not. A file that another program
    changed since the last export is not overwritten.

    Example: lifeos db export --data-dir ~/lifeos/data
    """
    import lifeos_db

    directory = data_dir_of(ctx, data_dir)
    if check:
        report = lifeos_db.check_export(directory, timeout=timeout)
        for name in report.edited:
            show(f"edited: {name} was changed by another program since the last export")
        for name in report.files:
            if name not in report.edited:
                show(f"stale: the database is ahead of {name}")
        if report.status == "fresh":
            show(f"fresh: the files show revision {report.revision}")
            return
        say(
            "Run 'lifeos db export' to write them."
            if not report.edited
            else "Run 'lifeos db import' to take the changes in."
        )
        raise typer.Exit(STALE)
    report = lifeos_db.export(directory, force=force, timeout=timeout)
    for path in report.kept:
        show(f"kept: {path}")
    if report.status == "fresh":
        show(f"nothing to do: the files show revision {report.revision}")
    elif not report.files:
        show(f"up to date: revision {report.revision} changes no file")
    for name in report.files:
        if report.status == "written":
            show(f"written: {name}")

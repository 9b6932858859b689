"""``lifeos db backup``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .common import DataDir, Timeout, data_dir_of, guarded, progress_on_stderr, show


@guarded
def backup(
    ctx: typer.Context,
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="PATH", help="A new file, or a directory. Default: backups/.", show_default=False, readable=False
        ),
    ] = None,
    data_dir: DataDir = None,
    keep: Annotated[
        int | None,
        typer.Option("--keep", min=1, metavar="N", help="Remove all but the newest N backups of this command there."),
    ] = None,
    timeout: Timeout = 30,
) -> None:
    """Copy interactions.db while other programs write to it, and check the copy.

    The copy is one file, private to you. No file is overwritten.

    Example: lifeos db backup --keep 7
    """
    import lifeos_db

    try:
        with progress_on_stderr() as progress:
            report = lifeos_db.back_up_database(
                data_dir_of(ctx, data_dir), path, keep=keep, timeout=timeout, progress=progress
            )
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--keep") from None
    megabytes = report.size / 1_000_000
    tables = f"{report.tables} table{'s' * (report.tables != 1)}"
    show(f"backed up and checked: {report.interactions:,} interactions, {tables}, {megabytes:.1f} MB")
    show(f"  {report.path}")
    for name in report.removed:
        show(f"  removed {name}")

"""``lifeos db unmerge``"""

from __future__ import annotations

from typing import Annotated

import typer

from .common import DataDir, DryRun, Timeout, data_dir_of, guarded, show
from .completion import complete_merged


@guarded
def unmerge(
    ctx: typer.Context,
    merged: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="The merged person's id, or the beginning of it.",
            show_default=False,
            autocompletion=complete_merged,
        ),
    ],
    data_dir: DataDir = None,
    dry_run: DryRun = False,
    timeout: Timeout = 30,
) -> None:
    """Take a merge back: the person is as they were, with the interactions written under their id since.

    The survivor loses only what the merge gave. What was changed since is named, and the newer value stays.

    Example: lifeos db unmerge 4b0dbb41 --dry-run
    """
    import lifeos_db

    report = lifeos_db.unmerge(data_dir_of(ctx, data_dir), merged, dry_run=dry_run, timeout=timeout)
    if report.status == "nothing":
        show(f"nothing to do: {report.merged} is not merged into anybody")
        return
    show(f"{'would unmerge' if dry_run else 'unmerged'} {report.merged} from {report.survivor}")
    show(f"  interactions   {report.interactions:,} {'go' if dry_run else 'went'} back")
    for sentence in report.kept:
        show(f"  {sentence}")

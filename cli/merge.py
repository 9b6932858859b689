"""``lifeos db merge``"""

from __future__ import annotations

from typing import Annotated

import typer

from .common import DataDir, DryRun, Timeout, command_line, data_dir_of, guarded, show
from .completion import complete_person
from .identity import PERSON_HELP, field_change


@guarded
def merge(
    ctx: typer.Context,
    survivor: Annotated[
        str,
        typer.Argument(metavar="SURVIVOR", help=PERSON_HELP, show_default=False, autocompletion=complete_person),
    ],
    other: Annotated[
        str,
        typer.Argument(
            metavar="OTHER", help="Who is merged into them.", show_default=False, autocompletion=complete_person
        ),
    ],
    data_dir: DataDir = None,
    dry_run: DryRun = False,
    timeout: Timeout = 30,
) -> None:
    """Merge one person into another: interactions, fields and relationships.

    What is written under the other's id later lands on the survivor. 'lifeos db unmerge' takes it back.

    Example: lifeos db merge "Ada Brandt" a.brandt@example.org --dry-run
    """
    import lifeos_db

    directory = data_dir_of(ctx, data_dir)
    report = lifeos_db.merge(directory, survivor, other, dry_run=dry_run, timeout=timeout)
    if report.status == "nothing":
        show(f"nothing to do: {report.merged} is merged into {report.survivor} already")
        return
    show(f"{'would merge' if dry_run else 'merged'} {report.merged} into {report.survivor}")
    show(f"  interactions   {report.interactions:,}")
    show(f"  relationships  {report.relationships:,}")
    for name, (before, after) in report.fields.items():
        show(f"  {field_change(name, before, after)}")
    if not dry_run:
        show(f"  take it back: {command_line(directory, 'unmerge', report.merged.id)}")

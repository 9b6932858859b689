"""``lifeos db orphans``"""

from __future__ import annotations

from typing import Annotated

import typer

from .common import DataDir, Format, Timeout, command_line, data_dir_of, guarded, show, show_json
from .completion import complete_person


@guarded
def orphans(
    ctx: typer.Context,
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[MISSING]...", help="Only those of these ids.", show_default=False)
    ] = None,
    data_dir: DataDir = None,
    assign: Annotated[
        str | None,
        typer.Option("--assign", metavar="PERSON", help="Give them to this person.", autocompletion=complete_person),
    ] = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete them, once they are written to a file in backups/.")
    ] = False,
    format: Format = "text",
    timeout: Timeout = 30,
) -> None:
    """List interactions whose person does not exist, by the missing id; or give them away, or delete them.

    Example: lifeos db orphans 2c6ee24b-0959-4b4b-8a2d-1b3a2f0e5a11 --assign "Ada Brandt"
    """
    import lifeos_db

    if assign is not None and delete:
        raise typer.BadParameter("give one of the two", param_hint="--assign / --delete")
    directory = data_dir_of(ctx, data_dir)
    if assign is not None:
        report = lifeos_db.assign_orphans(directory, assign, ids or (), timeout=timeout)
    elif delete:
        report = lifeos_db.delete_orphans(directory, ids or (), timeout=timeout)
    else:
        report = lifeos_db.orphans(directory, ids or (), timeout=timeout)
    if format == "json":
        show_json(report.to_dict())
        return
    if not report.missing:
        show("no orphans: every interaction has its person")
        return
    for item in report.missing:
        sources = ", ".join(f"{number:,} {source}" for source, number in item.sources.items())
        dates = f"{item.first[:10]} to {item.last[:10]}" if item.first and item.last else "undated"
        show(f"{item.person_id}  {item.interactions:,} interaction(s), {dates}: {sources}")
    if report.assigned:
        show(f"assigned {report.interactions:,} interaction(s) to {report.assigned}")
    elif report.file:
        show(f"deleted {report.interactions:,} interaction(s); they are in {report.file}")
    else:
        show(f"{report.interactions:,} interaction(s) of {len(report.missing):,} missing id(s)")
        show(f"  give them to somebody: {command_line(directory, 'orphans')} --assign PERSON")

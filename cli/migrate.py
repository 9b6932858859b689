"""``lifeos db migrate``"""

from __future__ import annotations

from typing import Annotated

import typer

from .common import DataDir, DryRun, Format, Timeout, data_dir_of, guarded, progress_on_stderr, say, show, show_json
from .completion import complete_person

CORRECTIONS_SHOWN = 5


@guarded
def migrate(
    ctx: typer.Context,
    data_dir: DataDir = None,
    dry_run: DryRun = False,
    no_backup: Annotated[bool, typer.Option("--no-backup", help="Take no backup first.")] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Set bad records aside in the table import_rejects and go on.")
    ] = False,
    owner: Annotated[
        str | None,
        typer.Option(
            "--owner", metavar="ID", help="The CRM's owner, by id, email or name.", autocompletion=complete_person
        ),
    ] = None,
    format: Format = "text",
    timeout: Timeout = 30,
) -> None:
    """Bring a legacy or older data directory to the current schema.

    Imports people, relationships and merges, corrects the counts, installs triggers and views, and writes the JSON
    exports. A full backup comes first; if anything fails, the directory is as it was. Run again, it has nothing to do.

    Example: lifeos db migrate --data-dir ~/lifeos/data --dry-run
    """
    import lifeos_db

    with progress_on_stderr() as progress:
        report = lifeos_db.migrate(
            data_dir_of(ctx, data_dir),
            dry_run=dry_run,
            backup=not no_backup,
            skip_bad=skip_bad,
            owner=owner,
            timeout=timeout,
            progress=progress,
        )
    for warning in report.warnings:
        say(f"warning: {warning}")
    if format == "json":
        show_json(report.to_dict())
        return
    if report.status == "current":
        show(f"nothing to do: schema {report.to_version}, {report.people} people, {report.interactions} interactions")
        return
    if report.healed and report.from_version == report.to_version:
        show(f"{'would heal' if report.status == 'dry-run' else 'healed'} schema {report.to_version}:")
        for detail in report.healed:
            show(f"  {detail}")
    elif report.status == "dry-run":
        show(f"would migrate from schema {report.from_version} to {report.to_version} (nothing was changed)")
    else:
        show(f"migrated from schema {report.from_version} to {report.to_version} in {report.seconds:.1f} s")
    show(f"  people         {report.people:>9,}")
    show(f"  interactions   {report.interactions:>9,}   {report.merged_rows_moved} moved from merged ids")
    show(f"  relationships  {report.relationships:>9,}")
    show(f"  merges         {report.merges:>9,}")
    show(f"  wrong counts   {report.counts_corrected:>9,}   people whose cached counts were not the actual ones")
    for item in report.corrections[:CORRECTIONS_SHOWN]:
        show(f"    {item.name or item.person_id}: {item.counter} {item.cached}, actual {item.actual}")
    if len(report.corrections) > CORRECTIONS_SHOWN:
        show(f"    and {len(report.corrections) - CORRECTIONS_SHOWN} more")
    show(f"  orphans        {report.orphans:>9,}   kept; 'lifeos db verify' names them")
    if report.rejected:
        show(f"  rejected       {report.rejected:>9,}   kept, verbatim, in the table import_rejects")
    if report.backup:
        show(f"  backup         {report.backup}")

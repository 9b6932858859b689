"""``lifeos db eject``"""

from __future__ import annotations

import typer

from .common import DataDir, DryRun, Timeout, command_line, data_dir_of, guarded, progress_on_stderr, show


@guarded
def eject(ctx: typer.Context, data_dir: DataDir = None, dry_run: DryRun = False, timeout: Timeout = 30) -> None:
    """Go back to the legacy form: take everything of lifeos-db out of the database, after a last export.

    Takes in what other programs wrote into the JSON files, exports, keeps a full backup, and drops the tables, views,
    triggers and indexes that migrate has made. Interactions stay as they are. Stop your scripts first.

    Example: lifeos db eject --dry-run
    """
    import lifeos_db

    directory = data_dir_of(ctx, data_dir)
    with progress_on_stderr() as progress:
        report = lifeos_db.eject(directory, dry_run=dry_run, timeout=timeout, progress=progress)
    if report.status == "legacy":
        show("nothing to do: this directory is in the legacy form")
        return
    show("would eject (nothing was changed)" if dry_run else "ejected: the directory is in the legacy form again")
    show(f"  people         {report.people:>9,}   in people_entities.json")
    show(f"  interactions   {report.interactions:>9,}   as they are")
    show(f"  relationships  {report.relationships:>9,}   in relationships.json")
    show(f"  merges         {report.merges:>9,}   in merged_person_ids.json")
    show(f"  taken out      {report.objects:>9,}   tables, views, triggers and indexes of lifeos-db")
    for name in report.edited:
        show(f"  edits of {name} {'come' if dry_run else 'came'} in first: lifeos db import")
    for name in report.foreign:
        show(f"  goes with them: {name}, which stands on them")
    for line in report.only_in_backup:
        show(f"  only in the backup: {line}")
    if report.backup:
        show(f"  backup         {report.backup}")
        show(f"  come back: {command_line(directory, 'migrate')}")

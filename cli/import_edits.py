"""``lifeos db import``"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .common import DataDir, Format, Timeout, data_dir_of, guarded, say, show, show_json

if TYPE_CHECKING:
    from lifeos_db.import_report import ImportReport

SHOWN = 10


@guarded
def import_edits(
    ctx: typer.Context,
    data_dir: DataDir = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be taken in; change nothing.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Take a file that lost more than half of its records at its word.")
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Set bad records aside in the table import_rejects and go on.")
    ] = False,
    format: Format = "text",
    timeout: Timeout = 30,
) -> None:
    """Take in what other programs wrote into the JSON files since the last export, then export.

    Person by person and field by field: what only the file changed is taken, and where both sides changed a field
    differently the database wins and the other value is kept in the table import_conflicts. Old copies, counts and
    derived sources are ignored.

    Example: lifeos db import --data-dir ~/lifeos/data --dry-run
    """
    import lifeos_db

    report = lifeos_db.import_edits(
        data_dir_of(ctx, data_dir), dry_run=dry_run, force=force, skip_bad=skip_bad, timeout=timeout
    )
    for warning in report.warnings:
        say(f"warning: {warning}")
    if format == "json":
        show_json(report.to_dict())
        return
    if report.files:
        for line in import_lines(report):
            show(line)
    else:
        show(f"nothing to import: no file was changed by another program (revision {report.revision})")
    for name in report.exported:
        show(f"written: {name}")


def import_lines(report: ImportReport) -> list[str]:
    """What an import did, in lines for people."""
    verb = "would import" if report.status == "dry-run" else "imported"
    lines = [f"{verb} {', '.join(report.files)}"]
    people = f"{report.people_added} new, {report.people_changed} changed, {report.people_deleted} deleted"
    lines.append(f"  people         {people}")
    if report.merges_added:
        lines.append(f"  merges         {report.merges_added} new")
    if report.relationships_added or report.relationships_changed:
        lines.append(
            f"  relationships  {report.relationships_added} new, {report.relationships_changed} changed by hand"
        )
    if report.stale or report.stale_values:
        fields = f" and {report.stale_values} fields of others" if report.stale_values else ""
        lines.append(f"  old copies     {report.stale}{fields}   as an earlier export had them; ignored")
    if report.rejected:
        lines.append(f"  rejected       {report.rejected}   kept, verbatim, in the table import_rejects")
    if report.kept:
        lines.append(f"  kept           {len(report.kept)}   missing from the file, but not deleted")
        lines += [f"    {item.name or item.id}: {item.reason}" for item in report.kept[:SHOWN]]
        if len(report.kept) > SHOWN:
            lines.append(f"    and {len(report.kept) - SHOWN} more")
    if report.conflicts:
        lines.append(f"  conflicts      {len(report.conflicts)}   the database won; see the table import_conflicts")
        for item in report.conflicts[:SHOWN]:
            what = f"{item.key} {item.theirs!r} not taken, is {item.ours!r}" if item.key else "edit not taken"
            lines.append(f"    {item.kind} {item.id}: {what} ({item.reason})")
        if len(report.conflicts) > SHOWN:
            lines.append(f"    and {len(report.conflicts) - SHOWN} more")
    if report.replaced:
        lines.append(
            f"  replaced       {len(report.replaced)}   maybe unseen by the file's writer; see import_conflicts"
        )
        lines += [f"    {item.kind} {item.id}: {item.key} was {item.ours!r}" for item in report.replaced[:SHOWN]]
        if len(report.replaced) > SHOWN:
            lines.append(f"    and {len(report.replaced) - SHOWN} more")
    return lines

"""``lifeos db run``"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .common import CANNOT, DataDir, Timeout, data_dir_of, guarded, report_failure, say
from .import_edits import import_lines

if TYPE_CHECKING:
    from lifeos_db.running import RunReport

DIRTY = 1


@guarded
def run(
    ctx: typer.Context,
    command: Annotated[list[str], typer.Argument(metavar="COMMAND...", help="What to run, and its arguments.")],
    data_dir: DataDir = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Verify afterwards; what is found gives exit code 1.")
    ] = False,
    timeout: Timeout = 30,
) -> None:
    """Run a sync script as it is, then export, and say on stderr what it changed.

    What legacy programs wrote into the JSON files is taken in before and after. Input, output, signals and exit code
    are the script's; 127 if there is no such command.

    Example: lifeos db run --verify -- python sync_gmail.py --days 3
    """
    from lifeos_db.running import run as run_command

    report = run_command(command, data_dir_of(ctx, data_dir), verify_after=verify, timeout=timeout)
    _tell(command, report)
    for failure in report.failures:
        report_failure(failure)
    if report.code == 0 and report.failures:
        raise typer.Exit(CANNOT)
    if report.code == 0 and report.verified and report.verified.exit_code():
        raise typer.Exit(DIRTY)
    raise typer.Exit(report.code)


def _tell(command: list[str], report: RunReport) -> None:
    changes = report.changes
    if changes is None:
        return
    say(f"lifeos: {command[0]} ended with {report.code} after {report.seconds:.1f} s")
    sources = sorted(changes.added.keys() | changes.removed.keys(), key=str)
    counts = ", ".join(_plus_minus(name, changes.added.get(name, 0), changes.removed.get(name, 0)) for name in sources)
    say(f"  interactions   {counts or 'none added, none removed'}")
    gone = f", {changes.gone} gone" if changes.gone else ""
    say(f"  people         {changes.touched} touched, {changes.new} new{gone}")
    say(f"  orphans        {changes.orphans} new")
    for imported in report.imports:
        if imported.files:
            for line in import_lines(imported):
                say(f"  {line}")
    if written := dict.fromkeys(name for imported in report.imports for name in imported.exported):
        say(f"  written        {', '.join(written)}")
    if report.verified:
        found = [f"{check.name} {check.found}" for check in report.verified.checks if check.found]
        say(f"  verified       {report.verified.status}{': ' if found else ''}{', '.join(found)}")


def _plus_minus(source: str, added: int, removed: int) -> str:
    parts = [f"+{added:,}"] if added else []
    parts += [f"-{removed:,}"] if removed else []
    return f"{source} {' '.join(parts)}"

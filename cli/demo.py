"""``lifeos db demo``"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from .common import guarded, show

DRIFT = 1


@guarded
def demo(
    ctx: typer.Context,
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Leave the data directory here. Default: a temporary one.")
    ] = None,
) -> None:
    """Show the product on made-up data: a legacy directory, migrated, written to by plain SQL, and verified.

    The directory must not exist yet, or be empty.

    Example: lifeos db demo --dir demo-data
    """
    if ctx.obj is not None:
        raise typer.BadParameter(
            "demo makes a directory of its own; name it with --dir behind 'demo'", param_hint="--data-dir"
        )
    if directory is not None:
        with _whole_or_nothing(directory):
            _play(directory)
        show()
        show(f"The directory is yours to play with: lifeos db verify --data-dir {directory}")
        return
    with tempfile.TemporaryDirectory(prefix="lifeos-demo-") as name:
        _play(Path(name))


@contextmanager
def _whole_or_nothing(directory: Path) -> Iterator[None]:
    """Take away what was made in the directory if the demo does not come to its end."""
    import shutil

    from lifeos_db.demo import require_empty

    require_empty(directory)
    was_there = directory.exists()
    try:
        yield
    except BaseException:
        if not was_there:
            shutil.rmtree(directory, ignore_errors=True)
        else:
            for path in directory.iterdir():
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()
        raise


def _play(directory: Path) -> None:
    import subprocess
    import sys

    import lifeos_db
    from lifeos_db.demo import SYNC_SCRIPT, counts_of, write_legacy_directory

    planted = write_legacy_directory(directory)
    show(f"1. A made-up legacy data directory: {planted.people} people, {planted.interactions:,} interactions.")
    show()
    show("2. lifeos db migrate")
    report = lifeos_db.migrate(directory)
    show(f"   {report.counts_corrected} people had wrong counts; they are right now. The first ones:")
    for item in report.corrections[:5]:
        show(f"   {item.name:<16} {item.counter:<8} {item.cached!s:>4}  actual {item.actual:>4}")
    show(f"   {report.merged_rows_moved} rows under a merged id moved to the survivor; {report.orphans} orphans kept.")
    person = report.corrections[0].name or ""
    show()
    show("3. A sync script that only knows sqlite3 runs against it:")
    show()
    for line in SYNC_SCRIPT.splitlines():
        show(f"   | {line}")
    before = counts_of(directory, person)
    sync = [sys.executable, "-c", SYNC_SCRIPT, str(directory / "interactions.db"), person]
    subprocess.run(sync, check=True, capture_output=True)  # where Ctrl-C stops it, its traceback is of no interest
    after = counts_of(directory, person)
    show()
    show(f"   {person:<16} emails  meetings  mentions  messages")
    for label, counts in (("before", before), ("after", after)):
        show("   {:<16} {:>6}  {:>8}  {:>8}  {:>8}".format(label, *counts))
    show()
    show("4. lifeos db export, for programs that still read JSON")
    show(f"   written: {', '.join(lifeos_db.export(directory).files)}")
    show()
    show("5. lifeos db verify")
    verified = lifeos_db.verify(directory)
    for check in verified.checks:
        show(f"   {check.status:<6} {check.name:<14} {check.checked:,} checked, {check.found:,} found")
    if verified.status not in ("ok", "warn"):
        raise typer.Exit(DRIFT)

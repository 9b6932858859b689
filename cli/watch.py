"""``lifeos db watch``"""

from __future__ import annotations

import json
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from .common import DataDir, Format, data_dir_of, guarded, report_failure, say, show
from .import_edits import import_lines
from .streams import reader_gone

if TYPE_CHECKING:
    from lifeos_db.import_report import ImportReport


@guarded
def watch(
    ctx: typer.Context,
    data_dir: DataDir = None,
    debounce: Annotated[
        float, typer.Option("--debounce", min=0, metavar="SECONDS", help="Quiet after a commit before an export.")
    ] = 0.3,
    max_delay: Annotated[
        float,
        typer.Option("--max-delay", min=0, metavar="SECONDS", help="Export after this long though commits go on."),
    ] = 10,
    format: Format = "text",
) -> None:
    """Keep the JSON files fresh while other programs write, and take in what legacy programs write into them.

    Runs until SIGTERM or Ctrl-C, then imports and exports a last time and exits with 0. With --format json each
    import or export is one line of JSON on stdout. What fails is said on stderr and tried again.

    Example: lifeos db watch --data-dir ~/lifeos/data
    """
    import lifeos_db
    from lifeos_db.directory import DataDirectory

    stopped: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, frame: stopped.append(received))

    def tell(report: ImportReport) -> None:
        if format == "json":
            print(json.dumps(report.to_dict()))
        else:
            if report.files:
                for line in import_lines(report):
                    show(line)
            if report.exported:
                show(f"written: {', '.join(report.exported)} (revision {report.revision}, {report.seconds:.2f} s)")
        sys.stdout.flush()

    directory = data_dir_of(ctx, data_dir)
    say(f"watching {DataDirectory.locate(directory).path}; stop with Ctrl-C or SIGTERM")
    lifeos_db.watch(
        directory,
        debounce=debounce,
        max_delay=max_delay,
        stop=lambda: bool(stopped) or reader_gone(),
        on_refresh=tell,
        on_trouble=report_failure,
    )

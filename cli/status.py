"""``lifeos db status``"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import typer

from .common import DataDir, Format, Timeout, data_dir_of, guarded, show_json

if TYPE_CHECKING:
    from lifeos_db.overview import StatusReport

SOURCES_SHOWN = 12
"""Lines for source types; the others are told in one, so that all of it is one screen."""
COLOURS = {"ok": "green", "warn": "yellow", "drift": "red", "schema": "red"}


@guarded
def status(ctx: typer.Context, data_dir: DataDir = None, format: Format = "text", timeout: Timeout = 30) -> None:
    """Show on one screen how the database is, and first of all what to do.

    Exit code 0 whatever it finds; 4 when there is nothing to look at. 'lifeos db verify' looks deeper.

    Example: lifeos db status --data-dir ~/lifeos/data
    """
    import lifeos_db

    report = lifeos_db.status(data_dir_of(ctx, data_dir), timeout=timeout)
    if format == "json":
        show_json(report.to_dict())
    else:
        _draw(report)


def _draw(report: StatusReport) -> None:
    from lifeos_db.database import SQLITE_WITHOUT_FAULT
    from lifeos_db.moments import ago

    from .screen import cell, draw, grid, screen

    console = screen()
    colour = COLOURS[report.status]
    first, *others = [f"{action.problem} -> {action.command}" for action in report.actions] or ["nothing to do"]
    draw(console, cell(f"{report.status}: {first}", f"bold {colour}"), "")

    def moment(instant: str | None) -> str:
        return ago(instant, report.now) if instant else "never"

    table = grid("left", "right", "rest")

    def line(label: str, number: object, note: str = "", style: str = "") -> None:
        shown = "?" if number is None else f"{number:,}" if isinstance(number, int) else str(number)
        table.add_row(cell(label, style), cell(shown, style), cell(note, style))

    owner = f"the owner is {report.owner_name or report.owner_id}" if report.owner_id else "nobody is the owner"
    line("people", report.people, f"{_count(report.hidden)} hidden, {_count(report.merges)} merged; {owner}")
    line("interactions", report.interactions)
    for source in report.sources[:SOURCES_SHOWN]:
        last = f"last {moment(source.last)}" if source.last else "none dated up to now"
        counter = f"counts as {source.counter}" if source.counter else "in no count" if source.known else "unknown type"
        line(f"  {source.source_type}", source.interactions, f"{last}, {counter}")
    if more := report.sources[SOURCES_SHOWN:]:
        line("  others", sum(source.interactions for source in more), f"{len(more):,} source types with less")
    line("wrong counts", report.drift, style="red" if report.drift else "")
    line("orphans", report.orphans, "interactions of people who do not exist" if report.orphans else "")
    line("waiting", _sum(report.conflicts, report.rejects), "conflicts and rejected records of imports")
    line("exports", report.exports, _exports(report, moment))
    wrong = f"{report.schema_problems:,} object(s) are not as they must be; " if report.schema_problems else ""
    triggers = f"{report.triggers} of {report.triggers_expected} triggers ok"
    line("schema", report.schema_version, f"{wrong}{triggers}; migrated {moment(report.last_migration)}")
    backup = (report.last_backup_path or "").removeprefix(f"{report.directory}/")
    line("backup", "", moment(report.last_backup) + (f": {backup}" if backup else ""))
    line("files", _size(sum(report.sizes.values())), _sizes(report.sizes))
    fault = f"can, rarely, damage a WAL database; {SQLITE_WITHOUT_FAULT} cannot" if report.sqlite_fault else ""
    line("SQLite", report.sqlite_version, fault or "no known fault")
    draw(console, table, *(cell(f"also: {other}", "yellow") for other in others))


def _count(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"


def _sum(*numbers: int | None) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _exports(report: StatusReport, moment: Callable[[str | None], str]) -> str:
    """Which files are not fresh, and since which export."""
    parts = []
    for state, what in (("edited", "changed by another program"), ("stale", "the database is ahead")):
        if files := [file for file in report.files if file.state == state]:
            since = moment(min(file.exported_at or "" for file in files) or None)
            parts.append(f"{', '.join(file.file for file in files)}: {what} since the export of {since}")
    return "; ".join(parts) or f"written {moment(report.last_export)}"


def _sizes(sizes: Mapping[str, int]) -> str:
    """The database, its log where it has content, and the JSON files together."""
    exported = sum(size for name, size in sizes.items() if name.endswith(".json"))
    others = [(name, size) for name, size in sizes.items() if not name.endswith(".json")]
    return ", ".join(f"{name} {_size(size)}" for name, size in [*others, ("JSON files", exported)] if size)


def _size(number: int) -> str:
    """Bytes in the unit in which they are read easily."""
    value = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"

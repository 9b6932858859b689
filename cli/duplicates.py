"""``lifeos db duplicates``"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from .common import DataDir, Format, Timeout, command_line, data_dir_of, guarded, show, show_json

if TYPE_CHECKING:
    from lifeos_db.duplicate_pairs import Candidate

SHOWN = 50


@guarded
def duplicates(ctx: typer.Context, data_dir: DataDir = None, format: Format = "text", timeout: Timeout = 30) -> None:
    """List pairs of people who share an email, phone number or name, with the command to merge each.

    The best evidence comes first. The survivor named is the one with more interactions; JSON has every pair.

    Example: lifeos db duplicates --format json
    """
    import lifeos_db

    directory = data_dir_of(ctx, data_dir)
    found = lifeos_db.duplicates(directory, timeout=timeout)
    commands = [command_line(directory, "merge", *pair.arguments) for pair in found]
    if format == "json":
        show_json([pair.to_dict() | {"command": command} for pair, command in zip(found, commands)])
        return
    for pair, command in list(zip(found, commands))[:SHOWN]:
        show(f"{_who(pair.survivor)}  =  {_who(pair.other)}")
        show(f"  {', '.join(f'{kind} {value}' for kind, value in pair.shared)}")
        show(f"  {command}")
    if len(found) > SHOWN:
        show(f"and {len(found) - SHOWN:,} more; --format json lists them all")
    show(f"{len(found):,} pair(s) may be the same person" if found else "no duplicates")


def _who(person: Candidate) -> str:
    return f"{person.name or person.id} ({person.interactions:,} interactions)"

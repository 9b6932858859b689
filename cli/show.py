"""``lifeos db show``"""

from __future__ import annotations

from typing import Annotated

import typer

from .common import DataDir, Format, Timeout, data_dir_of, guarded, show, show_json
from .identity import PersonArgument


@guarded
def show_person(
    ctx: typer.Context,
    person: PersonArgument,
    data_dir: DataDir = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many ties to list.", metavar="N")] = 10,
    format: Format = "text",
    timeout: Timeout = 30,
) -> None:
    """Show a person's strongest ties, with what they share and since when.

    Hidden people are not listed among them.

    Example: lifeos db show "Ada Lovelace" --limit 5
    """
    from lifeos_db.ties import ties_of

    one = ties_of(data_dir_of(ctx, data_dir), person, limit=limit, timeout=timeout)
    if format == "json":
        show_json(one.to_dict())
        return
    show(f"{one.name or one.person_id} ({one.person_id})")
    if not one.ties:
        show("  no ties")
    for tie in one.ties:
        shared = ", ".join(_counted(name, number) for name, number in tie.counts.items() if number)
        shared += ", LinkedIn" * tie.is_linkedin_connection
        show(f"  {tie.edge_weight:>3}  {tie.name or tie.person_id}  {tie.relationship_type}: {shared.lstrip(', ')}")
        if tie.first_seen_together and tie.last_seen_together:
            show(f"       {tie.first_seen_together[:10]} to {tie.last_seen_together[:10]}")
    if one.unlisted:
        show(f"  and {one.unlisted} more")


def _counted(name: str, number: int) -> str:
    """A count in words: 1 event, 2 phone calls."""
    words = name.replace("_", " ")
    return f"{number:,} {words[:-1] if number == 1 and words.endswith('s') else words}"

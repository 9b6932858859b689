"""``lifeos db hide`` and ``lifeos db unhide``"""

from __future__ import annotations

from typing import Annotated

import typer

from .common import DataDir, Timeout, data_dir_of, guarded, show
from .identity import PersonArgument


@guarded
def hide(
    ctx: typer.Context,
    person: PersonArgument,
    data_dir: DataDir = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why, for yourself.")] = None,
    timeout: Timeout = 30,
) -> None:
    """Hide a person: they stay in the database, and their emails and phone numbers make no new person.

    Example: lifeos db hide newsletter@example.org --reason "no human"
    """
    import lifeos_db

    found, changed = lifeos_db.hide(data_dir_of(ctx, data_dir), person, reason=reason, timeout=timeout)
    show(f"hidden: {found}" if changed else f"nothing to do: {found} is hidden already")


@guarded
def unhide(ctx: typer.Context, person: PersonArgument, data_dir: DataDir = None, timeout: Timeout = 30) -> None:
    """Show a hidden person again, and block their emails and phone numbers no more.

    Example: lifeos db unhide newsletter@example.org
    """
    import lifeos_db

    found, changed = lifeos_db.unhide(data_dir_of(ctx, data_dir), person, timeout=timeout)
    show(f"not hidden any more: {found}" if changed else f"nothing to do: {found} is not hidden")

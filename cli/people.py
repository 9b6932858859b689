"""``lifeos db people``"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .common import DataDir, Format, Timeout, data_dir_of, guarded, say, show, show_json

if TYPE_CHECKING:
    from lifeos_db.people_search import PeopleReport

SHOWN = 50


@guarded
def people(
    ctx: typer.Context,
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="Any part of a name, alias, email or phone.", show_default=False)
    ] = "",
    data_dir: DataDir = None,
    sort: Annotated[
        Literal["closeness", "name", "last", "total", "email", "meeting", "mention", "message"],
        typer.Option("--sort", help="What comes first: the closest, latest or most; names from a to z."),
    ] = "closeness",
    not_since: Annotated[
        str | None,
        typer.Option("--not-since", metavar="TIME", help="Only who was not met since: 90d, 12w, 6m, 2y or a date."),
    ] = None,
    category: Annotated[str | None, typer.Option("--category", metavar="C", help="Only of this category.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", metavar="T", help="Only with this tag.")] = None,
    hidden: Annotated[bool, typer.Option("--hidden", help="Hidden people too.")] = False,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, metavar="N", help=f"How many to list. Default: {SHOWN}; in JSON all."),
    ] = None,
    format: Format = "text",
    timeout: Timeout = 30,
) -> None:
    """Search people, with their counts, how close they are to you and when they were last met.

    Without options everybody who is not hidden, the closest first. Accents and case do not matter.

    Example: lifeos db people --not-since 90d --limit 20
    """
    import lifeos_db

    if limit is None and format == "text":
        limit = SHOWN
    try:
        report = lifeos_db.people(
            data_dir_of(ctx, data_dir),
            query,
            order=sort,
            not_since=not_since,
            category=category,
            tag=tag,
            hidden=hidden,
            limit=limit,
            timeout=timeout,
        )
    except UnicodeEncodeError:
        raise
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--not-since") from None
    if report.owner_id is None and sort == "closeness":
        say("nobody is the owner, so nobody is close to anybody: lifeos db migrate --owner ID")
    if format == "json":
        show_json(report.to_dict())
        return
    if not report.people:
        show("nobody")
        return
    _draw(report)
    if more := report.found - len(report.people):
        show(f"and {more:,} more; --limit {report.found} shows them all")


def _draw(report: PeopleReport) -> None:
    from lifeos_db.moments import ago

    from .screen import WIDE, cell, draw, grid, screen

    console = screen()
    room = console.width >= WIDE
    headers = ["name", "email", "meeting", "mention", "message", "total", "close", "last contact", "id"]
    table = grid("rest", *["right"] * 6, "left", *["left"] * room, gap=1)
    table.add_row(*(cell(header, "bold") for header in headers[: 8 + room]))
    for person in report.people:
        numbers = (person.email, person.meeting, person.mention, person.message, person.total, person.closeness)
        table.add_row(
            cell((person.name or person.person_id) + " (hidden)" * person.hidden, cut=True),
            *(cell(_number(number)) for number in numbers),
            cell(ago(person.last_contact, report.now) if person.last_contact else "never"),
            *[cell(person.person_id, "dim")] * room,
        )
    draw(console, table)


def _number(value: object) -> str:
    """A count, or whatever a program put in its place."""
    return f"{value:,}" if isinstance(value, int) else "" if value is None else str(value)

"""``lifeos db split``"""

from __future__ import annotations

from typing import Annotated

import typer

from .common import DataDir, DryRun, Timeout, data_dir_of, guarded, show
from .completion import complete_person
from .identity import PERSON_HELP


@guarded
def split(
    ctx: typer.Context,
    person: Annotated[
        str, typer.Argument(metavar="FROM", help=PERSON_HELP, show_default=False, autocompletion=complete_person)
    ],
    data_dir: DataDir = None,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="ID", help="Who gets them.", autocompletion=complete_person),
    ] = None,
    new: Annotated[str | None, typer.Option("--new", metavar="NAME", help="The name of a new person.")] = None,
    source_type: Annotated[
        list[str] | None, typer.Option("--source-type", metavar="T", help="Interactions of this source type.")
    ] = None,
    source_id: Annotated[
        list[str] | None,
        typer.Option("--source-id", metavar="S", help="Interactions of this source id; of --source-type, if given."),
    ] = None,
    interaction: Annotated[
        list[str] | None, typer.Option("--interaction", metavar="ID", help="The interaction with this id.")
    ] = None,
    email: Annotated[list[str] | None, typer.Option("--email", metavar="E", help="This email.")] = None,
    phone: Annotated[list[str] | None, typer.Option("--phone", metavar="P", help="This phone number.")] = None,
    dry_run: DryRun = False,
    timeout: Timeout = 30,
) -> None:
    """Move some interactions and contact points to another person, or to a new one; everything else stays.

    Each option can be given several times.

    Example: lifeos db split "Ada Brandt" --new "Ada Costa" --source-type slack --email costa@example.org
    """
    import lifeos_db
    from lifeos_db.splitting import Selection

    selection = Selection(source_type or (), source_id or (), interaction or (), email or (), phone or ())
    try:
        report = lifeos_db.split(
            data_dir_of(ctx, data_dir), person, selection, to=to, new=new, dry_run=dry_run, timeout=timeout
        )
    except ValueError as error:
        hint = "--to / --new" if (to is None) == (new is None) else "--source-type / --interaction / --email / ..."
        raise typer.BadParameter(str(error), param_hint=hint) from None
    target = report.target.name if report.created else str(report.target)
    if report.status == "nothing":
        show(f"nothing to do: {report.person} has nothing of this any more")
        return
    whom = f"a new person, {target}" if report.created else target
    show(f"{'would split' if dry_run else 'split'} {report.person}: to {whom}")
    if report.created and not dry_run:
        show(f"  new id         {report.target.id}")
    show(f"  interactions   {report.interactions:,}")
    for name, values in (("emails", report.emails), ("phone numbers", report.phones)):
        if values:
            show(f"  {name:<15}{', '.join(values)}")

"""The program's commands, by name. A command's module is imported when it is asked for, and its work when it runs, so
that the program starts fast."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Annotated

import typer

from .common import CANNOT, DataDir, say
from .streams import take_streams

COMMANDS = {
    "migrate": "migrate.migrate",
    "verify": "verify.verify",
    "export": "export.export",
    "watch": "watch.watch",
    "status": "status.status",
    "people": "people.people",
    "show": "show.show_person",
    "browse": "browse.browse",
    "merge": "merge.merge",
    "unmerge": "unmerge.unmerge",
    "split": "split.split",
    "hide": "hide.hide",
    "unhide": "hide.unhide",
    "orphans": "orphans.orphans",
    "duplicates": "duplicates.duplicates",
    "backup": "backup.backup",
    "eject": "eject.eject",
    "run": "run.run",
    "import": "import_edits.import_edits",
    "demo": "demo.demo",
}
"""Of ``lifeos db``, in the order of its --help: where each one's function is."""

app = typer.Typer(
    name="lifeos",
    help="Your personal CRM's database, kept right by SQLite itself.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
db = typer.Typer(help="Migrate, export and verify interactions.db, and say who is who.", no_args_is_help=True)
app.add_typer(db, name="db")


def _version(wanted: bool) -> None:
    if wanted:
        import sqlite3

        from lifeos_db import __version__
        from lifeos_db.schema_objects import SCHEMA_VERSION

        print(f"lifeos-db {__version__}, schema {SCHEMA_VERSION}, SQLite {sqlite3.sqlite_version}")
        raise typer.Exit


@app.callback()
def lifeos(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the versions and exit.")
    ] = False,
) -> None:
    """Your personal CRM's database, kept right by SQLite itself."""


@db.callback()
def db_options(ctx: typer.Context, data_dir: DataDir = None) -> None:
    """Migrate, export and verify interactions.db, and say who is who."""
    ctx.obj = data_dir


def load(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """The program with these of its commands."""
    db.registered_commands = []
    for name in names:
        module, function = COMMANDS[name].split(".")
        # What stands behind the command that ``run`` is given belongs to that command.
        settings = {"allow_interspersed_args": False} if name == "run" else None
        db.command(name, context_settings=settings)(getattr(import_module(f".{module}", __package__), function))
    return app


def _asked(arguments: list[str]) -> Iterable[str]:
    """The command that is asked for, where one is plainly; else all: making all of them takes longer than most take."""
    if arguments == ["--version"]:
        return ()
    group, rest = arguments[:1], arguments[1:]
    if rest[:1] == ["--data-dir"]:
        rest = rest[2:]
    return rest[:1] if group == ["db"] and rest and rest[0] in COMMANDS else COMMANDS


def main() -> None:
    """The entry point of the installed program."""
    program = load(_asked(sys.argv[1:]))
    output = take_streams()
    try:
        program()
    finally:
        sys.stdout.flush()
        if output.failure:
            say(f"lifeos: standard output: {output.failure.strerror}")
            say("The command came to its end; what it said is lost.")
            sys.exit(CANNOT)

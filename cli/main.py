"""The program's commands, by name. Each one's work is imported when it runs, so that the program starts fast."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from .backup import backup
from .browse import browse
from .common import DataDir
from .demo import demo
from .duplicates import duplicates
from .eject import eject
from .export import export
from .hide import hide, unhide
from .import_edits import import_edits
from .merge import merge
from .migrate import migrate
from .orphans import orphans
from .people import people
from .run import run
from .show import show_person
from .split import split
from .status import status
from .unmerge import unmerge
from .verify import verify
from .watch import watch

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


for command in (
    migrate,
    verify,
    export,
    watch,
    status,
    people,
    show_person,
    browse,
    merge,
    unmerge,
    split,
    hide,
    unhide,
    orphans,
    duplicates,
    backup,
    eject,
):
    db.command(command.__name__.removesuffix("_person"))(command)
# What stands behind the command belongs to the command.
db.command("run", context_settings={"allow_interspersed_args": False})(run)
db.command("import")(import_edits)
db.command("demo")(demo)


def _leave_out(arguments: list[str]) -> None:
    """Forget the commands that are not asked for, where one is plainly: building all of them takes longer than most."""
    if arguments == ["--version"]:
        db.registered_commands = []
    elif arguments[:1] == ["db"]:
        asked = [command for command in db.registered_commands if [command.name] == arguments[1:2]]
        db.registered_commands = asked or db.registered_commands


def main() -> None:
    """The entry point of the installed program."""
    _leave_out(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name must not stop a report on an ASCII terminal
    app()

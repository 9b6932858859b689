"""What the shell offers when a name is begun: people and checks. Only reads, says nothing, and fails silently."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    import sqlite3

SHOWN = 100
"""Names offered at most: more than that nobody reads, and the shell waits for them."""
PATIENCE = 0.2
"""Seconds to wait for a lock: who presses Tab does not want to wait at all."""
Completer = Callable[[typer.Context, str], list[str]]


class Offered(str):
    """A completion as it must stand on the line. Typer drops what does not begin with what was typed, letter by letter;
    a name that is found in another case, without its accents, or that needs a backslash, is right all the same."""

    def startswith(self, *_: object) -> bool:
        return True


def silent(complete: Completer) -> Completer:
    """Nothing to offer where anything goes wrong: an error would land in the middle of the line being typed."""

    @wraps(complete)
    def quiet(ctx: typer.Context, incomplete: str) -> list[str]:
        try:
            return complete(ctx, incomplete)
        except Exception:
            return []

    return quiet


@silent
def complete_person(ctx: typer.Context, incomplete: str) -> list[str]:
    """The names of people that begin like this, in any case and with or without accents."""
    from lifeos_db.lookup import names_beginning_with

    return _ask(ctx, lambda conn: names_beginning_with(conn, incomplete, SHOWN))


@silent
def complete_merged(ctx: typer.Context, incomplete: str) -> list[str]:
    """The ids of merged people that begin like this."""
    from lifeos_db.lookup import merged_beginning_with

    return _ask(ctx, lambda conn: merged_beginning_with(conn, incomplete, SHOWN))


@silent
def complete_checks(ctx: typer.Context, incomplete: str) -> list[str]:
    """The names of checks, behind those that stand in the list already."""
    from lifeos_db.verification import CHECKS

    *before, begun = incomplete.split(",")
    return [",".join([*before, name]) for name in CHECKS if name.startswith(begun) and name not in before]


def _ask(ctx: typer.Context, question: Callable[[sqlite3.Connection], list[str]]) -> list[str]:
    from contextlib import closing

    from lifeos_db.database import any_text, open_reader
    from lifeos_db.directory import DataDirectory

    path = DataDirectory.locate(_data_dir(ctx)).existing_database()
    with closing(open_reader(path, PATIENCE)) as conn:
        conn.text_factory = any_text
        return [_for_shell(name) for name in question(conn) if name.isprintable()]


def _data_dir(ctx: typer.Context) -> Path | None:
    """The --data-dir on the line, before the command's name or behind it."""
    for place in (ctx, ctx.parent):
        if place is not None and (given := place.params.get("data_dir")):
            return Path(given)
    return None


def _for_shell(name: str) -> Offered:
    """A name as it must stand on the line. bash takes what it is given as it is; other shells quote by themselves."""
    if os.environ.get("_LIFEOS_COMPLETE") != "complete_bash":
        return Offered(name)
    words = os.environ.get("COMP_WORDS", "").split("\n")
    place = int(os.environ.get("COMP_CWORD", "0"))
    if place < len(words) and words[place][:1] in ("'", '"'):  # the quote is there already
        return Offered(name)
    return Offered(re.sub(r"([^\w@%+=:,./-])", r"\\\1", name))

"""What every command shares: its common options, how it fails, and how it shows progress."""

from __future__ import annotations

import functools
import json
import math
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, ParamSpec, TypeVar

import typer

P = ParamSpec("P")
R = TypeVar("R")

USAGE = 2
"""Exit code: called in the wrong way."""
CANNOT = 4
"""Exit code: could not do it."""


def _directory(name: str) -> Path:
    if not name:
        say("lifeos: --data-dir is empty")
        say("Name a directory; a variable in your script may have no value.")
        raise typer.Exit(USAGE)
    return Path(name)


DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        parser=_directory,
        metavar="<path>",
        help="The LifeOS data directory. Default: $LIFEOS_DATA_DIR, else ./data.",
        show_default=False,
    ),
]


def _number(value: float) -> float:
    if math.isnan(value):
        raise typer.BadParameter("it is not a number")
    return value


Timeout = Annotated[
    float,
    typer.Option(
        "--timeout",
        min=0,
        callback=_number,
        help="Seconds to wait for another program's lock.",
        metavar="SECONDS",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")]
TextOrJson = Literal["text", "json"]
Format = Annotated[TextOrJson, typer.Option("--format", help="How to show the result.")]


def say(text: str = "") -> None:
    """A message for people, on stderr."""
    print(harmless(text), file=sys.stderr)


def show(text: str = "") -> None:
    """A line of the result, on stdout."""
    print(harmless(text))


def show_json(value: Any) -> None:
    """The result for machines, on stdout: one JSON document, ASCII, indent 2."""
    print(json.dumps(value, indent=2))


def harmless(text: str) -> str:
    """Text from the data without control characters, so that a name cannot command the terminal."""
    return "".join(char if char.isprintable() or char == " " else ascii(char)[1:-1] for char in text)


def report_failure(error: BaseException) -> None:
    """Say what failed and what to do, one line each, after any details."""
    for detail in getattr(error, "details", ()):
        say(f"  {detail}")
    say(f"lifeos: {error}")
    say(str(getattr(error, "hint", "")))


def guarded(command: Callable[P, R]) -> Callable[P, R]:
    """Let a command end with an exit code and two lines of text, whatever happens in it."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        from lifeos_db import LifeosError

        try:
            return command(*args, **kwargs)
        except LifeosError as error:
            report_failure(error)
            raise typer.Exit(CANNOT) from None
        except UnicodeEncodeError:
            from lifeos_db.database import is_utf8

            if not all(map(is_utf8, sys.argv)):
                say("lifeos: an argument is not valid text")
                say("Write it in the encoding of your terminal.")
                raise typer.Exit(USAGE) from None
            say("lifeos: a text in the database is not UTF-8")
            say("Correct what another program wrote there, then run the command again.")
            raise typer.Exit(CANNOT) from None
        except (typer.Exit, typer.BadParameter):
            raise
        except Exception as error:
            where = error.__traceback__
            while where is not None and where.tb_next is not None:
                where = where.tb_next
            place = f"{Path(where.tb_frame.f_code.co_filename).name}:{where.tb_lineno}" if where else "?"
            say(f"lifeos: unexpected {type(error).__name__} at {place}: {error}")
            say(
                "This is a fault of lifeos-db; please report it with the command you ran. "
                "'lifeos db verify' says whether the data is sound."
            )
            raise typer.Exit(CANNOT) from None

    return run


def data_dir_of(ctx: typer.Context, given: Path | None) -> Path | None:
    """The command's --data-dir, else the one given before the command's name."""
    return given if given is not None else ctx.obj


def command_line(data_dir: Path | None, command: str, *arguments: str) -> str:
    """A command that can be pasted into a shell, for the same data directory."""
    words = ["lifeos", "db", command]
    if data_dir is not None:
        words += ["--data-dir", str(data_dir)]
    if any(argument.startswith("-") for argument in arguments):
        words.append("--")
    return shlex.join([*words, *arguments])


@contextmanager
def progress_on_stderr() -> Iterator[Callable[[str, int, int], None] | None]:
    """A progress bar that appears when the work takes more than a second; none where stderr is not a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from threading import Timer

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True
    )
    tasks: dict[str, TaskID] = {}

    def report(phase: str, done: int, total: int) -> None:
        if phase not in tasks:
            for task in tasks.values():
                bar.update(task, total=1, completed=1)
            tasks[phase] = bar.add_task(phase, total=total or None)
        bar.update(tasks[phase], completed=done, total=total or None)

    timer = Timer(1, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield report
    finally:
        timer.cancel()
        timer.join()
        if bar.live.is_started:
            bar.stop()

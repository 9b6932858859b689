"""Print docs/cli.md: what every command says of itself, and the promises that scripts rely on.

Run by ``make docs/cli.md``; a test holds the page against it.
"""

from __future__ import annotations

from pathlib import Path

from lifeos_db.cli.main import COMMANDS, load
from typer.testing import CliRunner

PROMISES = Path(__file__).with_name("cli-promises.md")


def main() -> None:
    """Ask the program for its help, command by command, in its own order."""
    print("# Commands\n")
    print("Generated from the program by `make docs/cli.md`; do not edit.\n")
    program = CliRunner(env={"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"})
    for words in ((), ("db",), *(("db", command) for command in COMMANDS)):
        help_text = program.invoke(load(), [*words, "--help"], prog_name="lifeos").stdout
        lines = [line.rstrip() for line in help_text.strip("\n").splitlines()]
        print(f"## {' '.join(('lifeos', *words))}\n\n```text\n" + "\n".join(lines) + "\n```\n")
    print(PROMISES.read_text().rstrip())


if __name__ == "__main__":
    main()

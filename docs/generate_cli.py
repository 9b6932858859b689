"""Print docs/cli.md: what every command says of itself, and the promises that scripts rely on.

Run by ``make docs/cli.md``; a test holds the page against it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

COMMANDS = (
    "migrate",
    "verify",
    "export",
    "watch",
    "run",
    "import",
    "status",
    "people",
    "show",
    "browse",
    "merge",
    "unmerge",
    "split",
    "hide",
    "unhide",
    "orphans",
    "duplicates",
    "backup",
    "eject",
    "demo",
)
PROMISES = Path(__file__).with_name("cli-promises.md")


def main() -> None:
    """Ask the installed program for its help, command by command."""
    print("# Commands\n")
    print("Generated from the program by `make docs/cli.md`; do not edit.\n")
    for words in ((), ("db",), *(("db", command) for command in COMMANDS)):
        name = " ".join(("lifeos", *words))
        help_text = subprocess.run(
            [str(Path(sys.executable).with_name("lifeos")), *words, "--help"],
            capture_output=True,
            text=True,
            check=True,
            env={"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "PATH": ""},
        ).stdout
        lines = [line.rstrip() for line in help_text.strip("\n").splitlines()]
        print(f"## {name}\n\n```text\n" + "\n".join(lines) + "\n```\n")
    print(PROMISES.read_text().rstrip())


if __name__ == "__main__":
    main()

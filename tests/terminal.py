"""A pseudo-terminal of a given width, in which the installed program runs as for somebody who sits there."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import unicodedata
from pathlib import Path

_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def on_terminal(columns: int, *args: object, **env: str) -> str:
    """What the program writes to a terminal of 24 lines and so many columns. Bounded in time."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("lifeos")), *map(str, args)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**kept, "TERM": "xterm-256color", "PYTHONUTF8": "1", **env},
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # what Linux answers when the other end has closed
        pass
    process.wait(timeout=60)
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


def without_colour(text: str) -> str:
    return _ESCAPE.sub("", text)


def columns_of(line: str) -> int:
    """How many columns a line takes: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line
    )


def widest(text: str) -> int:
    return max(map(columns_of, without_colour(text).splitlines()))

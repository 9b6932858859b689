"""Drawing for people: tables, bars and sparklines, in colour on a terminal, as plain whole lines elsewhere.

Whatever comes from the data goes through ``cell``, so that a name can neither command the terminal nor be taken for
markup. On a terminal lines fit its width; elsewhere nothing is cut, wrapped or padded at the end.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .common import harmless

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

_NO_END = 100_000
"""Columns where there is no terminal: more than any line has."""
WIDE = 120
"""Columns from which on there is room for what can be left out."""
_BAR = "▏▎▍▌▋▊▉█"
_SPARKS = "▁▂▃▄▅▆▇█"
_PLAIN_SPARKS = ".:-=+*#@"


def screen() -> Console:
    """Standard output as rich draws on it. Colour only on a terminal, and not where NO_COLOR is set."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    coloured = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Console(
        force_terminal=terminal,
        color_system="auto" if coloured else None,
        width=None if terminal else _NO_END,
        highlight=False,
        markup=False,
        emoji=False,
    )


def draw(console: Console, *parts: RenderableType) -> None:
    """Print the parts below each other."""
    for part in parts:
        if console.is_terminal:
            console.print(part)
            continue
        with console.capture() as captured:
            console.print(part)
        for line in captured.get().splitlines():
            print(line.rstrip())


def cell(text: object, style: str = "", *, cut: bool = False) -> Text:
    """Text from the data; ``cut`` shortens it with an ellipsis where it does not fit, instead of wrapping it."""
    from rich.text import Text

    return Text(harmless(str(text)), style, no_wrap=cut or None, overflow="ellipsis" if cut else "fold")


def grid(*columns: str, gap: int = 2) -> Table:
    """A table without lines. Each column is ``left``, ``right``, or ``rest``, which takes what room is left."""
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, gap, 0, 0), pad_edge=False)
    for column in columns:
        table.add_column(justify="right" if column == "right" else "left", no_wrap=column != "rest", overflow="fold")
    return table


def bar(number: int, largest: int, width: int) -> str:
    """A bar of at most ``width`` columns; whatever is not 0 is seen."""
    eighths = max(round(number / largest * width * 8), 1) if number > 0 else 0
    if not _can_draw(_BAR):
        return "#" * -(-eighths // 8)
    whole, part = divmod(eighths, 8)
    return "█" * whole + (_BAR[part - 1] if part else "")


def sparkline(numbers: Sequence[int]) -> str:
    """One character a number, the highest for the largest; 0 is empty."""
    levels = _SPARKS if _can_draw(_SPARKS) else _PLAIN_SPARKS
    largest = max(numbers, default=0)
    return "".join(levels[-(-number * 8 // largest) - 1] if number > 0 else " " for number in numbers)


def _can_draw(characters: str) -> bool:
    try:
        characters.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True

"""What a part of the proof is, and how one is run.

A part is a module of this package named ``part_<number>_<name>``, with a ``TITLE`` (a word or two) and a function
``prove(effort: Effort) -> Iterable[Row]``. The same function is the long form, in `make prove`, and the short one, in
the test suite: the effort says how often each thing is tried. A part finds nothing by looking at a clock: what it tries
follows from the effort's seed and share, and the time limit only ends it early on a machine that is too slow.
"""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, cast

import tests.prove


@dataclass
class Row:
    """One line of the table: what was tried, how many times, and what was lost, each loss in a text of its own."""

    what: str
    tried: int = 0
    lost: list[str] = field(default_factory=list)
    skipped: str = ""
    """Why it was not tried at all, where the machine lacks what it needs."""

    def failed(self) -> bool:
        """Whether this row is no proof: something was lost, or nothing was tried and nobody says why."""
        return bool(self.lost) or not (self.tried or self.skipped)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Effort:
    """How hard to try: a share of the full number of times, from this seed, in a directory that is removed after."""

    share: float
    seed: int
    scratch: Path
    ends: float
    """On the clock of time.monotonic()."""

    def times(self, full: int, least: int = 1) -> int:
        """How often to try what `make prove` tries ``full`` times."""
        return max(least, round(full * self.share))

    def slice(self, parts: int) -> Effort:
        """The same effort with one of so many equal parts of the time that is left."""
        return replace(self, ends=time.monotonic() + self.left() / parts)

    def left(self) -> float:
        """The seconds left; a part stops trying when there are none, and says how far it came."""
        return max(0.0, self.ends - time.monotonic())


class Part(Protocol):
    """A module of this package, as the runner sees it."""

    TITLE: str

    def prove(self, effort: Effort) -> Iterable[Row]: ...


FULL_SECONDS = 400.0
"""The most that a part may take in `make prove`, where two run at a time."""
SHORT_SHARE = 0.02
SHORT_SECONDS = 30.0


def names() -> list[str]:
    """The parts there are, in order."""
    return sorted(module.name for module in pkgutil.iter_modules(tests.prove.__path__) if module.name[:5] == "part_")


def load(name: str) -> Part:
    """The part of that name."""
    return cast(Part, importlib.import_module(f"tests.prove.{name}"))


def run(name: str, share: float, seed: int, seconds: float, scratch: Path) -> Iterable[Row]:
    """Run one part here, its rows as they come; ``scratch`` is an empty directory."""
    return load(name).prove(Effort(share, seed, scratch, time.monotonic() + seconds))

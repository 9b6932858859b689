"""Costs, and figures made of them: a product measured against its reference, in turn, in one run."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Literal

Unit = Literal["x", "x faster", "ms", "MB"]


@dataclass(frozen=True)
class Cost:
    """Seconds of the clock and of the processor; ``memory`` is the peak of a whole process in megabytes."""

    elapsed: float
    processor: float
    memory: float = 0.0


@dataclass
class Figure:
    """One line of the table: a median against its limit; without a limit it is there to be read.

    ``unit`` says how it is judged: ``x`` is product / reference, at most the limit; ``x faster`` is reference /
    product, at least the limit; ``ms`` and ``MB`` are at most the limit.
    """

    what: str
    reference: str
    limit: float | None
    unit: Unit = "x"
    values: list[float] = field(default_factory=list)
    """By processor time, which other programs on the machine disturb least."""
    elapsed: list[float] = field(default_factory=list)
    """The same by the clock."""
    seconds: list[tuple[float, float]] = field(default_factory=list)
    """Processor seconds of the product and of the reference, for the table."""

    def add(self, product: Cost, reference: Cost) -> None:
        """One round of a ratio."""
        pairs = [(product.processor, reference.processor), (product.elapsed, reference.elapsed)]
        for values, (ours, theirs) in zip((self.values, self.elapsed), pairs):
            values.append(theirs / ours if self.unit == "x faster" else ours / theirs)
        self.seconds.append((product.processor, reference.processor))

    @property
    def value(self) -> float:
        return median(self.values)

    @property
    def reached(self) -> bool | None:
        """None where there is no limit."""
        if self.limit is None:
            return None
        return self.value >= self.limit if self.unit == "x faster" else self.value <= self.limit


def spent(action: Callable[[], object]) -> Cost:
    """What an action costs in this process."""
    gc.collect()
    started, processor = time.perf_counter(), time.process_time()
    action()
    return Cost(time.perf_counter() - started, time.process_time() - processor)


def program(command: Sequence[str | Path]) -> Cost:
    """What a whole process costs, from its start to its end. Raises RuntimeError where it fails."""
    launcher = [sys.executable, "-S", "-E", "-c", _LAUNCHER, *map(str, command)]
    answer = subprocess.run(launcher, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    code, elapsed, processor, memory = int(answer[0]), *map(float, answer[1:])
    if code not in (0, 1):  # 1: looked, and found differences
        raise RuntimeError(f"{' '.join(map(str, command))}: exit code {code}")
    return Cost(elapsed, processor, memory)


def lifeos(*arguments: str | Path) -> Cost:
    """What a command of the installed program costs."""
    return program([Path(sys.executable).with_name("lifeos"), *arguments])


# A small process in between: a child is charged with the memory of the process that it was started from.
_LAUNCHER = """
import os, sys, time
null = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1)]
started = time.perf_counter()
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=null)
_, status, usage = os.wait4(child, 0)
elapsed = time.perf_counter() - started
peak = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1024 * 1e6 / 2**20)
print(os.waitstatus_to_exitcode(status), elapsed, usage.ru_utime + usage.ru_stime, peak)
"""

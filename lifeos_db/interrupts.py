"""Ctrl-C at a moment when stopping would leave half of something: it waits until that is done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class _Waiting:
    """Handles SIGINT by keeping it for later; the second one goes at once to whoever handled it before."""

    def __init__(self, before: Callable[[int, FrameType | None], Any]) -> None:
        self.before = before
        self.kept: tuple[int, FrameType | None] | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.kept:
            self.before(number, frame)
        self.kept = (number, frame)


@contextmanager
def finishing() -> Iterator[None]:
    """Let the block come to its end before a first Ctrl-C counts; a second one counts at once.

    For what begins with a commit and cannot be taken back, such as putting the files into place that belong to it.
    Afterwards the signal is given to whoever handled it, which in most programs raises KeyboardInterrupt. Does nothing
    inside another such block, outside the main thread, and where SIGINT is ignored.
    """
    before = signal.getsignal(signal.SIGINT)
    if (
        threading.current_thread() is not threading.main_thread()
        or not callable(before)
        or isinstance(before, _Waiting)
    ):
        yield
        return
    waiting = _Waiting(before)
    signal.signal(signal.SIGINT, waiting)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if waiting.kept:
        before(*waiting.kept)

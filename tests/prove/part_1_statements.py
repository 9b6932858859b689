"""Statements of every shape, in random order, under every setting, by one connection and by three in turn."""

from __future__ import annotations

from collections.abc import Iterator

from tests.prove.frame import Effort, Row
from tests.prove.programs import SETTINGS, Bench, draw

TITLE = "statements"
PROGRAMS = 800
"""Of about thirty statements each, for each row of the table."""


def prove(effort: Effort) -> Iterator[Row]:
    """Half the programs have one connection, half three whose transactions are interleaved."""
    bench = Bench(effort.scratch)
    times = effort.times(PROGRAMS, least=len(SETTINGS))
    names = {1: "random statements, one connection", 3: "the same, three connections in turn"}
    for index, (connections, name) in enumerate(names.items()):
        share = effort.slice(len(names) - index)
        tried, lost = bench.try_all(draw(times, effort.seed + connections, connections), share.left)
        yield Row(name, tried, lost)

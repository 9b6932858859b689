"""make bench: measures everything, prints a table, and writes bench/results.md and the plots.

python -m bench [--tiny] [--rounds N] [--only inserts,moves,freshness,checks,growth] [--into DIRECTORY]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from . import checks, freshness, growth, inserts, moves
from .data import FULL, TINY, Data
from .report import line, show, write
from .timing import Figure

MEASURES: dict[str, Callable[[Data, list[growth.Curve]], Iterator[Figure]]] = {
    "inserts": lambda data, curves: inserts.measure(data),
    "moves": lambda data, curves: moves.measure(data),
    "freshness": lambda data, curves: freshness.measure(data),
    "checks": lambda data, curves: checks.measure(data),
    "growth": growth.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure lifeos-db side by side.")
    parser.add_argument("--tiny", action="store_true", help="small sizes, one round: shows that it works, and no more")
    parser.add_argument("--only", default=",".join(MEASURES), help="parts to measure; writes nothing unless --into")
    parser.add_argument("--into", type=Path, help="directory for results.md and the plots")
    parser.add_argument("--rounds", type=int, help="how often each product and its reference take turns")
    chosen = parser.parse_args()
    names = chosen.only.split(",")
    started = time.monotonic()
    figures: list[Figure] = []
    curves: list[growth.Curve] = []
    with tempfile.TemporaryDirectory(prefix="lifeos-bench-") as place:
        sizes = TINY if chosen.tiny else FULL
        if chosen.rounds:
            sizes = replace(sizes, rounds=chosen.rounds, slow_rounds=chosen.rounds)
        data = Data(Path(place), sizes)
        for name in names:
            for figure in MEASURES[name](data, curves):
                figures.append(figure)
                print("  ".join(line(figure)), flush=True)
    minutes = (time.monotonic() - started) / 60
    print("\n" + show(figures) + f"\n\n{minutes:.1f} minutes")
    target = chosen.into or (Path(__file__).parent if names == list(MEASURES) and not chosen.tiny else None)
    if target:
        write(target, figures, curves, data.sizes.people, minutes)


if __name__ == "__main__":
    main()

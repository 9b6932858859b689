"""The table, results.md and the plots."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from .growth import Curve
from .timing import Figure

_HERE = Path(__file__).parent
_NOTES = _HERE / "notes.md"
_HEAD = """# How fast it is

Written by `make bench`; do not edit. Each product is measured in turn with its reference, in one run, and the median of
the ratios decides: of processor time, which other programs on the machine disturb least. The ratio of elapsed time
stands beside it. References are bare SQLite, or the legacy programs in plain Python (`bench/legacy.py`): load the JSON,
query per person, rewrite the whole file. The data is made up (`bench/mailbox.py`): {people:,} people, and interactions
of 300 bytes on average as a mailbox, a calendar and a phone give them. "People triggers" is the same schema without the
statements that keep pairs; "relationship triggers too" is the schema as it is.

Python {python}, SQLite {sqlite}, {machine}; the run took {minutes:.1f} minutes.
"""


def line(figure: Figure) -> list[str]:
    """The cells of a figure: what, against what, the value, by the clock, the limit, and whether it is reached."""

    def shown(value: float) -> str:
        number = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 20 else f"{value:.2f}"
        return number + {"x": " x", "x faster": " x faster", "ms": " ms", "MB": " MB"}[figure.unit]

    limit = "-"
    if figure.limit is not None:
        limit = ("≥ " if figure.unit == "x faster" else "≤ ") + shown(figure.limit).replace(".00", "")
    state = {True: "yes", False: "**no**", None: "-"}[figure.reached]
    clock = shown(median(figure.elapsed)) if figure.elapsed else "-"
    return [figure.what, figure.reference or "-", shown(figure.value), clock, limit, state]


def show(figures: Sequence[Figure]) -> str:
    """The figures as a table in Markdown."""
    head = ["measurement", "against", "median", "elapsed", "limit", "reached"]
    rows = [head, ["---"] * len(head), *map(line, figures)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def write(target: Path, figures: Sequence[Figure], curves: Sequence[Curve], people: int, minutes: float) -> None:
    """Write results.md and, where matplotlib is installed, the plots, into the directory ``target``."""
    target.mkdir(parents=True, exist_ok=True)
    text = [
        _HEAD.format(
            people=people,
            python=platform.python_version(),
            sqlite=sqlite3.sqlite_version,
            machine=f"{platform.machine()}, {platform.system()}",
            minutes=minutes,
        ),
        "## Figures\n",
        show(figures),
        "\n## Growth\n",
        _show_curves(curves),
    ]
    if _plot(target, curves):
        text += ["", *(f"![{curve.title}]({curve.name}.png)" for curve in curves)]
    text += ["\n## What is not reached, and why\n", "Kept by hand in `bench/notes.md`.\n", _NOTES.read_text().strip()]
    (target / "results.md").write_text("\n".join(text) + "\n")


def _show_curves(curves: Sequence[Curve]) -> str:
    sizes = sorted({size for curve in curves for size in curve.points})
    rows = [["interactions", *(f"{size:,}" for size in sizes)], ["---"] * (len(sizes) + 1)]
    for curve in curves:
        rows.append([f"{curve.title}, {curve.unit}", *(f"{curve.points[size]:.3g}" for size in sizes)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _plot(target: Path, curves: Sequence[Curve]) -> bool:
    """One PNG a curve; False where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure as Plot
    except ImportError:
        return False
    for curve in curves:
        plot = Plot(figsize=(4.5, 3), dpi=90, layout="constrained")
        axes = plot.subplots()
        axes.plot(list(curve.points), list(curve.points.values()), marker="o", color="#2266aa")
        axes.set(xscale="log", xlabel="interactions", ylabel=curve.unit, title=curve.title)
        axes.title.set_fontsize(9)
        if max(curve.points.values()) > 10 * min(curve.points.values()):
            axes.set_yscale("log")
        else:
            axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        plot.savefig(target / f"{curve.name}.png")
    return True

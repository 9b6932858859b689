"""Draw boxes with rows, and lines from a row of one box to another box, from left to right, as SVG.

Boxes stand in columns: each to the right of all that lead to it. A line that passes a column gets a place of its own
there, so that it runs between the boxes. The order within the columns is the one with the fewest crossings that a
number of passes finds; the same input gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

Line = tuple[str, str, str]
"""The box, its row, and the box that the line leads to."""

ROW, HEAD, LETTER, TIP = 18, 24, 6.9, 8
GAP_X, GAP_Y, MARGIN = 70, 22, 16
PASSES = 24
INKS = ("#1d4ed8", "#b45309", "#047857", "#a21caf", "#b91c1c", "#4d7c0f", "#0e7490", "#6d28d9", "#9f1239", "#334155")


@dataclass
class Box:
    """A named box with rows; the rest is where it stands."""

    name: str
    rows: list[str] = field(default_factory=list)
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0


def _columns(names: list[str], lines: list[Line]) -> dict[str, int]:
    """The column of each box: one more than the last of those that lead to it."""
    column = dict.fromkeys(names, 0)
    for _ in names:
        for start, _, end in lines:
            column[end] = max(column[end], column[start] + 1)
    if any(column[end] <= column[start] for start, _, end in lines):
        raise ValueError("the boxes lead back to themselves, so they cannot stand from left to right")
    return column


def _crossings(layers: list[list[str]], links: set[tuple[str, str]]) -> int:
    place = {name: (number, index) for number, layer in enumerate(layers) for index, name in enumerate(layer)}
    found = 0
    for number in range(len(layers) - 1):
        here = [(place[a][1], place[b][1]) for a, b in links if place[a][0] == number]
        found += sum(1 for a, b in here for c, d in here if a < c and b > d)
    return found


def _ordered(layers: list[list[str]], links: set[tuple[str, str]]) -> list[list[str]]:
    """The layers with few crossings: again and again each is sorted by where its neighbours stand."""
    best, fewest = layers, _crossings(layers, links)
    for number in range(PASSES):
        forward = number % 2 == 0
        turn = list(range(1, len(layers))) if forward else list(range(len(layers) - 2, -1, -1))
        layers = [list(layer) for layer in layers]
        for index in turn:
            beside = layers[index - 1] if forward else layers[index + 1]
            place = {name: position for position, name in enumerate(beside)}

            def middle(name: str, place: dict[str, int] = place) -> float:
                near = [place[a] for a, b in links if b == name and a in place]
                near += [place[b] for a, b in links if a == name and b in place]
                return sum(near) / len(near) if near else len(place) / 2

            layers[index] = sorted(layers[index], key=lambda name: (middle(name), name))
        if (crossings := _crossings(layers, links)) < fewest:
            best, fewest = layers, crossings
    return best


def _place(boxes: list[Box], lines: list[Line]) -> tuple[dict[str, Box], dict[tuple[str, str], list[str]]]:
    """Every box and every passing place where it stands, and for each pair of boxes the places on the way."""
    placed = {box.name: box for box in boxes}
    column = _columns(list(placed), lines)
    layers: list[list[str]] = [[] for _ in range(max(column.values(), default=0) + 1)]
    for name in placed:
        layers[column[name]].append(name)
    links: set[tuple[str, str]] = set()
    ways: dict[tuple[str, str], list[str]] = {}
    for start, end in sorted({(start, end) for start, _, end in lines}):
        way = [f"{start}>{end}@{number}" for number in range(column[start] + 1, column[end])]
        for number, name in enumerate(way, column[start] + 1):
            layers[number].append(name)
        ways[start, end] = way
        links |= set(pairwise([start, *way, end]))
    x = float(MARGIN)
    layers = _ordered(layers, links)
    for layer in layers:
        for name in layer:
            box = placed.setdefault(name, Box(name))
            if "@" in name:
                continue
            box.width = max(map(len, [box.name, *box.rows])) * LETTER + 20
            tips = sum(end == name for _, _, end in lines)
            box.height = max(HEAD + ROW * len(box.rows) + (6 if box.rows else 0), TIP * (tips + 1))
        width = max(placed[name].width for name in layer)
        for name in layer:
            placed[name].x = x
            placed[name].width = width
        x += width + GAP_X
    heights = [sum(placed[name].height + GAP_Y for name in layer) for layer in layers]
    for layer, height in zip(layers, heights):
        y = MARGIN + (max(heights) - height) / 2
        for name in layer:
            placed[name].y = y
            y += placed[name].height + GAP_Y
    return placed, ways


def drawing(title: str, boxes: list[Box], lines: list[Line]) -> str:
    """The SVG text. Raises ValueError where boxes lead back to themselves."""
    placed, ways = _place(boxes, lines)
    width = max(box.x + box.width for box in placed.values()) + MARGIN
    height = max(box.y + box.height for box in placed.values()) + MARGIN
    ink = {box.name: INKS[number % len(INKS)] for number, box in enumerate(boxes)}
    text = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="11.5">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
    ]
    coming: dict[str, list[Line]] = {}
    for line in lines:
        coming.setdefault(line[2], []).append(line)

    def height_of(line: Line) -> float:
        box = placed[line[0]]
        return box.y + HEAD + ROW * (box.rows.index(line[1]) + 0.5)

    for line in lines:
        start, _, end = line
        near = sorted(coming[end], key=lambda other: (placed[[other[0], *ways[other[0], end]][-1]].y, height_of(other)))
        target = placed[end]
        points = [(placed[start].x + placed[start].width, height_of(line))]
        for name in ways[start, end]:
            points += [(placed[name].x, placed[name].y), (placed[name].x + placed[name].width, placed[name].y)]
        points.append((target.x - 5, target.y + target.height * (near.index(line) + 1) / (len(near) + 1)))
        path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
        for (x1, y1), (x2, y2) in pairwise(points):
            path += f" C{(x1 + x2) / 2:.1f} {y1:.1f} {(x1 + x2) / 2:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
        tip = points[-1]
        text.append(f'<path d="{path}" fill="none" stroke="{ink[start]}" stroke-width="1.2"/>')
        text.append(f'<path d="M{tip[0] + 5:.1f} {tip[1]:.1f} l-7 -3.5 v7 z" fill="{ink[start]}"/>')
    for box in boxes:
        text.append(
            f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="4" '
            f'fill="#f8fafc" stroke="{ink[box.name]}"/>'
        )
        text.append(
            f'<text x="{box.x + 10:.1f}" y="{box.y + 16:.1f}" font-weight="bold" fill="{ink[box.name]}">'
            f"{escape(box.name)}</text>"
        )
        for number, row in enumerate(box.rows):
            y = box.y + HEAD + ROW * number + 13
            text.append(f'<text x="{box.x + 10:.1f}" y="{y:.1f}" fill="#334155">{escape(row)}</text>')
    return "\n".join([*text, "</svg>"]) + "\n"

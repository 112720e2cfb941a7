"""Boxes on a picture: each kind has a colour and a line of its own.

The colours are told apart by every kind of eye (Okabe and Ito, "Color Universal Design", 2008)
and differ in lightness; the lines differ too, and lie on a dark edge, so that nothing hangs on
the colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

__all__ = [
    "CLASS_COLOURS",
    "FALSE",
    "FOUND",
    "LABEL",
    "LEFT_OUT",
    "MISSED",
    "Mark",
    "draw_box",
    "of_class",
    "strokes",
]

EDGE = "#101418"
"""Dark lines on both sides of each coloured one."""

Corners = tuple[int, int, int, int]
"""left, top, right, bottom in pixels, the last two included."""


@dataclass(frozen=True)
class Mark:
    """A kind of box. width, dash, space: pixels of the line; no space between dashes is solid."""

    colour: str
    width: int
    dash: int = 1
    space: int = 0


FOUND = Mark("#56b4e9", 3)
FALSE = Mark("#e6610b", 3, dash=9, space=5)
MISSED = Mark("#f0e442", 3, dash=3, space=4)
LABEL = Mark("#ffffff", 1)
LEFT_OUT = Mark("#b3bbc7", 1, dash=4, space=3)


CLASS_COLOURS = (
    "#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#8ea6ff", "#ffffff",
)  # fmt: skip
"""Of classes by their numbers, then from the start again, as names tell them apart, too. Okabe's
and Ito's, the dark ones made lighter."""


def of_class(mark: Mark, number: int) -> Mark:
    """`mark` in the colour of that class; its line stays."""
    return replace(mark, colour=CLASS_COLOURS[number % len(CLASS_COLOURS)])


def draw_box(draw: Any, box: Corners, mark: Mark) -> None:
    """Draws the outline of `box` with a Pillow `ImageDraw`; its lines lie inside the box.

    The lines of a small box are thinner, so that the face in it is still seen.
    """
    shorter = 1 + min(box[2] - box[0], box[3] - box[1])
    width = max(1, min(mark.width, shorter // 6))
    pieces = [piece for side in _sides(box, width) for piece in _pieces(side, mark)]
    for left, top, right, bottom in pieces:
        draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), fill=EDGE)
    for piece in pieces:
        draw.rectangle(piece, fill=mark.colour)


def strokes(length: int, dash: int, space: int) -> list[tuple[int, int]]:
    """First and last pixel of each stroke along `length` pixels; both ends are in a stroke.

    Gaps are stretched to come out even. Short lines have at least two strokes, of at most a
    third of them each, so that a small box keeps its kind of line.
    """
    if not space or length < 3:
        return [(0, length - 1)]
    dash = max(1, min(dash, length // 3))
    count = max(2, (length + space) // (dash + space))
    step = (length - dash) / (count - 1)
    return [(round(n * step), round(n * step) + dash - 1) for n in range(count)]


def _sides(box: Corners, width: int) -> Sequence[Corners]:
    """The four sides as bars `width` pixels wide."""
    left, top, right, bottom = box
    inner_x, inner_y = min(left + width - 1, right), min(top + width - 1, bottom)
    return (
        (left, top, right, inner_y),
        (left, max(bottom - width + 1, top), right, bottom),
        (left, top, inner_x, bottom),
        (max(right - width + 1, left), top, right, bottom),
    )


def _pieces(bar: Corners, mark: Mark) -> list[Corners]:
    """The strokes of one bar, along its longer side."""
    left, top, right, bottom = bar
    if right - left >= bottom - top:
        parts = strokes(right - left + 1, mark.dash, mark.space)
        return [(left + first, top, left + last, bottom) for first, last in parts]
    parts = strokes(bottom - top + 1, mark.dash, mark.space)
    return [(left, top + first, right, top + last) for first, last in parts]

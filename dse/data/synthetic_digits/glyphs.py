"""Digits as strokes: seven-segment, printed and handwritten.

A glyph is a list of polylines in a box of width 1 and height `HEIGHT`, y down. Printed and written
digits are the same few lines and arcs; writing bends, slants and shortens them.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

__all__ = ["DIGITS", "HEIGHT", "Style", "sample_style", "strokes"]

DIGITS = tuple("0123456789")
"""The names of the classes."""

HEIGHT = 1.6
"""Of a glyph, in widths."""

Line = NDArray[np.float64]

SEGMENTS = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg")
"""Which of the seven segments are lit, digit by digit; a is the top one, on clockwise, g across."""

CORNERS = {
    "a": ((0, 0), (1, 0)),
    "b": ((1, 0), (1, 0.5)),
    "c": ((1, 0.5), (1, 1)),
    "d": ((0, 1), (1, 1)),
    "e": ((0, 0.5), (0, 1)),
    "f": ((0, 0), (0, 0.5)),
    "g": ((0, 0.5), (1, 0.5)),
}
GAP = 0.06
"""How far from its corners a segment ends, in widths."""


@dataclass(frozen=True)
class Style:
    """kind: "segment", "print" or "hand". slant: how far the top leans, in heights. wobble: of
    handwriting, in widths. stroke: width of the pen, in widths. variant: which of two forms."""

    kind: str
    slant: float
    wobble: float
    stroke: float
    aspect: float
    variant: int


def sample_style(rng: Generator) -> Style:
    """One display, typeface or hand."""
    kind = str(rng.choice(["segment", "print", "hand"], p=[0.3, 0.4, 0.3]))
    slant = {"segment": abs(rng.normal(0, 0.08)), "print": rng.choice([0, 0, 0, 0.15])}
    return Style(
        kind,
        float(slant.get(kind, rng.normal(0.1, 0.12))),
        float(rng.uniform(0.02, 0.07)) if kind == "hand" else 0.0,
        float(rng.uniform(0.1, 0.24) if kind != "hand" else rng.uniform(0.07, 0.18)),
        float(np.exp(rng.normal(0, 0.12))),
        int(rng.integers(2)),
    )


def strokes(value: int, style: Style, rng: Generator) -> list[Line]:
    """Polylines (n, 2) of a digit, x from 0 to about 1, y from 0 to HEIGHT; slanted and bent."""
    if style.kind == "segment":
        lines = [_segment(name) for name in SEGMENTS[value]]
    else:
        lines = [line.copy() for line in _shape(value, style.variant)]
    if style.wobble:
        lines = [_wobbled(line, style.wobble, rng) for line in lines]
    return [_leant(line, style) for line in lines]


def _segment(name: str) -> Line:
    ends = np.array(CORNERS[name], float) * (1, HEIGHT)
    along = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
    return ends + np.array([along, -along]) * GAP


def _leant(line: Line, style: Style) -> Line:
    x, y = line.T
    return np.stack(((x + (HEIGHT - y) * style.slant) * style.aspect, y), axis=1)


def _wobbled(line: Line, much: float, rng: Generator) -> Line:
    """Bent smoothly along its way, and begun and ended elsewhere."""
    along = np.linspace(0, 1, len(line))[:, None]
    waves: list[Line] = [
        rng.normal(0, much, 2) * np.sin(np.pi * (k + rng.uniform(0, 1)) * along + rng.uniform(0, 6))
        for k in range(3)
    ]
    return np.asarray(line + np.sum(waves, axis=0) + rng.normal(0, much, 2))


def _arc(x: float, y: float, wide: float, tall: float, first: float, last: float) -> Line:
    """Of an ellipse with these half axes; angles in turns, clockwise from the right."""
    angle = np.linspace(first, last, 16) * 2 * np.pi
    return np.stack((x + wide * np.cos(angle), y + tall * np.sin(angle)), axis=1)


def _path(*points: tuple[float, float]) -> Line:
    """Straight from point to point, with enough points between to be bent."""
    corners = np.array(points, float)
    steps = np.linspace(0, 1, 6)[:, None]
    pieces = [a + (b - a) * steps for a, b in itertools.pairwise(corners)]
    return np.concatenate(pieces)


@lru_cache(maxsize=32)
def _shape(value: int, variant: int) -> tuple[Line, ...]:
    """A printed digit; variants differ where typefaces do (1, 4, 6, 7 and 9)."""
    bottom, middle = HEIGHT, HEIGHT / 2
    match value:
        case 0:
            return (_arc(0.5, middle, 0.48, middle, 0, 1),)
        case 1:
            stem = _path((0.2, 0.32), (0.6, 0), (0.6, bottom))
            return (stem, _path((0.25, bottom), (0.95, bottom))) if variant else (stem,)
        case 2:
            return (
                np.concatenate([
                    _arc(0.5, 0.45, 0.45, 0.45, -0.5, 0.08),
                    _path((0.9, 0.7), (0.03, bottom), (1, bottom)),
                ]),
            )  # fmt: skip
        case 3:
            top = _arc(0.46, 0.4, 0.42, 0.4, -0.42, 0.25)
            return (np.concatenate([top, _arc(0.46, 1.2, 0.5, 0.4, -0.25, 0.42)]),)
        case 4:
            foot = 1.1
            if variant:
                return _path((0.12, 0), (0, foot), (1, foot)), _path((0.72, 0.35), (0.72, bottom))
            return (_path((0.75, bottom), (0.75, 0), (0, foot), (1, foot)),)
        case 5:
            bowl = _arc(0.46, 1.1, 0.52, 0.5, -0.36, 0.4)
            return (np.concatenate([_path((0.92, 0), (0.16, 0), (0.1, 0.72)), bowl]),)
        case 6 | 9:
            bowl = _arc(0.5, 1.12, 0.48, 0.48, 0, 1)
            tail = (
                _path((0.75, 0), (0.08, 0.95))
                if variant
                else _arc(0.62, 1.0, 0.6, 1.0, -0.22, -0.5)
            )
            lines = bowl, tail
            return lines if value == 6 else tuple((1, bottom) - line for line in lines)
        case 7:
            body = _path((0, 0), (1, 0), (0.35, bottom))
            return (body, _path((0.35, 0.8), (0.9, 0.8))) if variant else (body,)
        case _:
            return _arc(0.5, 0.38, 0.4, 0.38, 0, 1), _arc(0.5, 1.18, 0.48, 0.42, 0, 1)

"""What a scene holds, decided without drawing it: so its boxes are known at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from dse.data.synthetic.background import BACKGROUNDS
from dse.data.synthetic.camera import Camera, sample_camera
from dse.data.synthetic.scene import SPLITS
from dse.data.synthetic_digits.glyphs import HEIGHT, sample_style, strokes

__all__ = ["Digit", "Plate", "Scene", "sample_scene"]

SIZES = ((320, 240), (240, 320), (300, 300), (384, 288), (256, 256))
SMALLEST, LARGEST = 14.0, 150.0
"""Heights of digits, pixels."""

GROUPS = (0.08, 0.42, 0.3, 0.2)
"""Shares of scenes without, and with one, two and three numbers."""

TRIES = 12

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Digit:
    """lines: polylines (n, 2) of its strokes, pixels. width: of the pen, pixels."""

    value: int
    lines: tuple[NDArray[np.float64], ...]
    width: float
    ink: Colour

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 of what is inked."""
        points = np.concatenate(self.lines)
        left, top = points.min(0) - self.width / 2
        right, bottom = points.max(0) + self.width / 2
        return float(left), float(top), float(right), float(bottom)


@dataclass(frozen=True)
class Plate:
    """What a number stands on: a display, a sign, a note. corners: (4, 2) pixels."""

    corners: NDArray[np.float64]
    colour: Colour


@dataclass(frozen=True)
class Scene:
    """clutter: strokes that are no digit."""

    width: int
    height: int
    backdrop: str
    blur: float
    plates: tuple[Plate, ...]
    digits: tuple[Digit, ...]
    clutter: tuple[Digit, ...]
    camera: Camera
    seed: int

    @property
    def boxes(self) -> NDArray[np.float32]:
        """(n, 4) of the digits."""
        return np.array([digit.box for digit in self.digits], np.float32).reshape(-1, 4)


def sample_scene(seed: int, split: str, index: int) -> Scene:
    """The scene number `index` of a split."""
    rng = np.random.default_rng([seed, SPLITS.index(split), index, 10])
    width, height = SIZES[int(rng.integers(len(SIZES)))]
    plates: list[Plate] = []
    digits: list[Digit] = []
    for _ in range(int(rng.choice(len(GROUPS), p=GROUPS))):
        for _ in range(TRIES):
            plate, group = _number(rng, width, height)
            if _fits(group, digits, width, height):
                plates += [plate] if plate else []
                digits += group
                break
    kinds = sorted(BACKGROUNDS)
    return Scene(
        width,
        height,
        str(kinds[int(rng.integers(len(kinds)))]),
        float(rng.gamma(1.0, 1.5)),
        tuple(plates),
        tuple(digits),
        tuple(_scribble(rng, width, height) for _ in range(int(rng.poisson(1.5)))),
        sample_camera(rng),
        int(rng.integers(1 << 40)),
    )


def _number(rng: Generator, width: int, height: int) -> tuple[Plate | None, list[Digit]]:
    """One to six digits in a row of one style, turned a little as a whole."""
    style = sample_style(rng)
    count = int(rng.integers(1, 7))
    high = float(np.exp(rng.uniform(np.log(SMALLEST), np.log(min(LARGEST, 0.7 * height)))))
    unit, step = high / HEIGHT, float(rng.uniform(1.35, 1.9)) * style.aspect
    ink, paper = _colours(rng, style.kind == "segment")
    turn = float(rng.normal(0, 0.08))
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) * unit
    long = step * (count - 1) + style.aspect + style.slant
    room = max(width - long * unit, 1), max(height - high, 1)
    place = rng.uniform(0, 1, 2) * room
    digits = []
    for number in range(count):
        value = int(rng.integers(10))
        shift = np.array([number * step, rng.normal(0, 0.05) if style.kind == "hand" else 0])
        lines = tuple((line + shift) @ matrix + place for line in strokes(value, style, rng))
        digits.append(Digit(value, lines, max(1.5, style.stroke * unit), ink))
    edge = rng.uniform(0.25, 0.7)
    right, bottom = long + edge, HEIGHT + edge
    frame = np.array([(-edge, -edge), (right, -edge), (right, bottom), (-edge, bottom)])
    bare = style.kind != "segment" and rng.random() < 0.25
    return None if bare else Plate(frame @ matrix + place, paper), digits


def _fits(group: list[Digit], others: list[Digit], width: int, height: int) -> bool:
    """Whether the group lies in the picture and off the other ones."""
    boxes = np.array([digit.box for digit in group])
    left, top = boxes[:, :2].min(0)
    right, bottom = boxes[:, 2:].max(0)
    if left < 0 or top < 0 or right > width or bottom > height:
        return False
    margin = 0.6 * (bottom - top)
    x0, y0, x1, y1 = np.array([one.box for one in others]).reshape(-1, 4).T
    beside = (x0 > right + margin) | (x1 < left - margin)
    return bool((beside | (y0 > bottom + margin) | (y1 < top - margin)).all())


def _colours(rng: Generator, shines: bool) -> tuple[Colour, Colour]:
    """Ink and paper that differ in lightness; a display shines on dark, or is dark on grey."""
    dark, light = rng.uniform(0, 90, 3), rng.uniform(150, 255, 3)
    if shines and rng.random() < 0.6:
        light = light * 0.3
        light[int(rng.integers(3))] = rng.uniform(200, 255)
        return _colour(light), _colour(dark * 0.5)
    return (
        (_colour(dark), _colour(light)) if rng.random() < 0.65 else (_colour(light), _colour(dark))
    )


def _colour(values: NDArray[np.float64]) -> Colour:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _scribble(rng: Generator, width: int, height: int) -> Digit:
    """Strokes that are no digit, such as letters, rules and tears have."""
    start, size = rng.uniform(0, 1, 2) * (width, height), float(np.exp(rng.uniform(2.3, 4.3)))
    points = [start + size * rng.uniform(-0.5, 0.5, (int(rng.integers(2, 4)), 2)) for _ in range(2)]
    return Digit(
        0, tuple(points), float(size * rng.uniform(0.05, 0.2)), _colour(rng.uniform(0, 255, 3))
    )

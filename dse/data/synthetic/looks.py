"""How people look, at random: shape, expression, hair, colours, clothes."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from numpy.random import Generator

from dse.data.synthetic.body import CLOTHES, Body
from dse.data.synthetic.hair import STYLES, Hair
from dse.data.synthetic.head import Expression, Shape
from dse.data.synthetic.skin import Paint, tone

__all__ = [
    "any_colour",
    "sample_body",
    "sample_expression",
    "sample_hair",
    "sample_paint",
    "sample_shape",
]

Colour = tuple[float, float, float]
_HAIR: tuple[tuple[Colour, float], ...] = (
    ((22, 18, 18), 0.34),
    ((46, 32, 24), 0.24),
    ((84, 56, 36), 0.13),
    ((140, 100, 60), 0.07),
    ((205, 170, 110), 0.07),
    ((135, 62, 32), 0.03),
    ((150, 148, 145), 0.06),
    ((215, 213, 208), 0.06),
)
_IRIS: tuple[Colour, ...] = (
    (45, 28, 18),
    (60, 38, 22),
    (90, 105, 70),
    (95, 125, 150),
    (70, 75, 80),
)


def any_colour(rng: Generator, grey: float) -> Colour:
    """A colour, sRGB 0..255; `grey` 1 gives greys, 0 full hues."""
    colour = rng.uniform(10, 240) * np.exp(rng.normal(0, 0.4, 3) * (1 - grey))
    red, green, blue = np.clip(colour, 5, 245)
    return float(red), float(green), float(blue)


_NUMBERS = [field.name for field in fields(Shape) if field.name != "age"]
_CHILD = {
    "eye_size": 2.0,
    "nose_out": -1.5,
    "nose_length": -1.5,
    "chin": -1.2,
    "cheek": 1.0,
    "jaw": -1.0,
    "width": 0.8,
    "brow": -1.0,
}


def sample_shape(rng: Generator) -> Shape:
    """An identity; the youngest have a child's proportions."""
    values = np.clip(rng.normal(0, 0.95, len(_NUMBERS)), -2.2, 2.2)
    age = float(rng.beta(1.2, 1.8))
    if age < 0.12:  # a child: large eyes, small nose and chin, full cheeks
        for name, offset in _CHILD.items():
            values[_NUMBERS.index(name)] += offset
    return replace(Shape(*(float(v) for v in values)), age=age)


def sample_expression(rng: Generator) -> Expression:
    """Half smile, a few have the mouth wide open or the eyes closed."""
    mood = rng.random(3)
    smile = float(rng.uniform(0.3, 1)) if mood[0] < 0.5 else float(rng.uniform(0, 0.2))
    opened = float(rng.uniform(0.15, 0.5)) if smile > 0.3 and mood[1] < 0.6 else 0.0
    if mood[1] > 0.82:
        opened = float(rng.uniform(0.2, 1.0))
    squint = (
        1.0 if mood[2] < 0.06 else float(np.clip(rng.normal(0.15 + 0.25 * smile, 0.15), 0, 0.8))
    )
    gaze_x, gaze_y, brow = np.clip(rng.normal(0, 0.4, 3), -1, 1)
    return Expression(smile, opened, squint, float(gaze_x), float(gaze_y), float(brow))


def sample_hair(rng: Generator, feminine: bool, age: float) -> Hair:
    """A style that goes with age, varied."""
    names = (
        ["bob", "long", "tied", "curly", "fringe", "long", "afro", "parted", "mop"]
        if feminine
        else [
            "crew",
            "parted",
            "receding",
            "shaved",
            "wreath",
            "bald",
            "crew",
            "parted",
            "fringe",
            "mop",
            "afro",
            "curly",
            "tied",
            "parted",
            "long",
        ]
    )
    style = STYLES[names[int(rng.integers(len(names)))]]
    if not feminine and age < 0.25 and style.bald:
        style = STYLES["crew"]
    jitter = rng.normal(0, 1, 8)
    if style.bald:
        return style
    thick = float(np.exp(0.25 * jitter[0]))
    style = replace(
        style,
        line=style.line + 0.05 * float(jitter[1]),
        end=style.end + 0.12 * float(jitter[2]),
        top=style.top * thick,
        side=style.side * thick,
        fringe=float(np.clip(style.fringe + 0.25 * jitter[3], 0, 1)),
        part=style.part + 0.5 * float(jitter[4]),
        temple=style.temple + 0.06 * abs(float(jitter[5])),
        open=float(np.clip(style.open + 0.08 * jitter[6], 0.9, 1.3)),
        curl=float(np.clip(style.curl + 0.15 * jitter[7], 0, 1.2)),
    )
    return style


def sample_paint(rng: Generator, feminine: bool, age: float, position: float) -> Paint:
    """Colours of skin, hair, eyes and lips; `position` 0 (lightest) .. 1 (darkest) skin."""
    undertone = np.exp(rng.normal(0, [0.04, 0.035, 0.05]))
    red, green, blue = (float(v) for v in np.clip(np.array(tone(position)) * undertone, 8, 252))
    weights = np.array([w for _, w in _HAIR])
    if position > 0.45:
        weights = weights * np.array([3, 1.5, 0.4, 0.1, 0.05, 0.02, 0.7, 0.7])
    if age > 0.6:
        weights = weights * np.array([0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 4, 4])
    chosen = _HAIR[int(rng.choice(len(_HAIR), p=weights / weights.sum()))][0]
    factor = float(np.exp(rng.normal(0, 0.2)))
    hair = (
        min(chosen[0] * factor, 235.0),
        min(chosen[1] * factor, 230.0),
        min(chosen[2] * factor, 225.0),
    )
    brow = (hair[0] * 0.7, hair[1] * 0.65, hair[2] * 0.6)
    made_up = feminine and rng.random() < 0.5
    lips = (red * 0.82, green * 0.58, blue * 0.58)
    if made_up:
        lips = (
            float(rng.uniform(110, 200)),
            float(rng.uniform(20, 80)),
            float(rng.uniform(30, 90)),
        )
    glasses = str(rng.choice(["round", "square", "oval", "sun"], p=[0.2, 0.3, 0.35, 0.15]))
    metal = rng.random() < 0.4
    frame = any_colour(rng, 0.8) if metal else (25.0, 20.0, 18.0)
    return Paint(
        (red, green, blue),
        hair,
        brow,
        _IRIS[int(rng.integers(len(_IRIS)))],
        lips,
        lip_colour=0.85 if made_up else float(rng.uniform(0.35, 0.75)),
        brow_weight=float(rng.uniform(0.1, 0.7) if feminine else rng.uniform(0.35, 1.0)),
        flush=float(rng.uniform(0.1, 0.6)),
        shadow=float(rng.uniform(0.1, 0.6)) * made_up,
        stubble=float(rng.uniform(0, 0.5)) * (not feminine) * (rng.random() < 0.6),
        freckles=float(rng.uniform(0.2, 0.6)) * (rng.random() < 0.08),
        lashes=0.9 if made_up else float(rng.uniform(0.1, 0.5)),
        glasses=glasses if rng.random() < 0.13 + 0.2 * age else "none",
        frame=frame,
        seed=int(rng.integers(1 << 30)),
    )


def sample_body(rng: Generator, feminine: bool) -> Body:
    """Shoulders and clothes."""
    kind = str(
        rng.choice(
            CLOTHES,
            p=[0.1, 0.15, 0.2, 0.3, 0.15, 0.1] if feminine else [0.38, 0.17, 0.17, 0.0, 0.13, 0.15],
        )
    )
    pattern = str(
        rng.choice(["plain", "stripe", "check", "spots", "hoop"], p=[0.7, 0.1, 0.08, 0.05, 0.07])
    )
    cloth = any_colour(rng, 0.9 if kind == "suit" else 0.3)
    if kind == "suit":
        cloth = (cloth[0] * 0.45, cloth[1] * 0.45, cloth[2] * 0.5)
    second = (235.0, 235.0, 238.0) if rng.random() < 0.6 else any_colour(rng, 0.3)
    width = float(rng.normal(0.88 if feminine else 1.02, 0.07))
    return Body(
        width,
        float(rng.uniform(0.2, 0.55)),
        float(rng.normal(0, 0.06)),
        float(rng.uniform(0.0, 0.35)),
        kind,
        pattern,
        cloth,
        second,
        any_colour(rng, 0.2),
        cloth if kind in ("suit", "dress") else any_colour(rng, 0.8),
        int(rng.integers(1 << 30)),
    )

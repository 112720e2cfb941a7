"""Who stands in a scene: identity, looks, pose and light, drawn at random but consistent."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from dse.data.synthetic.body import CLOTHES, Body
from dse.data.synthetic.hair import HATS, STYLES, Beard, Hair
from dse.data.synthetic.head import Expression, Pose, Shape, face_box
from dse.data.synthetic.shading import Light, Wear
from dse.data.synthetic.skin import Paint, tone

__all__ = ["Person", "sample_light", "sample_person"]

Colour = tuple[float, float, float]
_HAIR: tuple[tuple[Colour, float], ...] = (
    ((22, 18, 18), 0.34), ((46, 32, 24), 0.24), ((84, 56, 36), 0.13), ((140, 100, 60), 0.07),
    ((205, 170, 110), 0.07), ((135, 62, 32), 0.03), ((150, 148, 145), 0.06), ((215, 213, 208), 0.06),
)
_IRIS: tuple[Colour, ...] = ((45, 28, 18), (60, 38, 22), (90, 105, 70), (95, 125, 150), (70, 75, 80))


@dataclass(frozen=True)
class Person:
    """x, y: the head's origin, pixels; unit: pixels per head unit; masked: wears a medical mask."""

    x: float
    y: float
    unit: float
    shape: Shape
    face: Expression
    pose: Pose
    paint: Paint
    wear: Wear
    light: Light
    hair: Hair
    beard: Beard
    hat: str
    masked: bool
    body: Body | None

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The face's x0, y0, x1, y1 in pixels, not clipped to the picture."""
        left, top, right, bottom = face_box(self.shape, self.pose)
        return (self.x + left * self.unit, self.y + top * self.unit,
                self.x + right * self.unit, self.y + bottom * self.unit)

    @property
    def turned_away(self) -> float:
        """Angle between the nose and the camera, radians, 0..pi."""
        return float(np.arccos(np.clip(self.pose.matrix()[2, 2], -1, 1)))


def _any_colour(rng: Generator, grey: float) -> Colour:
    colour = rng.uniform(10, 240) * np.exp(rng.normal(0, 0.5, 3) * (1 - grey))
    red, green, blue = np.clip(colour, 5, 245)
    return float(red), float(green), float(blue)


def sample_light(rng: Generator) -> Light:
    """One light for a whole scene: flash, daylight, lamp, window, or from behind."""
    kind = rng.random()
    if kind < 0.3:  # a flash near the lens
        direction, key, fill, soft = rng.normal([0, 0.2, 1], [0.15, 0.12, 0]), 0.95, 0.35, 0.5
    elif kind < 0.88:
        direction = rng.normal([0, 0.7, 0.75], [0.65, 0.3, 0.2])
        key, fill, soft = rng.uniform(0.5, 1.1), rng.uniform(0.25, 0.75), rng.uniform(0.3, 1.0)
    else:
        direction = rng.normal([0, 0.6, -0.4], [0.7, 0.3, 0.2])
        key, fill, soft = rng.uniform(0.5, 1.0), rng.uniform(0.25, 0.5), 0.6
    direction = direction / np.linalg.norm(direction)
    rim = float(rng.uniform(0.2, 1.0)) if rng.random() < 0.2 or direction[2] < 0.1 else 0.0
    toward = (float(direction[0]), float(direction[1]), float(direction[2]))
    warmth = float(np.clip(rng.normal(0.2, 0.6), -1.2, 1.6))
    return Light(toward, float(key), float(fill), warmth, rim, float(soft))


def _shape(rng: Generator) -> Shape:
    values = np.clip(rng.normal(0, 0.95, 15), -2.2, 2.2)
    age = float(rng.beta(1.2, 1.8))
    return Shape(*(float(v) for v in values), age=age)


def _expression(rng: Generator) -> Expression:
    mood = rng.random(3)
    smile = float(rng.uniform(0.3, 1)) if mood[0] < 0.5 else float(rng.uniform(0, 0.2))
    opened = float(rng.uniform(0.15, 0.5)) if smile > 0.3 and mood[1] < 0.6 else 0.0
    if mood[1] > 0.82:
        opened = float(rng.uniform(0.2, 1.0))
    squint = 1.0 if mood[2] < 0.06 else float(np.clip(rng.normal(0.15 + 0.25 * smile, 0.15), 0, 0.8))
    gaze_x, gaze_y, brow = np.clip(rng.normal(0, 0.4, 3), -1, 1)
    return Expression(smile, opened, squint, float(gaze_x), float(gaze_y), float(brow))


def _pose(rng: Generator, wild: float) -> Pose:
    spread = 0.18 if rng.random() > wild else 0.75
    yaw = float(np.clip(rng.normal(0, spread), -1.5, 1.5))
    pitch = float(np.clip(rng.normal(-0.04, 0.14), -0.6, 0.6))
    roll = float(np.clip(rng.normal(0, 0.12 if rng.random() > 0.12 else 0.4), -1.2, 1.2))
    return Pose(yaw, pitch, roll, float(rng.uniform(7, 20)))


def _hair(rng: Generator, feminine: bool, age: float) -> tuple[Hair, float]:
    names = (["bob", "long", "tied", "curly", "fringe", "long", "afro", "parted", "mop"] if feminine else
             ["crew", "parted", "receding", "shaved", "wreath", "bald", "crew", "parted", "fringe",
              "mop", "afro", "curly", "tied", "parted", "long"])
    style = STYLES[names[int(rng.integers(len(names)))]]
    if not feminine and age < 0.25 and style.bald:
        style = STYLES["crew"]
    jitter = rng.normal(0, 1, 8)
    if style.bald:
        return style, style.curl
    thick = float(np.exp(0.25 * jitter[0]))
    style = replace(
        style, line=style.line + 0.05 * float(jitter[1]), end=style.end + 0.12 * float(jitter[2]),
        top=style.top * thick, side=style.side * thick,
        fringe=float(np.clip(style.fringe + 0.25 * jitter[3], 0, 1)),
        part=style.part + 0.5 * float(jitter[4]), temple=style.temple + 0.06 * abs(float(jitter[5])),
        open=float(np.clip(style.open + 0.08 * jitter[6], 0.9, 1.3)),
        curl=float(np.clip(style.curl + 0.15 * jitter[7], 0, 1.2)),
    )
    return style, style.curl


def _paint(rng: Generator, feminine: bool, age: float, position: float) -> Paint:
    undertone = np.exp(rng.normal(0, [0.04, 0.035, 0.05]))
    red, green, blue = (float(v) for v in np.clip(np.array(tone(position)) * undertone, 8, 252))
    weights = np.array([w for _, w in _HAIR])
    if position > 0.45:
        weights = weights * np.array([3, 1.5, 0.4, 0.1, 0.05, 0.02, 0.7, 0.7])
    if age > 0.6:
        weights = weights * np.array([0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 4, 4])
    chosen = _HAIR[int(rng.choice(len(_HAIR), p=weights / weights.sum()))][0]
    factor = float(np.exp(rng.normal(0, 0.2)))
    hair = (min(chosen[0] * factor, 235.0), min(chosen[1] * factor, 230.0), min(chosen[2] * factor, 225.0))
    brow = (hair[0] * 0.7, hair[1] * 0.65, hair[2] * 0.6)
    made_up = feminine and rng.random() < 0.5
    lips = (red * 0.82, green * 0.58, blue * 0.58)
    if made_up:
        lips = (float(rng.uniform(110, 200)), float(rng.uniform(20, 80)), float(rng.uniform(30, 90)))
    glasses = str(rng.choice(["round", "square", "oval", "sun"], p=[0.2, 0.3, 0.35, 0.15]))
    metal = rng.random() < 0.4
    frame = _any_colour(rng, 0.8) if metal else (25.0, 20.0, 18.0)
    return Paint(
        (red, green, blue), hair, brow, _IRIS[int(rng.integers(len(_IRIS)))], lips,
        lip_colour=0.85 if made_up else float(rng.uniform(0.35, 0.75)),
        brow_weight=float(rng.uniform(0.1, 0.7) if feminine else rng.uniform(0.35, 1.0)),
        flush=float(rng.uniform(0.1, 0.6)), shadow=float(rng.uniform(0.1, 0.6)) * made_up,
        stubble=float(rng.uniform(0, 0.5)) * (not feminine) * (rng.random() < 0.6),
        freckles=float(rng.uniform(0.2, 0.6)) * (rng.random() < 0.08),
        lashes=0.9 if made_up else float(rng.uniform(0.1, 0.5)),
        glasses=glasses if rng.random() < 0.13 + 0.2 * age else "none", frame=frame,
        seed=int(rng.integers(1 << 30)),
    )


def _body(rng: Generator, feminine: bool) -> Body:
    kind = str(rng.choice(CLOTHES, p=[0.1, 0.15, 0.2, 0.3, 0.15, 0.1] if feminine else
                          [0.38, 0.17, 0.17, 0.0, 0.13, 0.15]))
    pattern = str(rng.choice(["plain", "stripe", "check", "spots", "hoop"], p=[0.7, 0.1, 0.08, 0.05, 0.07]))
    cloth = _any_colour(rng, 0.9 if kind == "suit" else 0.3)
    if kind == "suit":
        cloth = (cloth[0] * 0.45, cloth[1] * 0.45, cloth[2] * 0.5)
    second = (235.0, 235.0, 238.0) if rng.random() < 0.6 else _any_colour(rng, 0.3)
    width = float(rng.normal(0.88 if feminine else 1.02, 0.07))
    return Body(width, float(rng.uniform(0.2, 0.55)), float(rng.normal(0, 0.06)), kind, pattern, cloth,
                second, _any_colour(rng, 0.2),
                cloth if kind in ("suit", "dress") else _any_colour(rng, 0.8), int(rng.integers(1 << 30)))


def sample_person(rng: Generator, x: float, y: float, unit: float, light: Light, *,
                  wild: float = 0.25, away: bool = False) -> Person:
    """A person whose head's origin is at x, y; `away` shows the back of the head."""
    feminine = bool(rng.random() < 0.5)
    shape = _shape(rng)
    hair, _ = _hair(rng, feminine, shape.age)
    pose = _pose(rng, wild)
    if away:
        pose = replace(pose, yaw=float(np.pi + rng.normal(0, 0.4)))
    paint = _paint(rng, feminine, shape.age, float(rng.beta(1.0, 1.3)))
    beard = Beard()
    if not feminine and rng.random() < 0.28:
        cheek, moustache, chin = (float(v) for v in rng.random(3) > [0.5, 0.25, 0.4])
        beard = Beard(cheek, moustache, max(chin, cheek), float(rng.gamma(2, 0.03)))
    hat = str(rng.choice(HATS[1:], p=[0.4, 0.12, 0.15, 0.15, 0.08, 0.1])) if rng.random() < 0.14 else "none"
    wear = Wear(_any_colour(rng, 0.3), _any_colour(rng, 0.5),
                str(rng.choice(["plain", "check", "stripe"], p=[0.75, 0.12, 0.13])),
                (150.0, 190.0, 215.0) if rng.random() < 0.5 else _any_colour(rng, 0.8))
    if light.direction[0]:
        turn = rng.normal(0, 0.12)
        own = np.array(light.direction) + [turn, 0, 0]
        own = own / np.linalg.norm(own)
        light = replace(light, direction=(float(own[0]), float(own[1]), float(own[2])),
                        key=light.key * float(np.exp(rng.normal(0, 0.12))))
    return Person(x, y, unit, shape, _expression(rng), pose, paint, wear, light, hair, beard, hat,
                  bool(rng.random() < 0.03), _body(rng, feminine))

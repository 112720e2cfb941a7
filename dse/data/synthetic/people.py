"""Who stands in a scene: identity, looks, pose and light, drawn at random but consistent."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from dse.data.synthetic.body import Body
from dse.data.synthetic.hair import HATS, Beard, Hair
from dse.data.synthetic.head import Expression, Pose, Shape, face_box
from dse.data.synthetic.looks import (
    any_colour,
    sample_body,
    sample_expression,
    sample_hair,
    sample_paint,
    sample_shape,
)
from dse.data.synthetic.shading import Light, Wear
from dse.data.synthetic.skin import Paint

__all__ = ["Person", "sample_light", "sample_person"]

Colour = tuple[float, float, float]


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
        return (
            self.x + left * self.unit,
            self.y + top * self.unit,
            self.x + right * self.unit,
            self.y + bottom * self.unit,
        )

    @property
    def turned_away(self) -> float:
        """Angle between the nose and the camera, radians, 0..pi."""
        return float(np.arccos(np.clip(self.pose.matrix()[2, 2], -1, 1)))


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
    much = max(1.0, (key + fill) / 1.35)  # more would only clip
    key, fill = key / much, fill / much
    rim = float(rng.uniform(0.2, 1.0)) if rng.random() < 0.2 or direction[2] < 0.1 else 0.0
    toward = (float(direction[0]), float(direction[1]), float(direction[2]))
    warmth = float(np.clip(rng.normal(0.2, 0.6), -1.2, 1.6))
    return Light(toward, float(key), float(fill), warmth, rim, float(soft))


def _pose(rng: Generator, wild: float) -> Pose:
    spread = 0.18 if rng.random() > wild else 0.75
    yaw = float(np.clip(rng.normal(0, spread), -1.5, 1.5))
    pitch = float(np.clip(rng.normal(-0.04, 0.14), -0.6, 0.6))
    roll = float(np.clip(rng.normal(0, 0.12 if rng.random() > 0.12 else 0.4), -1.2, 1.2))
    return Pose(yaw, pitch, roll, float(rng.uniform(7, 20)))


def _wear(rng: Generator) -> Wear:
    return Wear(
        any_colour(rng, 0.3),
        any_colour(rng, 0.5),
        str(rng.choice(["plain", "check", "stripe"], p=[0.75, 0.12, 0.13])),
        (150.0, 190.0, 215.0) if rng.random() < 0.5 else any_colour(rng, 0.8),
    )


def _own_light(rng: Generator, light: Light) -> Light:
    """The scene's light as it falls on one person: turned and dimmed a little."""
    own = np.array(light.direction) + np.array([rng.normal(0, 0.12), 0, 0])
    own = own / np.linalg.norm(own)
    direction = float(own[0]), float(own[1]), float(own[2])
    key = light.key * float(np.exp(rng.normal(0, 0.12)))
    return replace(light, direction=direction, key=key)


def sample_person(
    rng: Generator,
    x: float,
    y: float,
    unit: float,
    light: Light,
    *,
    wild: float = 0.25,
    away: bool = False,
) -> Person:
    """A person whose head's origin is at x, y; `away` shows the back of the head."""
    feminine = bool(rng.random() < 0.5)
    shape = sample_shape(rng)
    hair = sample_hair(rng, feminine, shape.age)
    pose = _pose(rng, wild)
    if away:
        pose = replace(pose, yaw=float(np.pi + rng.normal(0, 0.4)))
    paint = sample_paint(rng, feminine, shape.age, float(rng.beta(1.0, 1.3)))
    beard = Beard()
    if not feminine and rng.random() < 0.28:
        cheek, moustache, chin = (float(v) for v in rng.random(3) > [0.5, 0.25, 0.4])
        beard = Beard(cheek, moustache, max(chin, cheek), float(rng.gamma(2, 0.03)))
    hat = (
        str(rng.choice(HATS[1:], p=[0.4, 0.12, 0.15, 0.15, 0.08, 0.1]))
        if rng.random() < 0.14
        else "none"
    )
    wear = _wear(rng)
    light = _own_light(rng, light)
    return Person(
        x,
        y,
        unit,
        shape,
        sample_expression(rng),
        pose,
        paint,
        wear,
        light,
        hair,
        beard,
        hat,
        bool(rng.random() < 0.03),
        sample_body(rng, feminine),
    )

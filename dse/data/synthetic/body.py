"""Necklines, shoulders, clothes: what holds a head up, drawn flat with a round man's shading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.data.synthetic.noise import grain, lookup, nearest
from dse.data.synthetic.shading import Light
from dse.data.synthetic.skin import encode, linear

__all__ = ["CLOTHES", "Body", "render_body"]

Field = NDArray[np.float32]
Colour = tuple[float, float, float]
CLOTHES = ("suit", "shirt", "tee", "dress", "jumper", "jacket")


@dataclass(frozen=True)
class Body:
    """width: of the shoulders, 1 is usual; slope: how they fall; lean: sideways shift per unit
    of height; lift: of the shoulders, which shortens the neck; kind: one of
    CLOTHES; pattern: plain, stripe, check, spots or hoop."""

    width: float = 1.0
    slope: float = 0.35
    lean: float = 0.0
    lift: float = 0.15
    kind: str = "suit"
    pattern: str = "plain"
    cloth: Colour = (40, 42, 55)
    second: Colour = (225, 225, 225)
    tie: Colour = (120, 20, 30)
    legs: Colour = (40, 45, 60)
    seed: int = 0


def _soft(value: NDArray[Any], width: float) -> Field:
    return np.asarray(np.clip(0.5 + value / width, 0, 1), np.float32)


def _cloth(body: Body, u: Field, v: Field) -> Field:
    colour = np.broadcast_to(linear(body.cloth), (*u.shape, 3)).copy()
    wave = {
        "stripe": np.sin(u * 24),
        "check": np.sin(u * 20) * np.sin(v * 20),
        "spots": np.sin(u * 16) * np.sin(v * 16) - 0.4,
        "hoop": np.sin(v * 12),
    }
    if body.pattern in wave:
        strength = 0.25 if body.kind == "suit" else 0.8
        on = (wave[body.pattern] > 0.3)[..., None] * strength
        colour += on * (linear(body.second) - colour)
    return np.asarray(colour, np.float32)


def _neckline(body: Body, colour: Field, side: Field, v: Field, skin: Colour, pixel: float) -> None:
    """Open the cloth at the front: skin, shirt, collar, tie, lapels (in place)."""
    deep, wide = {
        "suit": (-4.2, 0.62),
        "jacket": (-3.6, 0.6),
        "shirt": (-2.35, 0.45),
        "tee": (-2.12, 0.62),
        "dress": (-2.75, 0.95),
        "jumper": (-1.95, 0.55),
    }[body.kind]
    opening = _soft(wide * (v - deep) / (-1.7 - deep) - side, pixel * 1.5)
    if body.kind in ("tee", "dress", "jumper"):
        opening = _soft(1 - (side / wide) ** 2 - ((v + 1.6) / (deep + 1.6)) ** 2, pixel * 4)
        colour += opening[..., None] * (linear(skin) - colour)
        return
    inner = linear(body.second)
    colour += opening[..., None] * (inner - colour)
    if body.kind == "suit":
        lapel = np.exp(-(((side - wide * (v - deep) / (-1.7 - deep) - 0.22) / 0.02) ** 2))
        colour *= 1 - 0.5 * (lapel * (v < -1.9))[..., None]
        knot = 0.09 + 0.035 * np.clip(-2.1 - v, 0, 2)
        tie = _soft(knot - side, pixel * 1.5) * (v < -1.85) * opening
        stripes = 0.85 + 0.25 * np.sin((side + v) * 24)
        colour += tie[..., None] * (linear(body.tie) * stripes[..., None] - colour)
    throat = _soft(0.30 * (v + 2.05) / 0.35 - side, pixel * 1.5) * (v > -2.15)
    colour += throat[..., None] * (linear(skin) - colour)
    collar = np.exp(-(((side - 0.32 - 0.5 * (v + 1.75)) / 0.03) ** 2)) * (v > -2.25) * (v < -1.6)
    colour *= 1 - 0.35 * collar[..., None]


def render_body(body: Body, skin: Colour, light: Light, across: Field, up: Field) -> Field:
    """(height, width, 4) sRGB and alpha, 0..1, of a torso on the pixels across, up (head units)."""
    pixel = float(abs(across[0, 1] - across[0, 0]))
    v = up - body.lift
    u = across - body.lean * (up + 1.2)
    side = np.abs(u)
    reach = 2.15 * body.width
    part = np.clip((side - 0.42) / (reach - 0.42), 0, 1)
    ridge = -1.52 - body.slope * part**0.9 - 0.8 * part**5
    trapezius = 0.24 * np.exp(-(((side - 0.40) / 0.28) ** 2))
    inside = _soft(ridge + trapezius - v, pixel * 2)
    waist = np.clip(-v - 3, 0, 3.5)
    edge = (
        reach
        - 0.13 * waist
        + 0.02 * np.clip(-v - 7, 0, 3)
        + 0.05 * lookup(grain(1.4), v * 20 + body.seed, v * 0)
    )
    inside = inside * _soft(edge - side, pixel * 2)
    legs = v < -7.2
    gap = _soft(side - 0.10 - 0.05 * np.clip(-v - 9, 0, 4), pixel * 2)
    inside = np.where(v < -9, inside * gap * _soft(1.5 - side, pixel * 2), inside)
    inside = inside * _soft(v + 14.5, pixel * 2)
    colour = _cloth(body, u, v)
    colour[legs] = linear(body.legs)
    _neckline(body, colour, side, v, skin, pixel)
    folds = lookup(grain(1.5), u * 22 + body.seed % 211, v * 11 + body.seed % 73)
    fine = nearest(grain(0.9), u * 60 + 999, v * 40 + 999)
    arm = np.exp(-(((side - 0.74 * reach) / 0.05) ** 2)) * (v < -2.6) * (v > -9)
    round_x = np.clip(u / reach, -1, 1)
    normal_z = np.sqrt(np.clip(1 - 0.8 * round_x**2, 0.1, 1))
    top = np.clip(1 - (ridge - v) / 0.5, 0, 1)
    direction = light.direction
    facing = (
        direction[0] * round_x * 0.9 + direction[1] * (0.15 + 0.6 * top) + direction[2] * normal_z
    )
    chin = 1 - 0.55 * np.exp(-((u / 0.5) ** 2) - ((v + 1.45) / 0.28) ** 2)
    energy = light.key * np.clip(facing, 0, 1) + light.fill * (0.7 + 0.3 * top)
    energy = energy * (1 + 0.16 * folds + 0.05 * fine) * (1 - 0.4 * arm) * chin
    shaded = colour * (energy[..., None] * light.colour())
    picture = np.empty((*across.shape, 4), np.float32)
    picture[..., :3] = encode(shaded)
    picture[..., 3] = inside
    return picture

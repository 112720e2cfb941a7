"""Colour of a face before light falls on it: skin, eyes, brows, lips, stubble, wrinkles, glasses.

Everything is painted in frontal head coordinates on the points that a picture's rays met, in
linear light, 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.data.synthetic.head import Expression, Shape
from dse.data.synthetic.noise import grain, lookup, nearest
from dse.data.synthetic.surface import Hits

__all__ = ["SKIN_TONES", "Paint", "encode", "linear", "paint_face", "tone"]

Field = NDArray[np.float32]
Colour = tuple[float, float, float]
SKIN_TONES = np.array(
    [
        (246, 214, 196),
        (232, 188, 160),
        (216, 165, 130),
        (190, 138, 100),
        (150, 102, 70),
        (108, 70, 48),
        (68, 44, 32),
    ],
    np.float32,
)
"""sRGB anchors from the lightest to the darkest human skin."""


@dataclass(frozen=True)
class Paint:
    """Colours (sRGB 0..255) and amounts (0..1) of what is painted on a face."""

    skin: Colour
    hair: Colour = (40, 30, 25)
    brow: Colour = (40, 30, 25)
    iris: Colour = (70, 50, 35)
    lips: Colour = (160, 80, 75)
    lip_colour: float = 0.5
    brow_weight: float = 0.7
    flush: float = 0.3
    stubble: float = 0.0
    shadow: float = 0.0
    freckles: float = 0.0
    lashes: float = 0.4
    glasses: str = "none"
    frame: Colour = (25, 22, 20)
    seed: int = 0


def linear(colour: Colour | Field) -> Field:
    """sRGB 0..255 to linear light 0..1 (gamma 2.2)."""
    return np.asarray((np.asarray(colour, np.float32) / 255) ** 2.2, np.float32)


_CURVE = (np.arange(4096, dtype=np.float32) / 4095) ** np.float32(1 / 2.2)


def encode(light: NDArray[Any]) -> Field:
    """Linear light, clipped to 0..1, to sRGB 0..1 (gamma 2.2, from a table)."""
    index = (np.clip(light, 0, 1) * np.float32(4095)).astype(np.int32)
    return np.asarray(_CURVE.take(index))


def tone(position: float) -> Colour:
    """The skin at `position` 0 (lightest) .. 1 (darkest), sRGB 0..255."""
    place = np.clip(position, 0, 1) * (len(SKIN_TONES) - 1)
    anchors = np.arange(len(SKIN_TONES))
    red, green, blue = (float(np.interp(place, anchors, SKIN_TONES[:, c])) for c in range(3))
    return red, green, blue


def _soft(value: NDArray[Any], width: float) -> Field:
    return np.asarray(np.clip(0.5 + value / width, 0, 1), np.float32)


def _mix(albedo: Field, amount: NDArray[Any], colour: NDArray[Any]) -> None:
    albedo += amount[:, None] * (colour - albedo)


def paint_face(
    hits: Hits, shape: Shape, face: Expression, paint: Paint, pixel: float
) -> tuple[Field, Field]:
    """Albedo (n, 3), linear, and gloss (n,) of the skin at the hits; `pixel`: its size, units."""
    x, y = hits.x, hits.y
    blotch = lookup(grain(1.3), x * 60 + paint.seed % 251, y * 60)
    pores = nearest(grain(0.3), x * 230 + paint.seed % 97 + 999, y * 230 + 999)
    albedo = linear(paint.skin) * (1 + 0.05 * blotch + 0.035 * pores)[:, None]
    gloss = np.full_like(x, 0.25)
    near = np.flatnonzero((hits.z > 0.0) & (y > -1.5) & (y < 0.9))
    if len(near):
        part, shine = albedo[near], gloss[near]
        front = _soft(hits.z[near] - 0.15, 0.3)
        _front(part, shine, x[near], y[near], front, pores[near], shape, face, paint, pixel)
        albedo[near], gloss[near] = part, shine
    if paint.glasses != "none":
        _glasses(albedo, gloss, hits, shape, paint, pixel)
    return albedo, gloss


def _front(
    albedo: Field,
    gloss: Field,
    x: Field,
    y: Field,
    front: Field,
    pores: Field,
    shape: Shape,
    face: Expression,
    paint: Paint,
    pixel: float,
) -> None:
    """Paint what lies on the front of the head, in place."""
    side = np.abs(x)
    base = linear(paint.skin)
    _flush(albedo, side, y, front, shape, paint)
    if paint.freckles > 0:
        spots = _soft(lookup(grain(0.6), x * 120, y * 120) - 1.6, 0.6) * front
        _mix(albedo, spots * paint.freckles, base * np.array([0.6, 0.5, 0.45], np.float32))
    if paint.stubble > 0:
        jaw = _soft(-0.38 - y - 0.4 * (side < 0.16) * (y > -0.5), 0.25) * _soft(y + 1.35, 0.2)
        speck = np.clip(0.75 + 0.35 * pores, 0, 1.3)
        _mix(albedo, jaw * front * paint.stubble * speck, linear(paint.hair) + 0.25 * base)
    gloss += 0.25 * np.exp(-((side / 0.25) ** 2)) * front
    mouth = np.flatnonzero((side < 0.5) & (y < -0.3))
    part, shine = albedo[mouth], gloss[mouth]
    _lips(part, shine, x[mouth], y[mouth], front[mouth], shape, face, paint, pixel)
    _nostrils(part, side[mouth], y[mouth], front[mouth], shape)
    albedo[mouth], gloss[mouth] = part, shine
    _wrinkles(albedo, side, x, y, front, shape, face)
    band = np.flatnonzero((np.abs(y - 0.25) < 0.25) & (side < 0.75))
    part = albedo[band]
    _brows(part, x[band], y[band], front[band], shape, face, paint, pixel)
    albedo[band] = part
    for sign in (-1.0, 1.0):
        eye = np.flatnonzero((x * sign > 0.05) & (side < 0.75) & (np.abs(y) < 0.3) & (front > 0.5))
        part, shine = albedo[eye], gloss[eye]
        _eye(part, shine, x[eye] * sign, y[eye], sign, shape, face, paint, pixel)
        albedo[eye], gloss[eye] = part, shine


def _flush(albedo: Field, side: Field, y: Field, front: Field, s: Shape, p: Paint) -> None:
    cheeks = np.exp(-(((side - 0.45) / 0.22) ** 2) - ((y + 0.36) / 0.2) ** 2)
    nose = 0.8 * np.exp(-((side / 0.16) ** 2) - ((y - s.nose_y - 0.08) / 0.15) ** 2)
    red = (cheeks + nose) * front * p.flush
    albedo *= 1 - red[:, None] * np.array([0.04, 0.26, 0.26], np.float32)
    socket = np.exp(-(((side - s.eye_x + 0.03) / 0.22) ** 2) - ((y + 0.02) / 0.15) ** 2)
    under = np.exp(-(((side - s.eye_x) / 0.15) ** 2) - ((y + 0.17) / 0.06) ** 2)
    dark = (0.20 * socket + (0.10 + 0.25 * s.age) * under) * front + p.shadow * 0.4 * socket
    albedo *= 1 - dark[:, None] * np.array([0.75, 1.0, 0.95], np.float32)


def _lips(
    albedo: Field,
    gloss: Field,
    x: Field,
    y: Field,
    front: Field,
    s: Shape,
    e: Expression,
    p: Paint,
    pixel: float,
) -> None:
    wide = s.mouth_half + 0.06 * e.smile
    gap = 0.22 * e.mouth_open
    u = x / wide
    v = y - s.mouth_y - 0.10 * e.smile * u * u
    inside = np.clip(1 - u * u, 0, 1)
    soft = max(0.025, pixel)
    full = 1 + 0.28 * s.lips
    cupid = 0.012 * np.exp(-((u / 0.12) ** 2))
    upper = 0.085 * full * inside**0.7 * (1 - 0.5 * e.smile) - cupid
    lower = -0.10 * full * inside**0.6 * (1 - 0.3 * e.smile) - gap * inside**0.6
    lips = _soft(upper - v, soft) * _soft(v - lower, soft) * front * (np.abs(u) < 1.02)
    shade = np.where(v > 0, 0.75, 1.0).astype(np.float32)[:, None]
    _mix(albedo, lips * p.lip_colour, linear(p.lips)[None, :] * shade)
    gloss += lips * 0.35
    open_top = 0.006 + 0.012 * e.smile * inside
    cavity = _soft(open_top - v, soft) * _soft(v + gap * inside**0.6 + open_top, soft)
    cavity *= front * (np.abs(u) < 0.97)
    if gap < 0.02:
        seam = np.exp(-((v / max(0.016, pixel * 0.6)) ** 2)) * front * _soft(1.0 - np.abs(u), 0.15)
        _mix(albedo, 0.75 * seam, linear(p.lips) * 0.12)
        return
    _mix(albedo, cavity, np.array([0.035, 0.008, 0.008], np.float32))
    tooth = min(0.085, gap * 0.75)
    teeth = _soft(open_top - v, soft) * _soft(v + tooth * inside**0.3, soft)
    teeth *= _soft(0.78 - np.abs(u), 0.12) * front
    gaps = 0.92 + 0.08 * np.cos(x * 95)
    white = np.array([0.74, 0.68, 0.58], np.float32) * (gaps * (1 - 0.4 * u * u))[:, None]
    _mix(albedo, teeth * (0.95 if e.smile > 0.25 else 0.45), white)
    tongue = np.exp(-((u / 0.45) ** 2) - ((v + gap) / (0.3 * gap)) ** 2) * cavity
    _mix(albedo, tongue * 0.6, np.array([0.30, 0.09, 0.08], np.float32))


def _nostrils(albedo: Field, side: Field, y: Field, front: Field, s: Shape) -> None:
    wide = 0.085 + 0.014 * s.nose_width
    hole = np.exp(-(((side - wide) / 0.042) ** 2) - ((y - s.nose_y - 0.005) / 0.03) ** 2) * front
    albedo *= 1 - 0.9 * np.clip(hole * 1.4, 0, 1)[:, None]
    wing = np.abs((side - wide - 0.095) + 0.4 * (y - s.nose_y - 0.05) ** 2)
    line = np.exp(-((wing / 0.02) ** 2) - ((y - s.nose_y - 0.05) / 0.06) ** 2) * front
    under = np.exp(-((side / (wide + 0.06)) ** 4) - ((y - s.nose_y + 0.03) / 0.035) ** 2) * front
    albedo *= 1 - (0.35 * line + 0.30 * under)[:, None]


def _wrinkles(
    albedo: Field, side: Field, x: Field, y: Field, front: Field, s: Shape, e: Expression
) -> None:
    fold = side - (0.20 + 0.30 * np.clip(s.nose_y + 0.05 - y, 0, 1))
    line = np.exp(-((fold / 0.028) ** 2) - ((y + 0.6) / 0.16) ** 4)
    amount = 0.08 + 0.28 * s.age + 0.22 * e.smile
    crow = np.exp(-(((side - s.eye_x - 0.27) / 0.07) ** 2) - ((y + 0.01) / 0.10) ** 2)
    crow = crow * (0.5 + 0.5 * np.sin(y * 110 + side * 25))
    age = max(s.age - 0.35, 0)
    brow = (0.5 + 0.5 * np.sin((y + 0.04 * np.cos(4 * x)) * 62)) * np.exp(-((side / 0.42) ** 4))
    brow = brow * np.exp(-(((y - 0.52) / 0.14) ** 4))
    dark = amount * line + age * (0.7 * crow + 0.35 * brow)
    albedo *= 1 - np.clip(dark * front, 0, 0.8)[:, None] * np.array([0.8, 1, 1], np.float32)


def _brows(
    albedo: Field, x: Field, y: Field, front: Field, s: Shape, e: Expression, p: Paint, pixel: float
) -> None:
    side = np.abs(x)
    along = (side - 0.11) / 0.46
    arch = 0.20 + 0.03 * e.brow + 0.07 * np.sin(np.clip(along, 0, 1.1) * 2.4) + 0.01 * s.eye_tilt
    arch = arch - 0.05 * np.clip(along - 0.7, 0, 1) - 0.03 * max(-e.brow, 0) * (1 - along)
    thick = (0.028 + 0.028 * p.brow_weight) * np.clip(1.15 - 0.75 * along, 0.2, 1)
    hairs = lookup(grain(0.5), x * 260 + y * 120, y * 50)
    band = _soft(thick - np.abs(y - arch) + 0.010 * hairs, max(0.03, pixel))
    ends = _soft(along + 0.03, 0.12) * _soft(1.02 - along, 0.15)
    _mix(albedo, band * ends * front * (0.45 + 0.5 * p.brow_weight), linear(p.brow))


def _eye(
    albedo: Field,
    gloss: Field,
    side: Field,
    y: Field,
    sign: float,
    s: Shape,
    e: Expression,
    p: Paint,
    pixel: float,
) -> None:
    """Paint one eye in place; `side` is the distance from the middle towards this eye."""
    wide = 0.165 * (1 + 0.06 * s.eye_size)
    tall = 0.072 * (1 + 0.12 * s.eye_size) * (1 - 0.85 * e.squint) + 0.004
    u = (side - s.eye_x) / wide
    v = y + 0.005 - 0.02 * s.eye_tilt * u - 0.012 * u
    arc = np.clip(1 - u * u, 0, 1)
    upper, lower = tall * arc**0.75, -0.75 * tall * arc
    soft = max(0.02, pixel)
    eye = _soft(upper - v, soft) * _soft(v - lower, soft) * (np.abs(u) < 1)
    lid_shadow = np.clip(1 - 0.55 * np.exp(-np.clip(upper - v, 0, 1) / 0.03), 0, 1)
    white = np.array([0.56, 0.52, 0.49], np.float32) * (lid_shadow * (1 - 0.3 * u * u))[:, None]
    _mix(albedo, eye, white)
    gaze = side - s.eye_x - 0.06 * e.gaze_x * sign
    distance = np.hypot(gaze, v - 0.008 - 0.03 * e.gaze_y)
    iris = _soft(0.074 - distance, soft) * eye
    rim = 0.45 + 0.55 * _soft(0.062 - distance, 0.03)
    _mix(albedo, iris, linear(p.iris)[None, :] * rim[:, None] * lid_shadow[:, None])
    _mix(albedo, _soft(0.032 - distance, soft) * eye, np.zeros(3, np.float32) + 0.004)
    glint = np.hypot(gaze + 0.02 * sign, v - 0.03)
    _mix(albedo, _soft(0.016 - glint, soft) * eye * 0.9, np.ones(3, np.float32))
    gloss -= 0.15 * eye
    lash = np.exp(-(((v - upper) / max(0.016 + 0.008 * p.lashes, 0.6 * pixel)) ** 2))
    lash *= _soft(1.12 - np.abs(u), 0.12)
    low = 0.45 * np.exp(-(((v - lower) / max(0.012, 0.6 * pixel)) ** 2)) * _soft(1 - np.abs(u), 0.2)
    dark = linear(p.brow) * 0.35
    _mix(albedo, np.clip((0.62 + 0.35 * p.lashes) * lash, 0, 1), dark)
    _mix(albedo, low, linear(p.skin) * 0.25)
    crease = np.exp(-(((v - 1.15 * upper - 0.045) / 0.014) ** 2)) * _soft(1 - np.abs(u), 0.3)
    albedo *= 1 - 0.35 * crease[:, None]


def _glasses(albedo: Field, gloss: Field, hits: Hits, s: Shape, p: Paint, pixel: float) -> None:
    x, y = hits.x, hits.y
    front = hits.z > 0.15
    half, tall, power = {
        "round": (0.23, 0.21, 2.0),
        "square": (0.27, 0.17, 4.0),
        "oval": (0.25, 0.15, 2.4),
        "sun": (0.29, 0.21, 3.0),
    }[p.glasses]
    u, v = (np.abs(x) - s.eye_x - 0.01) / half, (y + 0.03) / tall
    contour = (np.abs(u) ** power + np.abs(v) ** power) ** (1 / power)
    width = max(0.07, pixel / tall)
    rim = _soft(width - np.abs(contour - 1), width) * front
    bridge = _soft(0.02 - np.abs(y - 0.02), 0.02) * (np.abs(x) < s.eye_x - half + 0.03) * front
    temple = _soft(0.022 - np.abs(y - 0.03), 0.02) * (np.abs(x) > s.eye_x + half)
    temple *= np.abs(hits.angle) < 1.75
    if p.glasses == "sun":
        lens = _soft(1 - contour, 0.08) * front
        sheen = 0.02 + 0.05 * np.clip(v + 0.3 * u, 0, 1)
        _mix(albedo, lens * 0.97, sheen[:, None] * np.ones(3, np.float32))
        gloss += 0.8 * lens
    else:
        lens = _soft(1 - contour, 0.08) * front
        streak = _soft(0.15 - np.abs(u + 0.8 * v - 0.2), 0.2) * lens
        _mix(albedo, 0.05 * lens + 0.10 * streak, np.ones(3, np.float32))
    _mix(albedo, np.clip(rim + bridge + temple, 0, 1), linear(p.frame))

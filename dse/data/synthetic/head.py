"""The head as one surface: its radius around the vertical axis, over angle and height.

Units: 1 is about 9 cm; the head's origin lies on its axis at the height of the eyes. x goes to
the right of the picture, y up, z to the viewer; angle 0 looks at the viewer. The chin is near
y = -1.15, the top of the skull near 1.15, the cheekbones near x = +-0.78. Proportions follow
the usual anthropometric means (eyes at half the height, nose base at two fifths of the way
from eyes to chin).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

__all__ = ["BOTTOM", "TOP", "Expression", "Grid", "Pose", "Shape", "face_box", "grid", "sculpt"]

Field = NDArray[np.float32]
TOP, BOTTOM = 1.95, -3.0
"""Heights of the first and the last row of every surface, in head units."""

_ROWS = np.array([0.25, 0.0, -0.2, -0.5, -0.8, -1.0, -1.12, -1.22, -1.35, -1.7, -2.2, -3.0])
_HALF_WIDTH = np.array([0.77, 0.78, 0.79, 0.75, 0.63, 0.45, 0.33, 0.38, 0.42, 0.43, 0.5, 0.5])
_JAW = np.array([0.0, 0.0, 0.0, 0.35, 1.0, 0.9, 0.7, 0.2, 0.0, 0.0, 0.0, 0.0])
_FRONT = np.array([0.86, 0.79, 0.77, 0.79, 0.79, 0.77, 0.70, 0.50, 0.38, 0.36, 0.36, 0.36])
_BACK = np.array([1.02, 1.0, 0.92, 0.75, 0.6, 0.55, 0.53, 0.52, 0.52, 0.52, 0.55, 0.55])


@dataclass(frozen=True)
class Shape:
    """Identity: what a skull and its flesh look like. 0 is the mean, +-1 usual, +-2 rare."""

    width: float = 0.0
    jaw: float = 0.0
    chin: float = 0.0
    crown: float = 0.0
    nose_length: float = 0.0
    nose_width: float = 0.0
    nose_out: float = 0.0
    eye_gap: float = 0.0
    eye_size: float = 0.0
    eye_tilt: float = 0.0
    eye_depth: float = 0.0
    brow: float = 0.0
    cheek: float = 0.0
    lips: float = 0.0
    mouth_width: float = 0.0
    age: float = 0.3
    """0 child-smooth, 1 deeply wrinkled."""

    @property
    def half_width(self) -> float:
        """Half the width at the cheekbones, head units."""
        return 0.78 * (1 + 0.05 * self.width)

    @property
    def chin_y(self) -> float:
        """Height of the chin."""
        return -1.14 - 0.05 * self.chin

    @property
    def top_y(self) -> float:
        """Height of the top of the bald skull."""
        return 1.15 + 0.05 * self.crown

    @property
    def eye_x(self) -> float:
        """Distance of each eye from the middle."""
        return 0.345 + 0.018 * self.eye_gap

    @property
    def nose_y(self) -> float:
        """Height of the base of the nose."""
        return -0.47 - 0.04 * self.nose_length

    @property
    def mouth_y(self) -> float:
        """Height of the line between the lips."""
        return -0.74 - 0.02 * self.nose_length

    @property
    def mouth_half(self) -> float:
        """Half the width of the mouth at rest."""
        return 0.29 + 0.025 * self.mouth_width


@dataclass(frozen=True)
class Expression:
    """smile, mouth_open, squint in 0..1 (squint 1 is closed); gaze in -1..1; brow -1..1."""

    smile: float = 0.0
    mouth_open: float = 0.0
    squint: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0
    brow: float = 0.0


@dataclass(frozen=True)
class Pose:
    """Radians. yaw > 0 turns to the picture's right, pitch > 0 looks up, roll > 0 leans right.

    distance: of the camera, in head units; near ones bend the proportions.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    distance: float = 14.0

    def matrix(self) -> NDArray[np.float64]:
        """(3, 3) rotation from head axes to view axes."""
        cy, sy = np.cos(self.yaw), np.sin(self.yaw)
        cp, sp = np.cos(self.pitch), np.sin(self.pitch)
        cr, sr = np.cos(self.roll), np.sin(self.roll)
        turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        nod = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
        lean = np.array([[cr, sr, 0], [-sr, cr, 0], [0, 0, 1]])
        return np.asarray(lean @ nod @ turn)


@dataclass(frozen=True)
class Grid:
    """Cells of a surface: angle (columns,), height (rows,), both float32, with sines."""

    angle: Field
    height: Field
    sine: Field
    cosine: Field


def grid(rows: int, columns: int) -> Grid:
    """A grid from TOP to BOTTOM and once around."""
    angle = np.linspace(-np.pi, np.pi, columns, dtype=np.float32)
    height = np.linspace(TOP, BOTTOM, rows, dtype=np.float32)
    return Grid(angle, height, np.sin(angle), np.cos(angle))


def skull(shape: Shape, height: Field, sine: Field, cosine: Field, swell: float = 0.0) -> Field:
    """(rows, columns) radius of the head without features; `swell` raises the crown by a part."""
    base = 0.25
    y = np.where(height > base, base + (height - base) / (1 + swell), height)
    # the jaw and chin rows follow the chin's height
    rows = np.where((_ROWS < -0.6) & (_ROWS > -1.5), _ROWS * (-shape.chin_y / 1.14), _ROWS)
    dome = np.sqrt(np.clip(1 - ((y - base) / (shape.top_y - base)) ** 2, 0, 1))
    dome = np.where(y > base, dome**0.92, 1.0)
    widths = _HALF_WIDTH * (1 + 0.05 * shape.width + 0.10 * shape.jaw * _JAW)
    width = np.interp(y, rows[::-1], widths[::-1]) * dome
    front = np.interp(y, rows[::-1], _FRONT[::-1]) * dome
    back = np.interp(y, rows[::-1], _BACK[::-1]) * dome
    blur = 0.045 * len(height) / (TOP - BOTTOM)
    width, front, back = (gaussian_filter1d(v, blur, mode="nearest") for v in (width, front, back))
    depth = np.where(cosine[None, :] > 0, front[:, None], back[:, None]) + 1e-4
    across = np.abs(sine[None, :]) / (width[:, None] + 1e-4)
    power = 2.25
    radius = (across**power + (np.abs(cosine)[None, :] / depth) ** power) ** (-1 / power)
    empty = (y > shape.top_y)[:, None]
    return np.asarray(np.where(empty, -0.15, radius), np.float32)


def sculpt(shape: Shape, face: Expression, cells: Grid) -> Field:
    """(rows, columns) radius of the naked head: skull, features, wrinkles, ears."""
    radius = skull(shape, cells.height, cells.sine, cells.cosine)
    front = np.flatnonzero(cells.cosine > 0.1)
    rows = np.flatnonzero((cells.height < 0.8) & (cells.height > -1.5))
    window = np.ix_(rows, front)
    x = radius[window] * cells.sine[front]
    y = np.broadcast_to(cells.height[rows][:, None], x.shape)
    radius[window] += _features(shape, face, x, y) * np.clip(cells.cosine[front] * 2, 0, 1)
    _ears(shape, cells, radius)
    return radius


def _bump(x: NDArray[Any], y: NDArray[Any], cx: float, cy: float, sx: float, sy: float) -> Field:
    return np.exp(-(((x - cx) / sx) ** 2) - ((y - cy) / sy) ** 2, dtype=np.float32)


def _features(s: Shape, e: Expression, x: Field, y: Field) -> Field:
    """Relief of the face over the skull, head units; x, y are frontal coordinates."""
    side = np.abs(x)
    relief = -(0.135 + 0.03 * s.eye_depth) * _bump(side, y, s.eye_x - 0.03, 0.03, 0.21, 0.15)
    relief += 0.075 * _bump(side, y, s.eye_x, -0.01, 0.15, 0.10)
    relief += (0.035 + 0.03 * s.brow) * _bump(side, y, 0.30, 0.25 + 0.03 * e.brow, 0.30, 0.085)
    relief += (0.04 + 0.03 * s.cheek + 0.05 * e.smile) * _bump(side, y, 0.48, -0.30, 0.2, 0.17)
    relief -= (0.02 + 0.05 * max(-s.cheek, 0)) * _bump(side, y, 0.52, -0.68, 0.16, 0.2)
    relief += _nose(s, x, y)
    relief += _mouth(s, e, x, y)
    relief += (0.06 + 0.02 * s.chin) * _bump(x, y, 0.0, s.chin_y + 0.14, 0.20, 0.13)
    fold = side - (0.21 + 0.24 * (s.nose_y - y) * 2.2 * (0.5 + 0.2 * e.smile))
    depth = 0.012 + 0.03 * s.age + 0.035 * e.smile
    relief -= depth * np.exp(-((fold / 0.05) ** 2)) * _bump(0 * y, y, 0, -0.58, 1.0, 0.17)
    relief -= (0.01 + 0.03 * s.age) * _bump(side, y, 0.33, -0.21 + 0.1 * (0), 0.15, 0.035)
    if s.age > 0.5:
        lines = np.sin((y + 0.03 * np.cos(5 * x)) * 52) * _bump(x, y, 0, 0.5, 0.42, 0.15)
        relief += 0.012 * (s.age - 0.4) * lines
        relief -= 0.03 * (s.age - 0.4) * _bump(side, y, 0.05, 0.2, 0.02, 0.09)
    return np.asarray(relief, np.float32)


def _nose(s: Shape, x: Field, y: Field) -> Field:
    tip_y = s.nose_y + 0.10
    bridge = np.clip((0.14 - y) / (0.14 - tip_y), 0, 1)
    out = (0.36 + 0.05 * s.nose_out) * (0.16 + 0.84 * bridge**1.2)
    # below the tip the underside falls back to the lip within a short distance
    below = np.clip((y - (s.nose_y - 0.02)) / 0.10, 0, 1)
    out = out * below * below * (3 - 2 * below) * np.clip((0.36 - y) / 0.25, 0, 1)
    wide = 0.075 + 0.055 * bridge + 0.012 * s.nose_width
    ridge = out * np.exp(-(np.abs(x / wide) ** 2.2))
    wings = 0.12 * _bump(np.abs(x), y, 0.135 + 0.022 * s.nose_width, s.nose_y + 0.07, 0.065, 0.07)
    return np.asarray(np.maximum(ridge, wings + 0.35 * ridge), np.float32)


def _mouth(s: Shape, e: Expression, x: Field, y: Field) -> Field:
    full = 0.055 + 0.018 * s.lips
    lift = 0.10 * e.smile * (np.abs(x) / 0.3) ** 2
    middle = y - s.mouth_y - lift
    wide = s.mouth_half + 0.06 * e.smile
    gap = 0.10 * e.mouth_open
    muzzle = 0.05 * _bump(x, y, 0.0, s.mouth_y, 0.30, 0.22)
    upper = full * _bump(x, middle, 0.0, 0.055 + gap * 0.4, wide * 0.75, 0.05)
    lower = 1.15 * full * _bump(x, middle, 0.0, -0.075 - gap, wide * 0.6, 0.06)
    seam = -0.045 * _bump(x, middle, 0.0, 0.0, wide, 0.022)
    hollow = -0.10 * e.mouth_open * _bump(x, middle, 0.0, -0.04 - gap / 2, wide * 0.7, 0.03 + gap)
    under = -0.04 * _bump(x, y, 0.0, s.mouth_y - 0.17 - gap, 0.2, 0.05)
    philtrum = -0.014 * _bump(x, y, 0.0, s.nose_y - 0.10, 0.03, 0.07)
    corners = -0.03 * _bump(np.abs(x), y, wide + 0.02, s.mouth_y + 0.1 * e.smile, 0.04, 0.06)
    return np.asarray(
        muzzle + upper + lower + seam + hollow + under + philtrum + corners, np.float32
    )


def _ears(s: Shape, cells: Grid, radius: Field) -> None:
    """Add both ears in place: a tilted ridge at the side with a hollow in it."""
    rows = np.flatnonzero((cells.height < 0.3) & (cells.height > -0.6))
    y = cells.height[rows][:, None]
    for sign in (-1, 1):
        columns = np.flatnonzero(np.abs(cells.angle * sign - 1.75) < 0.5)
        around = cells.angle[columns] * sign
        off = around[None, :] - (1.72 + 0.2 * (y + 0.1))
        ridge = 0.17 * np.exp(-((off / 0.15) ** 2) - np.abs((y + 0.12) / 0.30) ** 4)
        hollow = 0.09 * np.exp(-(((off + 0.05) / 0.07) ** 2) - ((y + 0.08) / 0.16) ** 2)
        radius[np.ix_(rows, columns)] += ridge - hollow


_BOX_ANGLE, _BOX_HEIGHT = (
    part.ravel().astype(np.float32)
    for part in np.meshgrid(np.linspace(-1.65, 1.65, 11), np.linspace(0, 1, 12))
)


def face_box(shape: Shape, pose: Pose) -> tuple[float, float, float, float]:
    """left, top, right, bottom of the face in view axes (y down), head units from its origin.

    The face is chin to the top of the bald forehead and ear to ear without the ears, as FDDB's
    ellipses are drawn (Jain and Learned-Miller, FDDB, 2010, guidelines): the box is that of the
    ellipsoid's visible points, so it follows yaw, pitch and roll.
    """
    low, high = shape.chin_y, shape.top_y - 0.07
    y = low + _BOX_HEIGHT * (high - low)
    middle, half = (low + high) / 2, (high - low) / 2
    round_off = np.sqrt(np.clip(1 - ((y - middle) / half) ** 2, 0, 1))
    x = (shape.half_width - 0.02) * np.sin(_BOX_ANGLE) * round_off
    z = 0.84 * np.cos(_BOX_ANGLE) * round_off
    view = np.stack([x, y, z], 1) @ pose.matrix().T
    grow = 1 / (1 - view[:, 2] / pose.distance)
    u, v = view[:, 0] * grow, -view[:, 1] * grow
    return float(u.min()), float(v.min()), float(u.max()), float(v.max())

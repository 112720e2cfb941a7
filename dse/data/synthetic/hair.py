"""What lies over the skin: hair of many styles, beards, hats, scarves and masks.

Each is a cover, 0..1 over the cells of a head's surface, and a thickness by which the surface
grows where it is covered. So hair, hats and masks turn, bend light and cast shadows with the head.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, maximum_filter

from dse.data.synthetic.head import Grid, Shape, skull
from dse.data.synthetic.noise import TILE, grain

__all__ = ["COVERS", "HATS", "STYLES", "Beard", "Hair", "dress"]

Field = NDArray[np.float32]
COVERS = ("hair", "beard", "cloth", "mask")
"""Channels of a cover, in order."""
HATS = ("none", "cap", "beanie", "brim", "scarf", "helmet", "turban")


@dataclass(frozen=True)
class Hair:
    """line: height of the hairline at the forehead; end: height where side and back hair ends.

    top, side: thickness; fringe: how far it falls over the forehead, 0..1; part: angle of the
    parting; temple: how far the hairline recedes beside the middle; open: angle at which long
    hair leaves the face free; curl: roughness; bald: True leaves only a wreath (or nothing).
    """

    line: float = 0.66
    end: float = -0.75
    top: float = 0.10
    side: float = 0.06
    fringe: float = 0.0
    part: float = 0.4
    temple: float = 0.1
    open: float = 1.1
    curl: float = 0.2
    bald: bool = False


STYLES: dict[str, Hair] = {
    "shaved": Hair(0.66, -0.6, 0.015, 0.012, curl=0.0),
    "crew": Hair(0.68, -0.6, 0.07, 0.03, curl=0.1),
    "parted": Hair(0.68, -0.75, 0.13, 0.07, 0.2, 0.5, curl=0.2),
    "receding": Hair(0.80, -0.7, 0.07, 0.05, temple=0.3, curl=0.2),
    "wreath": Hair(1.3, -0.7, 0.03, 0.07, bald=True, curl=0.3),
    "bald": Hair(1.3, 1.3, 0.0, 0.0, bald=True),
    "fringe": Hair(0.6, -0.85, 0.14, 0.12, 0.9, 0.0, curl=0.15),
    "bob": Hair(0.66, -1.15, 0.16, 0.20, 0.5, 0.6, open=1.05, curl=0.2),
    "long": Hair(0.68, -2.6, 0.13, 0.17, 0.3, 0.4, open=1.1, curl=0.25),
    "tied": Hair(0.70, -0.7, 0.08, 0.05, 0.05, 0.2, curl=0.1),
    "curly": Hair(0.64, -1.4, 0.27, 0.33, 0.4, 0.2, open=1.1, curl=1.0),
    "afro": Hair(0.62, -0.8, 0.45, 0.42, 0.1, 0.0, open=1.15, curl=0.8),
    "mop": Hair(0.62, -0.8, 0.2, 0.17, 0.7, -0.3, curl=0.6),
}


@dataclass(frozen=True)
class Beard:
    """cheek: beard on cheeks and jaw, moustache, chin: each 0..1; length: thickness."""

    cheek: float = 0.0
    moustache: float = 0.0
    chin: float = 0.0
    length: float = 0.05


def dress(
    shape: Shape, naked: Field, cells: Grid, hair: Hair, beard: Beard, hat: str, mask: bool
) -> tuple[Field, Field]:
    """(rows, columns) outer radius and (rows, columns, 4) covers, in the order of COVERS."""
    covers = np.zeros((*naked.shape, len(COVERS)), np.float32)
    radius = naked.copy()
    if beard.cheek + beard.moustache + beard.chin > 0:
        covers[..., 1] = _beard_cover(shape, naked, cells, beard)
        radius += covers[..., 1] * beard.length
    if mask:
        covers[..., 3], over = _mask(shape, naked, cells)
        radius += covers[..., 3] * np.maximum(over - radius, 0.015)
        covers[..., 1] *= 1 - covers[..., 3]
    if hat != "scarf" and hair.top + hair.side > 0:
        cover, over = _hair(shape, cells, hair)
        grown = cover * np.maximum(over - np.maximum(radius, -0.15), 0)
        radius += grown
        # the flank of thick hair is hair too, not skin
        cover = np.maximum(cover, maximum_filter(np.clip(grown * 9 - 0.3, 0, 1), 3))
        covers *= 1 - cover[..., None]
        covers[..., 0] = cover
    if hat != "none":
        cover, over = _scarf(shape, naked, cells) if hat == "scarf" else _hat(shape, cells, hat)
        grown = cover * np.maximum(over - radius, 0.01 - 0.5 * covers[..., 0] * hair.top)
        radius += grown
        cover = np.maximum(cover, maximum_filter(np.clip(grown * 14 - 0.3, 0, 1), 3))
        covers *= 1 - cover[..., None]
        covers[..., 2] = cover
    crown = shape.top_y + (0.9 * hair.top if hat == "none" else 0.45)
    radius[cells.height > max(crown, shape.top_y)] = -0.15
    return radius, covers


def _step(value: NDArray[Any], width: float) -> Field:
    ramp = np.clip(0.5 + value / width, 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), np.float32)


def _cell_noise(cells: Grid, across: float, along: float, slope: float) -> Field:
    tile = grain(slope)
    columns = (cells.angle * across * 40).astype(int) % TILE
    rows = (cells.height * along * 40).astype(int) % TILE
    return np.asarray(tile[np.ix_(rows, columns)])


def _hair(shape: Shape, cells: Grid, hair: Hair) -> tuple[Field, Field]:
    around = np.abs(cells.angle)
    y = cells.height[:, None]
    long = hair.end < -0.95
    knots = [0.0, 0.35, 0.75, 0.95, 1.2, 1.4, 1.6, 1.95, 2.25, np.pi]
    ear = hair.end if long else 0.12
    burn = hair.end if long else -0.05
    side = hair.end if long and hair.open < 1.15 else 0.1
    temple = hair.line + 0.12 * (hair.temple > 0.2)
    line = [hair.line, temple, hair.line - 0.14 + hair.temple, 0.38 + hair.temple * 0.6, side]
    line += [burn, ear, ear, hair.end, hair.end]
    if hair.bald:
        line = [1.3, 1.3, 1.3, 1.2, 0.55, 0.1, 0.15, 0.15, hair.end, hair.end]
    edge = np.interp(around, knots, line)
    if hair.fringe > 0:
        swept = np.exp(-(((cells.angle - hair.part) / 0.75) ** 4))
        edge = edge - hair.fringe * 0.36 * swept * (around < 1.1)
    noise = _cell_noise(cells, 2.0, 0.4, 1.0)
    cover = _step(y - edge[None, :] + 0.04 * noise * (0.5 + hair.curl), 0.12)
    if hair.bald:
        cover *= _step(0.62 - y + 0 * noise, 0.4)
    blend = _step(y - 0.3 + 0 * noise, 0.8)
    thick = hair.side + (hair.top - hair.side) * blend
    base = skull(shape, cells.height, cells.sine, cells.cosine, swell=hair.top * 0.85)
    if long:
        hang = 0.80 - 0.10 * np.clip(-y - 0.6, 0, 2) + 0.03 * noise
        base = np.where(y < 0.0, np.maximum(base, np.broadcast_to(hang, base.shape)), base)
    rough = _cell_noise(cells, 1.2, 1.2, 1.4) * 0.09 * hair.curl * (thick > 0.03)
    flow = 0.015 * noise * min(1.0, hair.side * 12)
    closed = np.clip(base * 6, 0, 1)  # where the dome closes, nothing stands up
    over = base + closed * (thick * (1 + rough * 2) + rough * 0.5 + flow)
    return cover, np.asarray(over, np.float32)


def _beard_cover(shape: Shape, naked: Field, cells: Grid, beard: Beard) -> Field:
    y = cells.height[:, None]
    x = np.abs(naked * cells.sine[None, :])
    around = np.abs(cells.angle)[None, :]
    noise = 0.035 * _cell_noise(cells, 2.0, 1.0, 0.8)
    facing = (cells.cosine > -0.1)[None, :] * (y > -1.3)
    top = np.interp(around[0], [0.0, 0.45, 0.8, 1.15, 1.4], [-0.9, -0.75, -0.55, -0.3, 0.05])
    cheek = _step(top[None, :] - y + noise, 0.10) * _step(y - shape.chin_y + 0.06 + noise, 0.08)
    lip_top = (shape.nose_y + shape.mouth_y) / 2 - 0.01
    droop = 0.5 * np.maximum(x - 0.15, 0)
    moustache = _step(0.075 - np.abs(y - lip_top + droop) + noise * 0.5, 0.05)
    moustache *= _step(shape.mouth_half + 0.04 - x + noise, 0.08)
    chin = _step(0.26 - x + noise, 0.08) * _step(shape.mouth_y - 0.14 - y + noise, 0.08)
    chin *= _step(y - shape.chin_y + 0.08, 0.08)
    parts = np.maximum.reduce([beard.cheek * cheek, beard.moustache * moustache, beard.chin * chin])
    mouth = _step(1 - (x / (shape.mouth_half * 0.95)) ** 2 - ((y - shape.mouth_y) / 0.10) ** 2, 0.3)
    free = 1 - np.where(y > shape.mouth_y + 0.055, 0, mouth)
    return np.asarray(parts * facing * free, np.float32)


def _mask(shape: Shape, naked: Field, cells: Grid) -> tuple[Field, Field]:
    y = cells.height[:, None]
    around = np.abs(cells.angle)[None, :]
    upper = -0.22 - 0.10 * around**2
    lower = shape.chin_y - 0.06 + 0.30 * around**2
    cover = _step(upper - y, 0.03) * _step(y - lower, 0.03)
    straps = np.abs(y - (-0.05 - 0.14 * (1.7 - around))) < 0.02
    straps = straps | (np.abs(y - (-0.28 - 0.35 * (1.7 - around))) < 0.02)
    cover = np.maximum(cover, straps * ((around > 0.9) & (around < 1.6)))
    smooth = gaussian_filter(np.maximum(naked, 0), (5, 5)) + 0.04
    pleats = 0.008 * np.sin(y * 40)
    return np.asarray(cover, np.float32), np.asarray(smooth + pleats, np.float32)


def _hat(shape: Shape, cells: Grid, hat: str) -> tuple[Field, Field]:
    y = cells.height[:, None]
    c = cells.cosine[None, :]
    swell, thick, line = {
        "cap": (0.16, 0.07, 0.52),
        "beanie": (0.22, 0.07, 0.46),
        "brim": (0.30, 0.05, 0.56),
        "helmet": (0.26, 0.17, 0.48),
        "turban": (0.38, 0.20, 0.50),
    }[hat]
    edge = line - 0.18 * (1 - c) / 2 * (hat in ("cap", "beanie", "helmet"))
    over = skull(shape, cells.height, cells.sine, cells.cosine, swell)
    over += thick * np.clip(over * 6, 0, 1)
    if hat == "turban":
        over += 0.03 * np.sin((y + 0.5 * cells.sine[None, :]) * 26)
    if hat in ("cap", "brim"):
        reach = 0.62 if hat == "brim" else 0.60 * np.clip((c - 0.35) * 2.2, 0, 1) ** 0.5
        brim = _step(0.055 - np.abs(y - edge + 0.02 * c), 0.04)
        over += reach * brim
        edge = edge - 0.05
    return _step(y - edge + 0 * over, 0.03), np.asarray(over, np.float32)


def _scarf(shape: Shape, naked: Field, cells: Grid) -> tuple[Field, Field]:
    y = cells.height[:, None]
    x = naked * cells.sine[None, :]
    face = (np.abs(x) / 0.64) ** 2.2 + (np.abs(y + 0.28) / 0.88) ** 2.2
    cover = np.where(cells.cosine[None, :] > 0.0, _step(face - 1, 0.06), 1.0)
    over = skull(shape, cells.height, cells.sine, cells.cosine, 0.12) + 0.07
    drape = 0.74 + 0.25 * np.clip(-y - 1.2, 0, 1.2)
    over = np.where(y < -0.3, np.maximum(over, drape), over)
    over = over + 0.018 * _cell_noise(cells, 1.0, 0.5, 1.2)
    return np.asarray(cover, np.float32), np.asarray(over, np.float32)

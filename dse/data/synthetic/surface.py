"""Seeing a head: rays against the surface, its slopes, and the shadows it throws on itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, maximum_filter

from dse.data.synthetic.head import BOTTOM, TOP, Grid, Pose

__all__ = ["Hits", "Surface", "make_surface", "shadow", "trace"]

Field = NDArray[np.float32]
_FAR = -1.9
"""Depth behind which a ray has missed, head units."""


@dataclass(frozen=True)
class Surface:
    """radius: (rows, columns); cells: (rows * columns, 8) radius, slope over angle, slope over
    height, cavity (how much lower than its surroundings), and the four covers."""

    radius: Field
    cells: Field


@dataclass(frozen=True)
class Hits:
    """What the rays met, n of them: flat indices into the picture of rays, head coordinates
    (n,), angle (n,), normals in view axes (n, 3), cavity (n,) and covers (n, 4)."""

    index: NDArray[np.intp]
    x: Field
    y: Field
    z: Field
    angle: Field
    normal: Field
    cavity: Field
    cover: Field


def make_surface(radius: Field, covers: Field, cells: Grid) -> Surface:
    """Tables of a dressed head, ready for lookups."""
    step_angle = float(cells.angle[1] - cells.angle[0])
    step_height = float(cells.height[1] - cells.height[0])
    slope_height, slope_angle = np.gradient(radius, step_height, step_angle)
    spread = 0.11 / abs(step_height)
    cavity = gaussian_filter(radius, spread, mode=("nearest", "wrap")) - radius
    stack = np.dstack([radius, slope_angle, slope_height, cavity, covers])
    table = np.ascontiguousarray(stack.reshape(-1, 8), np.float32)
    return Surface(np.ascontiguousarray(radius), table)


def _places(surface: Surface, angle: Field, y: Field) -> tuple[Field, Field]:
    rows, columns = surface.radius.shape
    column = (angle + np.float32(np.pi)) * np.float32((columns - 1) / (2 * np.pi))
    row = np.clip((TOP - y) * np.float32((rows - 1) / (TOP - BOTTOM)), 0, rows - 1.001)
    return np.clip(column, 0, columns - 1.001), row


def _nearest(surface: Surface, angle: Field, y: Field) -> Field:
    column, row = _places(surface, angle, y)
    columns = surface.radius.shape[1]
    index = (row + 0.5).astype(np.int32) * columns + (column + 0.5).astype(np.int32)
    return np.asarray(surface.radius.ravel().take(index, mode="clip"))


def _bilinear(table: Field, surface: Surface, angle: Field, y: Field) -> Field:
    """`table` (rows * columns,) or (rows * columns, k) between the cells; (n,) or (n, k)."""
    column, row = _places(surface, angle, y)
    left, top = column.astype(np.int32), row.astype(np.int32)
    fx, fy = column - left.astype(np.float32), row - top.astype(np.float32)
    if table.ndim == 2:
        fx, fy = fx[:, None], fy[:, None]
    columns = surface.radius.shape[1]
    index = top * columns + left
    upper = table.take(index, axis=0, mode="clip")
    lower = table.take(index + columns, axis=0, mode="clip")
    upper += (table.take(index + 1, axis=0, mode="clip") - upper) * fx
    lower += (table.take(index + columns + 1, axis=0, mode="clip") - lower) * fx
    upper += (lower - upper) * fy
    return np.asarray(upper, np.float32)


def _march(
    surface: Surface, origin: Field, along: Field, depth: Field, steps: int, fine: bool
) -> tuple[Field, Field]:
    """Move `depth` (n,) of rays origin (n, 3) + depth * along (n, 3) onto the surface.

    Returns the depth and the last gap (distance over the surface)."""
    radius = surface.radius.ravel()
    gap = np.zeros_like(depth)
    for _ in range(steps):
        x = origin[:, 0] + depth * along[:, 0]
        y = origin[:, 1] + depth * along[:, 1]
        z = origin[:, 2] + depth * along[:, 2]
        angle = np.arctan2(x, z)
        here = _bilinear(radius, surface, angle, y) if fine else _nearest(surface, angle, y)
        gap = np.sqrt(x * x + z * z) - here
        depth = depth - np.clip(0.7 * gap, -0.08, 0.30)
    return depth, gap


def _rays(pose: Pose, across: Field, up: Field) -> tuple[Field, Field]:
    """Head-frame origin and direction, (n, 3) each, of view positions across, up (n,)."""
    turn = pose.matrix().astype(np.float32)
    flat = np.stack([across, up, np.zeros_like(up)], 1) @ turn
    along = turn[2][None, :] - flat / np.float32(pose.distance)
    return flat, along


def trace(surface: Surface, pose: Pose, across: Field, up: Field) -> Hits:
    """Where the rays of a picture meet the head.

    across, up: (height, width) view coordinates of the pixels, head units.
    """
    shape = across.shape
    coarse = max(1, min(3, min(shape) // 24))
    low_across, low_up = across[::coarse, ::coarse], up[::coarse, ::coarse]
    origin, along = _rays(pose, low_across.ravel(), low_up.ravel())
    start = np.full(low_up.size, 1.7, np.float32)
    depth, _ = _march(surface, origin, along, start, 15, fine=False)
    near = maximum_filter(depth.reshape(low_up.shape), 3)
    if coarse > 1:
        near = near.repeat(coarse, 0).repeat(coarse, 1)[: shape[0], : shape[1]]
    index = np.flatnonzero(near.ravel() > _FAR)
    origin, along = _rays(pose, across.ravel()[index], up.ravel()[index])
    depth, gap = _march(surface, origin, along, near.ravel()[index] + 0.02, 7, fine=True)
    keep = (gap < 0.3) & (depth > _FAR)
    index, depth = index[keep], depth[keep]
    point = origin[keep] + depth[:, None] * along[keep]
    return _hits(surface, pose, index, point)


def _hits(surface: Surface, pose: Pose, index: NDArray[np.intp], point: Field) -> Hits:
    x, y, z = point[:, 0], point[:, 1], point[:, 2]
    angle = np.arctan2(x, z)
    found = _bilinear(surface.cells, surface, angle, y)
    radius = np.maximum(found[:, 0], 0.08)
    sine, cosine = np.sin(angle), np.cos(angle)
    turn = found[:, 1] / radius
    normal = np.stack([sine - turn * cosine, -found[:, 2], cosine + turn * sine], 1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    view = normal @ pose.matrix().astype(np.float32).T
    return Hits(index, x, y, z, angle, view, found[:, 3], found[:, 4:8])


def shadow(surface: Surface, hits: Hits, pose: Pose, light: Field, softness: float) -> Field:
    """(n,) 1 where the light (3,) in view axes reaches the hit, 0 where the head is in between."""
    toward = (pose.matrix().T @ light).astype(np.float32)
    clear = np.ones_like(hits.x)
    for reach in (0.07, 0.14, 0.24, 0.38, 0.56, 0.85):
        x, y, z = (
            hits.x + reach * toward[0],
            hits.y + reach * toward[1],
            hits.z + reach * toward[2],
        )
        above = np.sqrt(x * x + z * z) - _nearest(surface, np.arctan2(x, z), y)
        clear = np.minimum(clear, 0.85 + (above - 0.01) / (softness * reach))
    return np.asarray(np.clip(clear, 0, 1), np.float32)

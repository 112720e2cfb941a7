"""Smooth random fields: the raw material of hair, cloth, foliage, walls and wrinkles.

One tile of periodic noise per kind is made once per process from a fixed seed; scenes read it
at their own places and scales, which costs a lookup instead of a transform.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["TILE", "grain", "lookup", "spectral"]

Field = NDArray[np.float32]
TILE = 256
"""Side of a noise tile, in samples."""


def spectral(side: int, slope: float, seed: int) -> Field:
    """Periodic noise (side, side) whose amplitude falls as 1/frequency**slope; mean 0, sd 1."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.rfftfreq(side), indexing="ij"))
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.standard_normal((side, side))) * frequency**-slope
    field = np.fft.irfft2(spectrum, s=(side, side))
    return np.asarray((field - field.mean()) / field.std(), np.float32)


@lru_cache(maxsize=32)
def _tile(tenths: int) -> Field:
    return spectral(TILE, tenths / 10, tenths)


def grain(slope: float) -> Field:
    """The process-wide tile (TILE, TILE) of this slope (to a tenth), mean 0, sd 1."""
    return _tile(round(slope * 10))


def lookup(tile: Field, column: NDArray[Any], row: NDArray[Any]) -> Field:
    """The tile at `column`, `row` (samples, any shape, wrapped), bilinear."""
    x0, y0 = np.floor(column), np.floor(row)
    fx, fy = (column - x0).astype(np.float32), (row - y0).astype(np.float32)
    left, top = x0.astype(np.int32) & (TILE - 1), y0.astype(np.int32) & (TILE - 1)
    right, bottom = (left + 1) & (TILE - 1), (top + 1) & (TILE - 1)
    upper = tile[top, left] * (1 - fx) + tile[top, right] * fx
    lower = tile[bottom, left] * (1 - fx) + tile[bottom, right] * fx
    return np.asarray(upper * (1 - fy) + lower * fy, np.float32)

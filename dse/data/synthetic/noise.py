"""Smooth random fields: the raw material of hair, cloth, foliage, walls and wrinkles.

One tile of periodic noise per kind is made once per process from a fixed seed; scenes read it
at their own places and scales, which costs a lookup instead of a transform.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["TILE", "grain", "lookup", "nearest", "spectral"]

Field = NDArray[np.float32]
TILE = 256
"""Side of a noise tile, in samples; a power of two."""
_STRIDE = TILE + 1


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
    field = np.pad(spectral(TILE, tenths / 10, tenths), (0, 1), mode="wrap")
    field.flags.writeable = False
    return field


def grain(slope: float) -> Field:
    """The process-wide tile of this slope (to a tenth), mean 0, sd 1.

    (TILE + 1, TILE + 1): its first row and column come again at the end.
    """
    return _tile(round(slope * 10))


def lookup(tile: Field, column: NDArray[Any], row: NDArray[Any]) -> Field:
    """The tile at `column`, `row` (samples, any shape, wrapped), bilinear."""
    left, top = np.floor(column), np.floor(row)
    fx, fy = (column - left).astype(np.float32), (row - top).astype(np.float32)
    corner = (top.astype(np.int32) & (TILE - 1)) * _STRIDE + (left.astype(np.int32) & (TILE - 1))
    flat = tile.ravel()
    upper, lower = flat.take(corner), flat.take(corner + _STRIDE)
    upper += (flat.take(corner + 1) - upper) * fx
    lower += (flat.take(corner + _STRIDE + 1) - lower) * fx
    upper += (lower - upper) * fy
    return np.asarray(upper, np.float32)


def nearest(tile: Field, column: NDArray[Any], row: NDArray[Any]) -> Field:
    """The tile's sample at `column`, `row`, wrapped: faster, for fine noise."""
    index = (row.astype(np.int32) & (TILE - 1)) * _STRIDE + (column.astype(np.int32) & (TILE - 1))
    return tile.ravel().take(index)

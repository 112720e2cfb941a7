"""Uint8 grids: how the K210's compiler places 256 levels on a range of numbers.

The rules are nncase 1.9.0's (src/evaluator/quantizer.cpp and
modules/k210/src/transforms/k210/kpu_conv2d.cpp), kept to the rounding of a half.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEVELS", "PICTURE_GRID", "Grid", "Range", "quantize_kernel"]

Range = tuple[float, float]
"""Lowest and highest value of a tensor."""

LEVELS = 255
"""Steps between the lowest and the highest uint8."""

WEIGHT_ZERO_POINT = 128
"""The level that means 0 in every kernel."""

SMALLEST_WEIGHT = 0.01
"""A channel's weights span at least minus this to plus this."""

EMPTY_WIDTH = 0.1
"""Width given to a range that holds the single value 0."""

SMALLEST_WIDTH = 1e-30
"""Narrower ranges count as empty too: a step of theirs is no normal float32."""


def _round_half_up(value: float) -> int:
    """As C's `round` of a number that is not negative."""
    return math.floor(value + 0.5)


@dataclass(frozen=True)
class Grid:
    """Level q stands for (q - zero_point) * scale."""

    scale: float
    zero_point: int

    @classmethod
    def of_range(cls, low: float, high: float) -> Grid:
        """The grid of 256 levels over [low, high], stretched so that it holds 0."""
        low, high = min(low, 0.0), max(high, 0.0)
        width = high - low
        if width < SMALLEST_WIDTH:
            low, width = 0.0, EMPTY_WIDTH
        return cls(float(np.float32(width / LEVELS)), _round_half_up(-low * LEVELS / width))

    @property
    def lowest(self) -> int:
        """The lowest level, counted from the zero point."""
        return -self.zero_point

    @property
    def highest(self) -> int:
        """The highest level, counted from the zero point."""
        return LEVELS - self.zero_point


PICTURE_GRID = Grid.of_range(-1.0, 1.0)
"""Pixels 0..255 as they are: (p - 128) * 2 / 255. The compiler is told the range [-1, 1]."""


def quantize_kernel(
    kernel: NDArray[np.float32], *, depthwise: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Whole-numbered weights and the scale of each output channel, weight = number * scale.

    kernel: (k, k, in, out), or (k, k, channels, 1) if depthwise. Numbers are counted from
    level 128 and lie in -128..127, so the largest positive weight loses half a step.
    """
    axes = (0, 1, 3) if depthwise else (0, 1, 2)
    largest = np.maximum(np.abs(kernel).max(axis=axes), np.float32(SMALLEST_WEIGHT))
    scales = (2.0 * largest.astype(np.float64) / LEVELS).astype(np.float32)  # (channels,)
    per_weight = scales[:, None] if depthwise else scales
    levels = np.clip(np.rint(kernel / per_weight + WEIGHT_ZERO_POINT), 0, LEVELS)
    return (levels - WEIGHT_ZERO_POINT).astype(np.float32), scales

"""The figures of one layer's quantization noise, summed while pictures stream through."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.chips.k210.quantization.grids import LEVELS, SMALLEST_WEIGHT, Grid, Range

__all__ = ["NoiseSums", "best_clip", "sqnr_db", "weight_spread"]

Values = NDArray[np.float32]

SHRINKS = tuple(hundredths / 100 for hundredths in range(100, 15, -5))
"""What `best_clip` tries on either end of a range."""


class NoiseSums:
    """Sums over all values of one layer's output; `grid` is the one that it is written on."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._ends = (grid.lowest * grid.scale, grid.highest * grid.scale)
        self._low, self._high = math.inf, -math.inf
        self._values = self._beyond = 0
        self._signal = self._network = self._alone = 0.0
        self._weights = self._rounding = self._clipped = 0.0
        self._channels: Any = 0.0
        self._offsets: Any = 0.0
        self._counts = np.zeros(LEVELS + 1, np.int64)

    def add(self, exact: Values, quantized: Values, computed: Values, alone: Values) -> None:
        """Outputs (n, h, w, c): of the float network, of the quantized one, and of the layer
        quantized alone before and after it is put on its grid."""
        low, high = self._ends
        half = self._grid.scale / 2  # what is as near to the last level as to nothing
        self._low = min(self._low, float(exact.min()))
        self._high = max(self._high, float(exact.max()))
        self._values += exact.size
        self._beyond += int(np.count_nonzero((exact < low - half) | (exact > high + half)))
        self._signal += _squares(exact)
        self._network += _squares(quantized - exact)
        self._alone += _squares(alone - exact)
        self._weights += _squares(computed - exact)
        self._rounding += _squares(alone - computed)
        self._clipped += _squares(computed - np.clip(computed, low, high))
        self._offsets = self._offsets + (alone - exact).sum(axis=(0, 1, 2), dtype=np.float64)
        self._channels = np.maximum(self._channels, np.abs(exact).max(axis=(0, 1, 2)))
        levels = np.rint(np.clip(exact, low, high) / np.float32(self._grid.scale))
        places = levels.astype(np.int64).ravel() + self._grid.zero_point
        self._counts += np.bincount(places, minlength=LEVELS + 1)

    def figures(self) -> dict[str, Any]:
        """The fields of `LayerNoise` that come from activations."""
        parts = self._weights + self._rounding
        clip, gain = best_clip(self._counts, self._grid)
        return {
            "low": self._low,
            "high": self._high,
            "calibrated": self._ends,
            "beyond": self._beyond / self._values,
            "step": self._grid.scale,
            "sqnr_db": sqnr_db(self._signal, self._network),
            "alone_db": sqnr_db(self._signal, self._alone),
            "weights_share": self._weights / parts if parts else 0.0,
            "beyond_share": self._clipped / parts if parts else 0.0,
            "offset_share": self._offset_noise() / self._alone if self._alone else 0.0,
            "channel_spread": _spread(self._channels),
            "clip": clip,
            "clip_gain_db": gain,
        }

    def _offset_noise(self) -> float:
        """The part of the noise alone that is one constant a channel."""
        pixels = self._values / len(self._offsets)
        return float(np.square(self._offsets).sum() / pixels)


def sqnr_db(signal: float, noise: float) -> float | None:
    """10 log10 of the quotient of two sums of squares; None where there is no noise."""
    smallest = float(np.finfo(np.float64).tiny)
    return 10 * math.log10(max(signal, smallest) / noise) if noise else None


def best_clip(counts: NDArray[np.int64], grid: Grid) -> tuple[Range, float]:
    """The range within `grid`'s that writes its values with the least noise, and the gain in dB.

    counts: (256,) values on each level. Noise is step^2 / 12 for a value within the range and
    the squared distance for one beyond; zeros are exact on every grid that holds 0.
    """
    levels = np.arange(-grid.zero_point, LEVELS + 1 - grid.zero_point)
    values = levels.astype(np.float64) * grid.scale
    inexact = np.where(values == 0.0, 0, counts)
    ends = [(values[0] * low, values[-1] * high) for low in SHRINKS for high in SHRINKS]
    noises = [_noise(inexact, values, low, high) for low, high in ends]
    best = int(np.argmin(noises))
    gain = 10 * math.log10(noises[0] / noises[best]) if noises[best] else 0.0
    return (float(ends[best][0]), float(ends[best][1])), gain


def weight_spread(kernel: Values) -> float:
    """Largest over median input channel of a convolution's folded kernel (k, k, in, out).

    A channel counts by its largest |weight| in steps of the output channel's scale, on average
    over output channels: those have a scale each and may be as different as they like.
    """
    largest = np.maximum(np.abs(kernel).max(axis=(0, 1, 2)), np.float32(SMALLEST_WEIGHT))
    return _spread((np.abs(kernel) / largest).max(axis=(0, 1)).mean(axis=1))


def _noise(
    counts: NDArray[np.int64], values: NDArray[np.float64], low: float, high: float
) -> float:
    beyond = values - np.clip(values, low, high)
    step = (high - low) / LEVELS
    return float(counts @ np.where(beyond == 0.0, step**2 / 12, beyond**2))


def _squares(values: Values) -> float:
    return float(np.sum(np.square(values), dtype=np.float64))


def _spread(largest: NDArray[np.float32]) -> float:
    """Of channels that are always 0 nothing is lost: they are left out."""
    alive = largest[largest > 0]
    return float(alive.max() / np.median(alive)) if len(alive) else 1.0

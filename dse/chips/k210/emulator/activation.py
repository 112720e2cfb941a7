"""The KPU's batch normalisation and activation table.

After the convolution a layer computes, in whole numbers (`kpu_conv2d` in nncase 1.9.0's
`kernels/k210/k210_kernels.h`),

    z = (sum * mul >> shift) + add                      of the output channel
    y = clamp(round((z - start) * slope / 2^shift) + offset, 0, 255)

with the last of 16 segments whose start is below z. All of it is exact in float64, where a
shift is a product. Linear activations and those that only clip have one long segment and,
beside it, a few steps: those are added one by one, which needs no look-up.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dse.chips.k210.emulator.layer_tables import BatchNorm, Ints, Segments

__all__ = ["Activation", "activation_of"]

Floats = NDArray[np.float64]

EXACT_FLOAT64 = 1 << 53
"""Whole numbers below are exact in float64."""

HIGHEST_Z = (1 << 35) - 1
"""Registers behind the normalisation are 36 bits wide (`KPU_BN_OUT_BITS`)."""


class Activation(NamedTuple):
    """Operands of the kernels' activation: the level of a sum, which is

    rint(clip(floor(sum * gain) * slope + bias, low, high)) + base + the steps[i] with
    sum >= edges[i]

    or, where that would take more than two steps (`slope` is 0 then), that of z = floor(sum *
    gain) + add in its segment s: rint((z - starts[s]) * slopes[s]) + offsets[s].

    sum * steep + rough_bias, in the numbers of the sums, is within 0.5 - sure of what is
    rounded. Per channel: gain, add, bias, edges (channels, 2), steep, rough_bias, sure.
    """

    gain: Floats
    add: Floats
    bias: Floats
    edges: NDArray[Any]
    steep: NDArray[Any]
    rough_bias: NDArray[Any]
    sure: NDArray[Any]
    slope: float
    low: float
    high: float
    base: float
    steps: Floats
    starts: Floats
    slopes: Floats
    offsets: Floats


MOST_STEPS = 2
"""Beside the longest segment: nncase's tables of linear and clipping functions have two."""


def activation_of(
    segments: Segments, norm: BatchNorm, largest_sum: int, number: type[np.floating[Any]]
) -> Activation | None:
    """How the kernels compute the activation of sums within -largest_sum..largest_sum.

    number: the type of the sums. None where float64 is not exact, no z reaches a segment, or
    one falls: below zero the chip rounds in a way of its own.
    """
    exact = largest_sum * int(norm.mul.max()) < EXACT_FLOAT64
    falls = np.any(norm.mul < 0) or np.any(segments.mul < 0) or np.any(np.diff(segments.start) < 0)
    if not exact or falls or segments.start[0] >= HIGHEST_Z:
        return None
    best, low, high, base, edges, steps = _around_the_longest(segments)
    start, slopes = segments.start, segments.mul * 2.0**-segments.shift
    slope = slopes[best] if len(edges) <= MOST_STEPS else 0.0
    missing = max(0, MOST_STEPS - len(edges))
    gain = norm.mul * 2.0**-norm.shift
    bias = (norm.add - start[best]) * slope + segments.add[best]
    # the floor is worth one slope; steep, bias, product and sum are rounded, each by half a
    # digit of numbers that are no larger than this where they matter
    doubt = slope + 2 * np.finfo(number).eps * (256 + np.abs(bias))
    return Activation(
        gain=gain,
        add=norm.add.astype(float),
        bias=bias,
        edges=np.pad(
            _least_sums(edges[:MOST_STEPS], norm), ((0, 0), (0, missing)), constant_values=np.inf
        ).astype(number),
        steep=(gain * slope).astype(number),
        rough_bias=bias.astype(number),
        sure=(0.5 - doubt).astype(number),
        slope=slope,
        low=low,
        high=high,
        base=base,
        steps=np.append(steps, np.zeros(missing))[:MOST_STEPS],
        starts=start.astype(float),
        slopes=slopes,
        offsets=segments.add.astype(float),
    )


def _least_sums(edges: Ints, norm: BatchNorm) -> Floats:
    """The least sum of each channel (channels, edges) whose z reaches each edge."""
    wanted = (edges - norm.add[:, None]) << norm.shift[:, None]
    sums = -(-wanted // np.maximum(norm.mul, 1)[:, None])
    never = np.where(wanted > 0, np.inf, -np.inf)
    return np.where(norm.mul[:, None] > 0, sums, never)


def _around_the_longest(segments: Segments) -> tuple[int, float, float, float, Ints, Floats]:
    """The segment with the most levels: its number, its first and last level and what is added
    to get that of the lowest z; and the edges outside of it, with the step at each."""
    low, high = segments.start + 1, np.append(segments.start[1:], HIGHEST_Z)
    filled = np.flatnonzero(low <= high)
    ends = segments.levels(low[filled]), segments.levels(high[filled])
    longest = int(np.argmax(ends[1] - ends[0]))
    best, first, last = int(filled[longest]), ends[0][longest], ends[1][longest]
    z = np.unique(np.concatenate([low[filled], _edges(segments, low[filled], high[filled])]))
    levels = segments.levels(z)
    steps = np.diff(levels, prepend=levels[0])
    found = ((z <= low[best]) | (z > high[best])) & (steps != 0)
    base = float(levels[0] - first)
    return best, float(first), float(last), base, z[found], steps[found].astype(float)


def _edges(segments: Segments, low: Ints, high: Ints) -> Ints:
    """Where y reaches a further level within low..high of each segment."""
    first, last = segments.levels(low), segments.levels(high)
    rises = last - first
    wanted = np.concatenate([np.arange(a + 1, b + 1) for a, b in zip(first, last, strict=True)])
    below, above = np.repeat(low, rises), np.repeat(high, rises)
    while np.any(above - below > 1):
        middle = (below + above) // 2
        reached = segments.levels(middle) >= wanted
        above, below = np.where(reached, middle, above), np.where(reached, below, middle)
    return above

"""Activation tables and batch normalisations as the KPU stores them, and the slow truth."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Segment = tuple[int, int, int, int]
"""(start, slope, shift, offset)."""

LOWEST = -(1 << 35)


def packed_segments(segments: Sequence[Segment]) -> bytes:
    """Sixteen registers and sixteen offsets."""
    registers = [
        (shift & 255) | (slope & 0xFFFF) << 8 | (start & (1 << 36) - 1) << 24
        for start, slope, shift, _ in segments
    ]
    return struct.pack("<16Q", *registers) + bytes(offset for *_, offset in segments)


def packed_norm(norm: Sequence[tuple[int, int, int]]) -> bytes:
    """(mul, shift, add) of each channel."""
    registers = [
        (mul & 0xFFFFFF) | (add & 0xFFFFFFFF) << 24 | shift << 56 for mul, shift, add in norm
    ]
    return struct.pack(f"<{len(registers)}Q", *registers)


def clipping() -> list[Segment]:
    """A clip as nncase writes it: one long segment, thirteen short ones at its end."""
    long = (-1000, 20000, 27, 0)
    short = [(1_690_000 + 900 * i, 20000, 27, 254) for i in range(14)]
    return [(LOWEST, 0, 0, 0), long, *short]


def curved(seed: int = 0) -> list[Segment]:
    """Fifteen slopes: every one rises in steps of its own."""
    rng = np.random.default_rng(seed)
    starts = np.sort(rng.integers(-200_000, 200_000, 15))
    offsets = np.sort(rng.integers(0, 250, 15))
    slopes = rng.integers(0, 30000, 15)
    pieces = zip(starts.tolist(), slopes.tolist(), offsets.tolist(), strict=True)
    return [(LOWEST, 0, 0, 0), *((start, slope, 24, add) for start, slope, add in pieces)]


def slow_level(total: int, norm: tuple[int, int, int], segments: Sequence[Segment]) -> int:
    """Level of one sum, in whole numbers of any size."""
    mul, shift, add = norm
    z = (total * mul >> shift) + add
    start, slope, down, offset = next(s for s in reversed(segments) if z > s[0])
    product = (z - start) * slope
    whole, rest = product >> down, product & ((1 << down) - 1)
    twice = 2 * rest - (1 << down) if down else -1
    if twice > 0 or (twice == 0 and whole & 1):
        whole += -1 if product < 0 else 1
    return min(max(whole + offset, 0), 255)


def slow_levels(
    sums: NDArray[np.int64], norm: Sequence[tuple[int, int, int]], segments: Sequence[Segment]
) -> NDArray[np.uint8]:
    """Of sums (channels, ...)."""
    rows = [
        [slow_level(int(total), one, segments) for total in row.ravel()]
        for row, one in zip(sums, norm, strict=True)
    ]
    return np.array(rows, np.uint8).reshape(sums.shape)

"""Batch normalisation and activation of a layer, as its registers hold them.

`kpu_batchnorm_argument_t` and `kpu_activate_table_t` of nncase 1.9.0's `runtime_types.h`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["BatchNorm", "Ints", "Segments", "read_batch_norm", "read_segments"]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class BatchNorm:
    """Per output channel; z = (sum * mul >> shift) + add."""

    mul: Ints
    shift: Ints
    add: Ints

    def z(self, sums: Ints) -> Ints:
        """Of sums (channels, n)."""
        return (sums * self.mul[:, None] >> self.shift[:, None]) + self.add[:, None]


@dataclass(frozen=True)
class Segments:
    """Sixteen pieces of the activation, lowest start first."""

    start: Ints
    mul: Ints
    shift: Ints
    add: Ints

    def levels(self, z: Ints) -> Ints:
        """y of every z (any shape), as the chip computes it."""
        found = np.maximum(np.searchsorted(self.start, z, side="left") - 1, 0)
        product = (z - self.start[found]) * self.mul[found]
        levels: Ints = np.clip(_rounded(product, self.shift[found]) + self.add[found], 0, 255)
        return levels


def read_batch_norm(content: bytes, channels: int) -> BatchNorm:
    """`kpu_batchnorm_argument_t`: mul in 24 bits, add in 32, shift in 4."""
    registers = np.frombuffer(content, "<u8", channels)
    shift = (registers >> np.uint64(56)).astype(np.int64) & 15
    return BatchNorm(_field(registers, 0, 24), shift, _field(registers, 24, 32))


def read_segments(content: bytes) -> Segments:
    """`kpu_activate_table_t`: shift in 8 bits, slope in 16, start in 36; then 16 offsets."""
    registers = np.frombuffer(content, "<u8", 16)
    return Segments(
        start=_field(registers, 24, 36),
        mul=_field(registers, 8, 16),
        shift=(registers & np.uint64(255)).astype(np.int64),
        add=np.frombuffer(content, np.uint8, 16, offset=128).astype(np.int64),
    )


def _rounded(value: Ints, shift: Ints) -> Ints:
    """value / 2^shift, halves to even; below zero as nncase's `carry_shift` has it."""
    whole, rest = value >> shift, value & ((np.int64(1) << shift) - 1)
    half = (np.int64(1) << shift) >> 1
    up = (rest > half) | ((rest == half) & (whole & 1 == 1))
    return np.where((shift > 0) & up, whole + np.where(value < 0, -1, 1), whole)


def _field(registers: NDArray[np.uint64], first: int, bits: int) -> Ints:
    """A signed field of `bits` bits."""
    shifted = registers << np.uint64(64 - bits - first)
    return shifted.astype(np.int64) >> np.int64(64 - bits)

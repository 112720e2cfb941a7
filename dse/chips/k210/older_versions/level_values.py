"""What the CPU's numbers in a kmodel of version 5 are made of: levels, and a function of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dse.chips.k210.older_versions.level_program import Box, Shape, Tensor

__all__ = ["LEVELS", "Cut", "Joined", "Looked", "Number", "Plain", "Surrounded", "sides"]

LEVELS: NDArray[np.uint8] = np.arange(256, dtype=np.uint8)
"""All that a number of 8 bits can be."""


@dataclass(frozen=True)
class Plain:
    """Levels in main memory."""

    tensor: Tensor

    @property
    def shape(self) -> Shape:
        """(channels, height, width)."""
        return self.tensor.shape


@dataclass(frozen=True, eq=False)
class Looked:
    """Levels through a table, of levels or of float32 numbers. scale, bias: where the table is
    level * scale + bias."""

    tensor: Tensor
    table: NDArray[np.generic]
    scale: float | None = None
    bias: float = 0.0

    @property
    def shape(self) -> Shape:
        """(channels, height, width)."""
        return self.tensor.shape


@dataclass(frozen=True)
class Surrounded:
    """`inner` with lines of `value` around it, as `Padded`."""

    inner: Number
    margins: tuple[int, int, int, int]
    value: float

    @property
    def shape(self) -> Shape:
        """(channels, height, width)."""
        channels, height, width = self.inner.shape
        top, bottom, left, right = self.margins
        return channels, height + top + bottom, width + left + right


@dataclass(frozen=True)
class Cut:
    """Some pixels of `inner`."""

    inner: Number
    box: Box

    @property
    def shape(self) -> Shape:
        """(channels, height, width)."""
        return self.inner.shape[0], *sides(self.box)


@dataclass(frozen=True)
class Joined:
    """One behind another, along the channels."""

    parts: tuple[Number, ...]

    @property
    def shape(self) -> Shape:
        """(channels, height, width)."""
        return sum(part.shape[0] for part in self.parts), *self.parts[0].shape[1:]


Number = Plain | Looked | Surrounded | Cut | Joined


def sides(box: Box) -> tuple[int, int]:
    """(height, width) of what it cuts out."""
    return (
        len(range(box.top, box.bottom, box.down)),
        len(range(box.left, box.right, box.across)),
    )

"""Main memory of a batch of pictures: one row of bytes per picture and space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from dse.errors import CompilerError

__all__ = ["DATA", "INPUT", "OUTPUT", "RDATA", "Memory", "Region", "Space", "dense_strides"]

Space = tuple[int, int]
"""(module, memory location as in `memory_location_t`)."""

INPUT, OUTPUT, RDATA, DATA = range(4)
"""`memory_location_t` of nncase: what a program reads, what it writes, constants, the rest."""

ROUND_BYTES = 8
"""Rows begin on a multiple of this, so that numbers of any type are aligned."""


class Region(NamedTuple):
    """A tensor in memory; offset in bytes, strides in elements (0 where a side is 1)."""

    space: Space
    offset: int
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class Memory:
    """What `pictures` runs of one program read and write.

    sizes: bytes per picture of each space that is written; constants: bytes of each space
    that is only read, the same for all pictures.
    """

    def __init__(
        self, pictures: int, sizes: Mapping[Space, int], constants: Mapping[Space, bytes]
    ) -> None:
        self._rows: dict[Space, NDArray[np.uint8]] = {
            space: np.zeros((pictures, -(-size // ROUND_BYTES) * ROUND_BYTES), np.uint8)
            for space, size in sizes.items()
        }
        self._constants = constants

    def view(self, region: Region) -> NDArray[Any]:
        """`region` of every picture, (pictures, *shape); writing to it writes to memory.

        A constant is there once, (1, *shape). Raises CompilerError where the region does not
        lie within its space.
        """
        constant = self._constants.get(region.space)
        if constant is not None:
            rows = np.frombuffer(constant, np.uint8)[None]
        else:
            rows = self._rows.get(region.space, np.zeros((1, 0), np.uint8))
        item = np.dtype(region.dtype).itemsize
        steps = zip(region.shape, region.strides, strict=True)
        end = region.offset + item * (1 + sum((side - 1) * step for side, step in steps))
        if end > rows.shape[1]:
            raise CompilerError(
                f"the kmodel uses {end} bytes of memory {region.space}, which has {rows.shape[1]}",
                "the file is damaged: export it again",
            )
        start = rows[:, region.offset : end].view(region.dtype)
        strides = (rows.strides[0], *(item * step for step in region.strides))
        shape = (len(rows), *region.shape)
        return as_strided(start, shape, strides, writeable=constant is None)


def dense_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides in elements of a tensor without gaps."""
    return tuple(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))

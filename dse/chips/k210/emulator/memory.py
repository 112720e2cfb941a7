"""Main memory of a batch of pictures, and the regions of it that a program may touch.

A kmodel says where its tensors lie. What it says is believed once, here: a `Region` exists only
if every byte of it lies in its space. So what runs, compiled loops too, needs no check of its
own, whoever read the file: any reader of any version describes its memory as `Spaces`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.chips.k210.kmodel.kmodel import MAX_RANK
from dse.chips.k210.kmodel.kmodel_reader import expect

__all__ = [
    "DATA",
    "INPUT",
    "OUTPUT",
    "RDATA",
    "Memory",
    "Region",
    "Space",
    "Spaces",
    "dense_strides",
]

Space = tuple[int, int]
"""(module, memory location as in `memory_location_t`)."""

INPUT, OUTPUT, RDATA, DATA = range(4)
"""`memory_location_t` of nncase: what a program reads, what it writes, constants, the rest."""

ROUND_BYTES = 8
"""Rows begin on a multiple of this, so that numbers of any type are aligned."""

MOST_BYTES_A_PICTURE = 64 << 20
"""Eight times all memory of the chip (6 MiB and the accelerator's 2): also what is only explored,
and too large for it, has room, while a header that claims gigabytes is refused at once."""


class Spaces:
    """How much memory a program has.

    sizes: bytes per picture of each space that may be written. constants: bytes of each space
    that is only read, the same for all pictures. Raises VerificationFailed where a picture would
    take more than `MOST_BYTES_A_PICTURE`; nothing is allocated here.
    """

    def __init__(self, sizes: Mapping[Space, int], constants: Mapping[Space, bytes]) -> None:
        self.sizes, self.constants = dict(sizes), dict(constants)
        self.bytes_a_picture = sum(self.sizes.values())
        expect(
            self.bytes_a_picture <= MOST_BYTES_A_PICTURE,
            f"it claims {self.bytes_a_picture:,} bytes of memory, far more than the chip has",
        )

    def size(self, space: Space) -> int:
        """Bytes of `space`; none of one that the program does not have."""
        constant = self.constants.get(space)
        return self.sizes.get(space, 0) if constant is None else len(constant)


@dataclass(frozen=True)
class Region:
    """A tensor in memory; offset in bytes, strides in elements (of no meaning where a side is 1).

    written: the program writes to it. Raises VerificationFailed where it does not lie in its
    space with all its elements, begins between two of them, has two at one place or none at
    all, or is a constant that would be written.
    """

    spaces: Spaces = field(repr=False)
    space: Space
    offset: int
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    written: bool = False

    def __post_init__(self) -> None:
        problem = self._problem()
        expect(not problem, f"{self} {problem}")

    def _problem(self) -> str:
        """What is wrong with it. Python's whole numbers: no product of a file's wraps around."""
        item, sides = self.item_bytes, tuple(zip(self.shape, self.strides, strict=False))
        if not len(self.shape) == len(self.strides) <= MAX_RANK:
            return f"has strides {self.strides}"
        if not all(side > 0 for side in self.shape):
            return "is empty"
        if self.offset < 0 or self.offset % item:
            return f"begins between two numbers of {item} bytes"
        if not all(step >= 0 for step in self.strides):
            return f"runs backwards, by strides {self.strides}"
        end = self.offset + item * (1 + sum((side - 1) * step for side, step in sides))
        room = self.spaces.size(self.space)
        if end > room:
            return f"ends at {end}, its memory at {room}"
        if not _lie_apart(sides):
            return f"has several numbers at one place, by strides {self.strides}"
        return "is a constant, and written" if self.written and self.is_constant else ""

    @property
    def item_bytes(self) -> int:
        """Of one element."""
        return np.dtype(self.dtype).itemsize

    @property
    def is_constant(self) -> bool:
        """It is the same for all pictures."""
        return self.space in self.spaces.constants

    @property
    def elements(self) -> int:
        """Of one picture."""
        return math.prod(self.shape)

    def __str__(self) -> str:
        module, location = self.space
        return f"a tensor {self.shape} at {self.offset} of module {module}'s memory {location}"


class Memory:
    """What `pictures` runs of one program read and write."""

    def __init__(self, pictures: int, spaces: Spaces) -> None:
        # a row at least: a view of no pictures, too, begins within its memory
        self._pictures = pictures
        self._rows: dict[Space, NDArray[np.uint8]] = {
            space: np.zeros((max(pictures, 1), -(-size // ROUND_BYTES) * ROUND_BYTES), np.uint8)
            for space, size in spaces.sizes.items()
        }
        self._constants = {
            space: np.frombuffer(content, np.uint8)[None]
            for space, content in spaces.constants.items()
            if content
        }

    def view(self, region: Region) -> NDArray[Any]:
        """`region` of every picture, (pictures, *shape), of this memory's own `Spaces`.

        Writing to it writes to memory, if it is a region that is written. A constant is there
        once, (1, *shape).
        """
        rows, pictures = self._constants.get(region.space), 1
        if rows is None:
            rows, pictures = self._rows[region.space], self._pictures
        strides = (rows.strides[0], *(region.item_bytes * step for step in region.strides))
        shape = (pictures, *region.shape)
        # where a region were wrong, NumPy would refuse it here
        found: NDArray[Any] = np.ndarray(shape, region.dtype, rows, region.offset, strides)
        found.flags.writeable = region.written
        return found


def dense_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides in elements of a tensor without gaps."""
    strides = [1]
    for side in reversed(shape[1:]):
        strides.insert(0, side * strides[0])
    return tuple(strides[: len(shape)])


def _lie_apart(sides: tuple[tuple[int, int], ...]) -> bool:
    """Whether all elements lie at places of their own. sides: (length, stride) of each axis.

    Each axis steps over all that those with shorter steps reach, as in a part of any tensor.
    """
    reached = 1
    for step, side in sorted((step, side) for side, step in sides if side > 1):
        if step < reached:
            return False
        reached += (side - 1) * step
    return True

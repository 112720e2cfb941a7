"""Which number lies where in the main memory of a kmodel of version 5, while it is read."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from dse.chips.k210.emulator.memory import Space, dense_strides
from dse.chips.k210.older_versions.level_program import Box
from dse.chips.k210.older_versions.level_values import Cut, Joined, Number
from dse.errors import CompilerError

__all__ = ["Places", "cannot"]

Sides = tuple[int, ...]


class _Entry(NamedTuple):
    """A number, and where its bytes lie."""

    start: int
    end: int
    number: Number


@dataclass
class Places:
    """What was written last at each place."""

    entries: dict[Space, list[_Entry]] = field(default_factory=dict)

    def write(self, space: Space, start: int, item_bytes: int, number: Number) -> None:
        """Puts `number` there, without gaps; what it lies over is forgotten."""
        end = start + item_bytes * math.prod(number.shape)
        kept = [one for one in self.entries.get(space, []) if one.end <= start or one.start >= end]
        self.entries[space] = sorted([*kept, _Entry(start, end, number)], key=lambda one: one.start)

    def read(
        self, space: Space, start: int, item_bytes: int, shape: Sides, strides: Sides
    ) -> Number:
        """What lies there. shape, strides: (1, channels, height, width), in elements.

        Raises CompilerError for what is not a whole number of channels, or a part of one tensor.
        """
        if len(shape) != 4 or shape[0] != 1:
            raise cannot(f"a tensor of shape {shape}")
        last = sum((side - 1) * step for side, step in zip(shape[1:], strides[1:], strict=True))
        end = start + item_bytes * (last + 1)
        found = [one for one in self.entries.get(space, []) if one.start < end and one.end > start]
        if len(found) == 1:
            return _part(found[0], start, item_bytes, shape, strides)
        ends = [one.end for one in found]
        tiled = [one.start for one in found] == [start, *ends[:-1]] and ends[-1:] == [end]
        flat = all(one.number.shape[1:] == tuple(shape[2:]) for one in found)
        if not (tiled and flat and is_dense(shape, strides)):
            raise cannot("a tensor of pieces that do not fit together")
        return Joined(tuple(one.number for one in found))


def _part(entry: _Entry, start: int, item_bytes: int, shape: Sides, strides: Sides) -> Number:
    """The whole of it, or some pixels of each channel."""
    whole = entry.number.shape
    if start == entry.start and whole == tuple(shape[1:]) and is_dense(shape, strides):
        return entry.number
    channels, height, width = whole
    same = strides_fit(shape, strides, (height * width, width, 1))
    top, left = divmod((start - entry.start) // item_bytes, width)
    bottom, right = top + shape[2], left + shape[3]
    inside = start >= entry.start and bottom <= height and right <= width
    if not (same and inside and shape[1] == channels):
        raise cannot("a part of a tensor that is none of its pixels' rectangle")
    return Cut(entry.number, Box(top, left, bottom, right))


def is_dense(shape: Sides, strides: Sides) -> bool:
    """Without gaps; the stride of a side of 1 says nothing."""
    return strides_fit(shape, strides, dense_strides(shape)[1:])


def strides_fit(shape: Sides, strides: Sides, wanted: Sides) -> bool:
    """Whether channels, rows and columns lie `wanted` elements apart."""
    pairs = zip(shape[1:], strides[1:], wanted, strict=True)
    return all(side == 1 or step == other for side, step, other in pairs)


def cannot(what: str) -> CompilerError:
    """Of a network that no old version of kmodel can be written of."""
    return CompilerError(
        f"the network holds {what}, which is not written in an older version of kmodel",
        "use a network whose layers all run on the KPU, or a firmware that loads version 5",
    )

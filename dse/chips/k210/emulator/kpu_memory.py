"""Feature maps in the accelerator's memory, byte for byte, for kmodels of versions 3 and 4.

There operations of the CPU may read what a layer wrote, a layer may read a part of it, or what was
there before: so the memory itself is emulated, and each map is a view of it, laid out in rows of 64
bytes (`cost/kpu_layout.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dse.chips.k210.cost.kpu_layout import ROW_BYTES, row_layout
from dse.chips.k210.emulator.convolution import Layer, Maps
from dse.chips.k210.emulator.memory import Memory, Region, Space, Spaces
from dse.chips.k210.kmodel.kpu_layer import KpuMap
from dse.machine_code import Array

__all__ = ["KPU", "KpuTensor", "LayerInMemory", "kpu_tensor"]

KPU: Space = (0, 64)
"""The accelerator's memory, as a space of the program."""


@dataclass(frozen=True)
class KpuTensor:
    """A map as regions: one of the channels that fill rows together, one of those left over.

    regions: of shape (batches, rows of channels, channels of a row, height, width).
    """

    map: KpuMap
    regions: tuple[Region, ...]

    def read(self, memory: Memory) -> Maps:
        """(channels, pictures * batches, height, width)."""
        parts = [memory.view(region).transpose(2, 3, 0, 1, 4, 5) for region in self.regions]
        return np.concatenate([self._flat(part) for part in parts])

    def write(self, memory: Memory, maps: Maps) -> None:
        """The reverse of `read`."""
        pictures = maps.shape[1] // self.map.batches
        shape = (len(maps), pictures, self.map.batches, *self.map.shape[1:])
        by_batch, first = maps.reshape(shape), 0
        for region in self.regions:
            rows, channels = region.shape[1:3]
            some = by_batch[first : first + rows * channels]
            view = memory.view(region).transpose(2, 3, 0, 1, 4, 5)
            view[...] = some.reshape(rows, channels, *shape[1:])
            first += rows * channels

    def _flat(self, part: Array) -> Maps:
        rows, channels, pictures, batches, height, width = part.shape
        return part.reshape(rows * channels, pictures * batches, height, width)


def kpu_tensor(spaces: Spaces, of: KpuMap) -> KpuTensor:
    """The map `of` in the memory of `spaces`. Raises VerificationFailed where it leaves that."""
    return KpuTensor(of, tuple(_regions(spaces, of)))


def _regions(spaces: Spaces, of: KpuMap) -> Iterator[Region]:
    layout = row_layout(of.width)
    line = layout.row_length * ROW_BYTES
    row, filled = line * of.height, of.channels // layout.groups
    strides = (of.map_bytes, row, layout.pitch_bytes, line, 1)
    for start, rows, channels in (
        (0, filled, layout.groups),
        (filled * row, 1, of.channels % layout.groups),
    ):
        shape = (of.batches, rows, channels, of.height, of.width)
        if min(shape) > 0:
            yield Region(spaces, KPU, of.address + start, "u1", shape, strides, written=True)


@dataclass(frozen=True)
class LayerInMemory:
    """A layer of the accelerator, from its memory to its memory.

    main: where the maps go in main memory too, (batches, channels, height, width).
    """

    layer: Layer
    read: KpuTensor
    written: KpuTensor
    main: Region | None

    def run(self, memory: Memory, maps: dict[int, Maps]) -> None:
        """On all pictures; the maps of other programs are of no use here."""
        found = self.layer.run(np.ascontiguousarray(self.read.read(memory)))
        self.written.write(memory, found)
        if self.main is not None:
            shape = (len(found), -1, *self.main.shape[:1], *found.shape[2:])
            memory.view(self.main)[...] = found.reshape(shape).transpose(1, 2, 0, 3, 4)

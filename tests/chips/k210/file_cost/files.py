"""Small kmodels of versions 3 and 4 with figures that one can count by hand."""

from __future__ import annotations

from pathlib import Path

from dse.chips.k210.kmodel import layers, nodes
from tests.chips.k210.old_kmodels import (
    FLOAT,
    LEVELS,
    Version3,
    Version4,
    convolution_tail,
    registers,
)

FIRST = registers((3, 8, 8), 4, kernel=3, target=100, gaps=(24, 96, 112))
"""Reads 3 maps of 8x8 at row 0, writes 4 from row 100 on; four lie side by side."""

PARAMETERS, MACS = 108 + 4, 108 * 64
KPU_BYTES, KPU_TOP = 8 * 64 + 8 * 64, 108 * 64
"""Rows of maps that live together, and where the last of them ends."""


def version_4() -> Version4:
    """A convolution whose maps are copied to main memory, where they become numbers."""
    file = Version4((1, 3, 8, 8), in_kpu=True)
    maps, numbers = file.place(256, LEVELS), file.place(256, FLOAT)
    tail = convolution_tail(FIRST, 4, bytes(108))
    file.add(nodes.KpuConv2d, tail, main=maps, batches=1, reserved=0)
    file.add(nodes.Dequantize, input=maps, output=numbers, zero_point=3, scale=2.0)
    file.outputs.append(numbers)
    return file


def version_3() -> Version3:
    """The same, by DMA."""
    file = Version3()
    maps, numbers = file.place(256), file.place(1024)
    file.convolve(FIRST, bytes(108), 4, maps)
    file.add(layers.Dequantize, input=maps, output=numbers, count=256, scale=0.5, bias=1.0)
    file.outputs.append((numbers, 1024))
    return file


def written(file: Version3 | Version4, folder: Path) -> Path:
    """`file` in `folder`."""
    path = folder / "model.kmodel"
    path.write_bytes(file.content())
    return path

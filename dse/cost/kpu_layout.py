"""How the KPU lays feature maps out in its 2 MiB of SRAM, in rows of 64 bytes.

Source: nncase v1.9.0, modules/k210/include/nncase/runtime/k210/runtime_op_utility.h
(`get_kpu_row_layout`, `get_kpu_rows`, `get_kpu_bytes`). A row holds one line of one channel,
or lines of 2 or 4 channels side by side when the map is narrow enough.
"""

from __future__ import annotations

from typing import NamedTuple

from dse.network.graph import Shape

__all__ = ["ROW_BYTES", "RowLayout", "kpu_bytes", "kpu_rows", "row_layout"]

ROW_BYTES = 64
"""Width of the SRAM port: the KPU reads and writes 64 pixels at a time."""


class RowLayout(NamedTuple):
    """Channels that share a row, rows that a line of one channel takes, bytes between channels."""

    groups: int
    row_length: int
    pitch_bytes: int


def row_layout(width: int) -> RowLayout:
    """The layout of a map `width` pixels wide. Raises ValueError below one pixel."""
    if width < 1:
        raise ValueError(f"a map {width} pixels wide has no layout")
    if width <= 16:
        return RowLayout(4, 1, 16)
    if width <= 32:
        return RowLayout(2, 1, 32)
    return RowLayout(1, -(-width // ROW_BYTES), ROW_BYTES)


def kpu_rows(shape: Shape) -> int:
    """Rows of 64 bytes that a uint8 map of `shape` (height, width, channels) takes."""
    height, width, channels = shape
    layout = row_layout(width)
    groups = min(channels, layout.groups)
    return layout.row_length * height * -(-channels // groups)


def kpu_bytes(shape: Shape) -> int:
    """Bytes of KPU SRAM that a uint8 map of `shape` (height, width, channels) takes."""
    return kpu_rows(shape) * ROW_BYTES

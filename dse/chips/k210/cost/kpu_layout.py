"""How the KPU lays feature maps out in its 2 MiB of SRAM, in rows of 64 bytes.

Source: nncase v1.9.0, modules/k210/include/nncase/runtime/k210/runtime_op_utility.h
(`get_kpu_row_layout`, `get_kpu_rows`, `get_kpu_bytes`). A row holds one line of one channel,
or lines of 2 or 4 channels side by side when the map is narrow enough.

The formulas have no branches, so that they take arrays of sides as well as numbers.
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
    """The layout of a map `width` pixels wide. Raises ValueError for a number below one."""
    if isinstance(width, int) and width < 1:
        raise ValueError(f"a map {width} pixels wide has no layout")
    groups = 1 + (width <= 32) + 2 * (width <= 16)
    return RowLayout(groups, -(-width // ROW_BYTES), ROW_BYTES // groups)


def kpu_rows(shape: Shape) -> int:
    """Rows of 64 bytes that a uint8 map of `shape` (height, width, channels) takes."""
    height, width, channels = shape
    layout = row_layout(width)
    return layout.row_length * height * -(-channels // layout.groups)


def kpu_bytes(shape: Shape) -> int:
    """Bytes of KPU SRAM that a uint8 map of `shape` (height, width, channels) takes."""
    return kpu_rows(shape) * ROW_BYTES

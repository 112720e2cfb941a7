"""First-fit placement of buffers whose lifetimes are known, as nncase 1.9 does it.

Source: nncase v1.9.0, src/schedule/freelist.cpp and buffer_allocator.cpp: buffers are placed
in the order of their birth, each in the lowest hole that is large enough; holes of buffers
that died are given back, and merged, just before. Fragmentation is therefore real: a
network can fail although its live maps would fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Buffer", "Placement", "first_fit"]


class Buffer(NamedTuple):
    """Memory that is needed from step `birth` to step `death`, the last one that reads it."""

    name: str
    size_bytes: int
    birth: int
    death: int


@dataclass(frozen=True)
class Placement:
    """Where each buffer went.

    starts: address of each buffer, bytes, in the order the buffers were given.
    peak_bytes: the highest address that was ever in use.
    peak_buffer: the buffer that reached it first, as an index; -1 when there are none.
    """

    starts: tuple[int, ...]
    peak_bytes: int
    peak_buffer: int


def first_fit(buffers: Sequence[Buffer], alignment_bytes: int) -> Placement:
    """Places `buffers` in memory without an upper end.

    A limit needs no rule of its own: first fit never looks at the end, so the buffers fit
    into `n` bytes exactly when `peak_bytes <= n`.
    """
    starts = [0] * len(buffers)
    living: list[tuple[int, int, int]] = []  # (start, end, last step), ordered by start
    peak_bytes, peak_buffer = 0, -1
    births = [buffer.birth for buffer in buffers]
    for index in sorted(range(len(buffers)), key=births.__getitem__):
        _, size_bytes, birth, death = buffers[index]
        living = [block for block in living if block[2] >= birth]
        size = -(-size_bytes // alignment_bytes) * alignment_bytes
        if size == 0:
            continue
        start, position = _lowest_hole(living, size)
        living.insert(position, (start, start + size, death))
        starts[index] = start
        if start + size > peak_bytes:
            peak_bytes, peak_buffer = start + size, index
    return Placement(tuple(starts), peak_bytes, peak_buffer)


def _lowest_hole(living: Sequence[tuple[int, int, int]], size_bytes: int) -> tuple[int, int]:
    """Address of the lowest hole of `size_bytes`, and its place among the living blocks."""
    address = 0
    for position, (start, end, _) in enumerate(living):
        if start - address >= size_bytes:
            return address, position
        address = end
    return address, len(living)

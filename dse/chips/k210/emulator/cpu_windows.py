"""Operations of the CPU whose outputs read several pixels, to the bit as nncase 1.9.0's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dse.chips.k210.emulator.memory import Memory
from dse.chips.k210.emulator.operands import Operands, Run
from dse.machine_code import Array, compiled

__all__ = [
    "COMBINED",
    "MAXIMUM",
    "MEAN",
    "MINIMUM",
    "SUM",
    "Places",
    "Windows",
    "bilinear",
    "conv2d",
    "convolve",
    "nearest",
    "reduce_window2d",
    "resize_image",
]

MEAN, MINIMUM, MAXIMUM, SUM = range(4)
"""`reduce_op_t` of nncase."""

COMBINED = {MINIMUM: np.minimum, MAXIMUM: np.maximum}
"""How two numbers become one; for the others, they are added."""


@dataclass(frozen=True)
class Windows:
    """Windows that step over maps (..., height, width); all pairs are (down, across).

    counts: of windows. corner: first pixel of the first one, which may lie outside.
    """

    counts: tuple[int, int]
    sides: tuple[int, int]
    corner: tuple[int, int]
    strides: tuple[int, int]
    dilations: tuple[int, int] = (1, 1)

    def pooled(self, levels: Array, combine: np.ufunc, initial: Any) -> tuple[Array, Array]:
        """What comes of each window, and of how many pixels.

        Taps are taken in the runtimes' order; those beyond the edge do not count. levels and
        initial: of one type, which is that of what comes of them.
        """
        found = np.full((*levels.shape[:-2], *self.counts), initial, levels.dtype)
        count = np.zeros(self.counts, np.float32)
        for ky in range(self.sides[0]):
            rows, from_rows = self._reached(0, levels.shape[-2], ky)
            for kx in range(self.sides[1]):
                columns, from_columns = self._reached(1, levels.shape[-1], kx)
                target = found[..., rows, columns]
                combine(target, levels[..., from_rows, from_columns], out=target)
                count[rows, columns] += 1
        return found, count

    def _reached(self, axis: int, side: int, tap: int) -> tuple[slice, slice]:
        """Windows whose tap lies within 0..side, and those taps."""
        step = self.strides[axis]
        shift = self.corner[axis] + tap * self.dilations[axis]
        begin = max(0, -(shift // step))
        end = max(begin, min(self.counts[axis], (side - 1 - shift) // step + 1))
        first = begin * step + shift
        return slice(begin, end), slice(first, first + max(0, (end - begin - 1) * step + 1), step)


def reduce_window2d(o: Operands) -> Run:
    """A pool."""
    o.expect(o.function in (MEAN, MINIMUM, MAXIMUM, SUM), f"function {o.function}")
    o.expect(o.type == "f4" and (o.dilation_h, o.dilation_w) == (1, 1), "dilation")
    high, wide = _windows(o, o.filter_h, o.filter_w)
    read, written = o.read(), o.written((*o.shape[:2], high, wide))
    o.calls(o.filter_h * o.filter_w, written.elements)
    windows = Windows(
        (high, wide), (o.filter_h, o.filter_w), (-o.top, -o.left), (o.stride_h, o.stride_w)
    )
    combine = COMBINED.get(o.function, np.add)
    initial, limited = np.float32(o.initial), o.limit()

    def run(memory: Memory) -> None:
        found, count = windows.pooled(memory.view(read), combine, initial)
        if o.function == MEAN:
            found /= count
        memory.view(written)[...] = limited(found)

    return run


def _windows(o: Operands, high: int, wide: int) -> tuple[int, int]:
    """How many windows of that size there are, down and across. Each reaches a pixel at least."""
    o.require(len(o.shape) == 4, f"maps of shape {o.shape}")
    sides = (
        (o.shape[2], o.top, o.bottom, high, o.stride_h),
        (o.shape[3], o.left, o.right, wide, o.stride_w),
    )
    for side, before, after, window, step in sides:
        inside = 0 <= before < window and 0 <= after < window <= side + before + after
        o.require(inside and step > 0, f"windows of {window} by {step} on {side} pixels")
    down, across = ((side + a + b - window) // step + 1 for side, a, b, window, step in sides)
    return down, across


BILINEAR = 0


def resize_image(o: Operands) -> Run:
    o.expect(o.type == "f4", f"type {o.type}")
    o.require(len(o.shape) == 4, f"maps of shape {o.shape}")
    read, written = o.read(), o.written((*o.shape[:2], o.height, o.width))
    how = bool(o.align_corners), bool(o.half_pixel_centers)
    rows, columns = Places(o.shape[2], o.height, *how), Places(o.shape[3], o.width, *how)
    resized = bilinear if o.mode == BILINEAR else nearest

    def run(memory: Memory) -> None:
        memory.view(written)[...] = resized(memory.view(read), rows, columns)

    return run


def nearest(maps: Array, rows: Places, columns: Places) -> Array:
    """Maps (..., height, width), resized: each pixel is one of theirs."""
    found: Array = maps[..., rows.nearest[:, None], columns.nearest]
    return found


def bilinear(maps: Array, rows: Places, columns: Places) -> Array:
    """Maps (..., height, width), resized in float32."""
    down, right = rows.beyond[:, None], columns.beyond
    up, left = np.float32(1) - down, np.float32(1) - right
    corners = (
        (rows.low, columns.low, up * left),
        (rows.high, columns.low, down * left),
        (rows.low, columns.high, up * right),
        (rows.high, columns.high, down * right),
    )
    parts = [maps[..., y[:, None], x] * share for y, x, share in corners]
    found: Array = parts[0] + parts[1] + parts[2] + parts[3]
    return found


class Places:
    """Where the outputs along one side read: two neighbours and a share, or the nearest."""

    def __init__(
        self, side: int, count: int, align_corners: bool, half_pixel_centers: bool = False
    ) -> None:
        scale = np.float32(side) / np.float32(count)
        if align_corners and count > 1:
            scale = np.float32(side - 1) / np.float32(count - 1)
        half = np.float32(0.5 if half_pixel_centers else 0)
        middle = (np.arange(count, dtype=np.float32) + half) * scale
        place = middle - half
        self.low = np.clip(np.floor(place).astype(np.int32), 0, side - 1)
        self.high = np.minimum(np.ceil(place).astype(np.int32), side - 1)
        self.beyond = place - self.low.astype(np.float32)
        # halves away from zero, as `roundf`
        whole = np.floor(middle + np.float32(0.5)) if align_corners else np.floor(middle)
        self.nearest = np.clip(whole.astype(np.int32), 0, side - 1)


def conv2d(o: Operands) -> Run:
    o.expect(o.type == "f4" and (o.dilation_h, o.dilation_w) == (1, 1), "dilation")
    o.require(len(o.kernel_shape) == 4, f"kernels of shape {o.kernel_shape}")
    out, per_group, *window = o.kernel_shape
    high, wide = _windows(o, *window)
    grouped = o.groups > 0 and per_group * o.groups == o.shape[1] and out % o.groups == 0
    o.require(grouped and o.shape[0] == 1, f"{o.groups} groups of kernels {o.kernel_shape}")
    kernel = o.constant("kernel", o.type, o.kernel_shape, o.kernel_strides)
    bias = o.constant("bias", o.type, (out,), o.bias_strides)
    read, written = o.read(), o.written((1, out, high, wide))
    o.work += kernel.elements * high * wide
    low, limit = np.float32(o.low), np.float32(o.high)
    strides, pads = (o.stride_h, o.stride_w), (o.top, o.left)

    def run(memory: Memory) -> None:
        # copies: whatever lay where, the loops are compiled for one kind of arrays
        maps = memory.view(read)[:, 0].copy()
        weights, start = (memory.view(constant)[0].copy() for constant in (kernel, bias))
        convolve(
            maps, weights, start, strides, pads, (1, 1), low, limit, memory.view(written)[:, 0]
        )

    return run


@compiled
def convolve(
    maps: Array,
    kernel: Array,
    bias: Array,
    strides: tuple[int, int],
    pads: tuple[int, int],
    dilations: tuple[int, int],
    low: np.float32,
    high: np.float32,
    written: Array,
) -> None:
    """A convolution on the CPU, float32, added up in the runtime's order: bit for bit its own.

    maps: (pictures, channels, height, width); kernel: (out, channels / groups, kh, kw);
    bias: (out,); strides, dilations: (down, right); pads: (top, left);
    written: (pictures, out, h, w).
    """
    pictures, channels, height, width = maps.shape
    out, per_group, kh, kw = kernel.shape
    group_out = out // (channels // per_group)
    line = np.empty(written.shape[3], np.float32)
    for picture in range(pictures):
        for o in range(out):
            for y in range(written.shape[2]):
                line[:] = bias[o]
                for i in range(per_group):
                    for ky in range(kh):
                        row = y * strides[0] + ky * dilations[0] - pads[0]
                        if row < 0 or row >= height:
                            continue
                        source = maps[picture, o // group_out * per_group + i, row]
                        for kx in range(kw):
                            w, shift = kernel[o, i, ky, kx], kx * dilations[1] - pads[1]
                            begin = max(0, -(shift // strides[1]))
                            end = min(len(line), (width - 1 - shift) // strides[1] + 1)
                            for x in range(begin, end):
                                line[x] += source[x * strides[1] + shift] * w
                for x in range(len(line)):
                    written[picture, o, y, x] = min(max(line[x], low), high)

"""Operations of the CPU whose outputs read several pixels, to the bit as nncase 1.9.0's."""

from __future__ import annotations

import numpy as np

from dse.emulation.operands import Operands
from dse.machine_code import Array, compiled

__all__ = ["conv2d", "reduce_window2d", "resize_image"]

MEAN, MINIMUM, MAXIMUM, SUM = range(4)
"""`reduce_op_t` of nncase."""


def reduce_window2d(o: Operands) -> None:
    """Taps are taken in the runtime's order; those beyond the edge do not count."""
    o.expect(o.function in (MEAN, MINIMUM, MAXIMUM, SUM), f"function {o.function}")
    o.expect((o.dilation_h, o.dilation_w) == (1, 1), "dilation")
    read = o.read()
    sides = [
        (o.shape[2], o.top, o.bottom, o.filter_h, o.stride_h),
        (o.shape[3], o.left, o.right, o.filter_w, o.stride_w),
    ]
    high, wide = ((side + a + b - window) // step + 1 for side, a, b, window, step in sides)
    found = np.full((*read.shape[:3], high, wide), o.initial, np.float32)
    count = np.zeros((high, wide), np.float32)
    combine = {MINIMUM: np.minimum, MAXIMUM: np.maximum}.get(o.function, np.add)
    for ky in range(o.filter_h):
        rows, from_rows = _reached(o.shape[2], high, ky - o.top, o.stride_h)
        for kx in range(o.filter_w):
            columns, from_columns = _reached(o.shape[3], wide, kx - o.left, o.stride_w)
            target = found[..., rows, columns]
            combine(target, read[..., from_rows, from_columns], out=target)
            count[rows, columns] += 1
    if o.function == MEAN:
        found /= count
    o.written(found.shape[1:])[...] = o.limited(found)


def _reached(side: int, count: int, shift: int, step: int) -> tuple[slice, slice]:
    """Outputs 0..count whose tap at step * i + shift lies within 0..side, and those taps."""
    begin = max(0, -(shift // step))
    end = max(begin, min(count, (side - 1 - shift) // step + 1))
    first = begin * step + shift
    return slice(begin, end), slice(first, first + max(0, (end - begin - 1) * step + 1), step)


BILINEAR = 0


def resize_image(o: Operands) -> None:
    o.expect(o.type == "f4", f"type {o.type}")
    read = o.read()
    rows = _Places(o, o.shape[2], o.height)
    columns = _Places(o, o.shape[3], o.width)
    if o.mode != BILINEAR:
        found = read[..., rows.nearest[:, None], columns.nearest]
    else:
        down, right = rows.beyond[:, None], columns.beyond
        up, left = np.float32(1) - down, np.float32(1) - right
        corners = (
            (rows.low, columns.low, up * left),
            (rows.high, columns.low, down * left),
            (rows.low, columns.high, up * right),
            (rows.high, columns.high, down * right),
        )
        parts = [read[..., y[:, None], x] * share for y, x, share in corners]
        found = parts[0] + parts[1] + parts[2] + parts[3]
    o.written(found.shape[1:])[...] = found


class _Places:
    """Where the outputs along one side read: two neighbours and a share, or the nearest."""

    def __init__(self, o: Operands, side: int, count: int) -> None:
        scale = np.float32(side) / np.float32(count)
        if o.align_corners and count > 1:
            scale = np.float32(side - 1) / np.float32(count - 1)
        half = np.float32(0.5 if o.half_pixel_centers else 0)
        middle = (np.arange(count, dtype=np.float32) + half) * scale
        place = middle - half
        self.low = np.maximum(np.floor(place).astype(np.int32), 0)
        self.high = np.minimum(np.ceil(place).astype(np.int32), side - 1)
        self.beyond = place - self.low.astype(np.float32)
        # halves away from zero, as `roundf`
        whole = np.floor(middle + np.float32(0.5)) if o.align_corners else np.floor(middle)
        self.nearest = np.clip(whole.astype(np.int32), 0, side - 1)


def conv2d(o: Operands) -> None:
    o.expect(o.type == "f4" and (o.dilation_h, o.dilation_w) == (1, 1), "dilation")
    (_, _, height, width), (out, _, kh, kw) = o.shape, o.kernel_shape
    high = (height + o.top + o.bottom - kh) // o.stride_h + 1
    wide = (width + o.left + o.right - kw) // o.stride_w + 1
    kernel = o.tensor("kernel", o.type, o.kernel_shape, o.kernel_strides)[0]
    bias = o.tensor("bias", o.type, (out,), o.bias_strides)[0]
    read, written = o.read(), o.written((o.shape[0], out, high, wide))
    _convolve(
        np.ascontiguousarray(read[:, 0]), np.ascontiguousarray(kernel),
        np.ascontiguousarray(bias), (o.stride_h, o.stride_w), (o.top, o.left),
        np.float32(o.low), np.float32(o.high), written[:, 0],
    )  # fmt: skip


@compiled
def _convolve(
    maps: Array,
    kernel: Array,
    bias: Array,
    strides: tuple[int, int],
    pads: tuple[int, int],
    low: np.float32,
    high: np.float32,
    written: Array,
) -> None:
    """A convolution on the CPU, float32, added up in the runtime's order: bit for bit its own.

    maps: (pictures, channels, height, width); kernel: (out, channels / groups, kh, kw);
    bias: (out,); strides: (down, right); pads: (top, left); written: (pictures, out, h, w).
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
                        row = y * strides[0] + ky - pads[0]
                        if row < 0 or row >= height:
                            continue
                        source = maps[picture, o // group_out * per_group + i, row]
                        for kx in range(kw):
                            w, shift = kernel[o, i, ky, kx], kx - pads[1]
                            begin = max(0, -(shift // strides[1]))
                            end = min(len(line), (width - 1 - shift) // strides[1] + 1)
                            for x in range(begin, end):
                                line[x] += source[x * strides[1] + shift] * w
                for x in range(len(line)):
                    written[picture, o, y, x] = min(max(line[x], low), high)

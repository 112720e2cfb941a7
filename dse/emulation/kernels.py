"""The loops of the emulator, compiled by Numba: one thread each, without Python's lock.

Feature maps are uint8 (channels, pictures, height, width): a channel of all pictures lies in
one piece, so that a 1x1 convolution of a whole batch is one product of two matrices, and what
differs from channel to channel is a constant of the inner loops. Sums are whole numbers in
float32 (or float64), small enough to be exact in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

from dse.emulation.activation import Activation

__all__ = [
    "activate",
    "convolve_depthwise",
    "convolve_float",
    "gather_columns",
    "to_numbers",
]

Array = NDArray[Any]
Function = TypeVar("Function", bound=Callable[..., Any])

PIECE = 2048
"""Pixels of a channel that are activated at a time: they stay in the first-level cache."""

TO_WHOLE = 1.5 * 2.0**52
"""Adding and subtracting it rounds a float64 to the nearest whole number, halves to even."""


def _compiled(function: Function) -> Function:
    """`function` in machine code, kept on disk for the next process."""
    compile = numba.njit(nogil=True, cache=True, error_model="numpy")
    machine_code: Function = compile(function)
    return machine_code


@_compiled
def gather_columns(
    maps: Array,
    first_line: int,
    kernel: int,
    stride: int,
    top: int,
    left: int,
    offset: float,
    padding: float,
    columns: Array,
) -> None:
    """What some lines of output pixels read: a row for each input channel and tap.

    maps: (channels, pictures, height, width) uint8. A line is one row of output pixels of one
    picture, counted over all pictures from `first_line` on. Pixel (y, x) reads the window at
    (stride * y + top, stride * x + left). offset: added to each level; padding: what is read
    beyond the edge. columns: (channels * kernel * kernel, lines, pixels of a line), written.
    """
    height, width = maps.shape[2:]
    per_picture, wide = height // stride, columns.shape[2]
    for row in range(columns.shape[0]):
        channel, tap = row // (kernel * kernel), row % (kernel * kernel)
        down, right = tap // kernel + top, tap % kernel + left
        for line in range(columns.shape[1]):
            picture, y = divmod(first_line + line, per_picture)
            target = columns[row, line]
            y = y * stride + down
            if y < 0 or y >= height:
                target[:] = padding
                continue
            source = maps[channel, picture, y]
            begin = 0 if right >= 0 else 1
            end = wide if (wide - 1) * stride + right < width else wide - 1
            if begin:
                target[0] = padding
            if end < wide:
                target[end] = padding
            for x in range(begin, end):
                target[x] = source[x * stride + right] + offset


@_compiled
def to_numbers(levels: Array, first: int, offset: float, columns: Array) -> None:
    """columns (channels, n) = levels (channels, pixels) from pixel `first` on, plus offset."""
    for channel in range(columns.shape[0]):
        source, target = levels[channel, first:], columns[channel]
        for i in range(len(target)):
            target[i] = source[i] + offset


@_compiled
def activate(sums: Array, activation: Activation, first: int, written: Array) -> None:
    """written[c, first + i] = level of sums[c, i]; sums (channels, n), written uint8."""
    z = np.empty(PIECE, np.float64)
    for channel in range(sums.shape[0]):
        for begin in range(0, sums.shape[1], PIECE):
            end = min(begin + PIECE, sums.shape[1])
            target = written[channel, first + begin : first + end]
            _activate_line(sums[channel, begin:end], channel, activation, z, target)


@_compiled
def convolve_depthwise(
    maps: Array,
    weights: Array,
    stride: int,
    left: int,
    offset: float,
    padding: float,
    activation: Activation,
    written: Array,
) -> None:
    """3x3 depthwise convolution and its activation, every `stride`-th pixel from (0, left).

    maps: (channels, pictures, height, width) uint8; weights: (channels, 9); written:
    (channels, pictures, height / stride, width / stride) uint8; the others as above.
    """
    channels, pictures, height, width = maps.shape
    plane = np.full((height + 2, width + 2), padding, weights.dtype)
    sums = np.empty(width, weights.dtype)
    picked = np.empty(written.shape[3], weights.dtype)
    z = np.empty(width, np.float64)
    for channel in range(channels):
        w = weights[channel]
        for picture in range(pictures):
            for y in range(height):
                source, target = maps[channel, picture, y], plane[y + 1, 1 : width + 1]
                for x in range(width):
                    target[x] = source[x] + offset
            for y in range(written.shape[2]):
                _filter_line(plane[stride * y : stride * y + 3], w, sums)
                line = sums
                if stride > 1:
                    for x in range(len(picked)):
                        picked[x] = sums[x * stride + left]
                    line = picked
                _activate_line(line, channel, activation, z, written[channel, picture, y])


@_compiled
def _filter_line(rows: Array, w: Array, sums: Array) -> None:
    """sums[x] of the 3x3 filter `w` (9,) over three rows with a pixel more at each end."""
    a, b, c = rows[0], rows[1], rows[2]
    for x in range(len(sums)):
        above = a[x] * w[0] + a[x + 1] * w[1] + a[x + 2] * w[2]
        level = b[x] * w[3] + b[x + 1] * w[4] + b[x + 2] * w[5]
        below = c[x] * w[6] + c[x + 1] * w[7] + c[x + 2] * w[8]
        sums[x] = above + level + below


@_compiled
def _activate_line(
    sums: Array, channel: int, activation: Activation, z: Array, written: Array
) -> None:
    """Levels of some sums of one channel; `z` is room for as many numbers."""
    gain, add = activation.gain[channel], activation.add[channel]
    for i in range(len(sums)):
        scaled = sums[i] * gain
        whole = (scaled + TO_WHOLE) - TO_WHOLE
        z[i] = (whole - 1 if whole > scaled else whole) + add
    if len(activation.main):
        _main_and_steps(z, activation.main, activation.edges, activation.steps, written)
    else:
        _one_segment(z, activation.starts, activation.slopes, activation.offsets, written)


@_compiled
def _main_and_steps(z: Array, main: Array, edges: Array, steps: Array, written: Array) -> None:
    start, slope, offset, first, last, base = main
    for i in range(len(written)):
        level = ((z[i] - start) * slope + TO_WHOLE) - TO_WHOLE + offset
        written[i] = np.uint8(min(max(level, first), last) + base)
    for edge, step in zip(edges, steps):  # noqa: B905 - Numba has no `strict`
        change = np.uint8(np.int64(step))  # a fall is added modulo 256
        for i in range(len(written)):
            written[i] += change if z[i] >= edge else np.uint8(0)


@_compiled
def _one_segment(z: Array, starts: Array, slopes: Array, offsets: Array, written: Array) -> None:
    for i in range(len(written)):
        s = len(starts) - 1
        while s > 0 and z[i] <= starts[s]:
            s -= 1
        level = ((z[i] - starts[s]) * slopes[s] + TO_WHOLE) - TO_WHOLE + offsets[s]
        written[i] = np.uint8(min(max(level, 0.0), 255.0))


@_compiled
def convolve_float(
    maps: Array,
    kernel: Array,
    bias: Array,
    strides: tuple[int, int],
    pads: tuple[int, int],
    low: float,
    high: float,
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

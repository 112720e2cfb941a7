"""The loops of the emulator, compiled by Numba: one thread each, without Python's lock.

Feature maps are uint8 (channels, pictures, height, width): a channel of all pictures lies in
one piece, so that a 1x1 convolution of a whole batch is one product of two matrices, and what
differs from channel to channel is a constant of the inner loops. Sums are whole numbers in
float32 (or float64), small enough to be exact in any order.

What calls one another stays in this file: Numba's cache on disk asks for the age of a function's
own file alone.
"""

from __future__ import annotations

import numpy as np

from dse.chips.k210.emulator.activation import Activation
from dse.machine_code import Array, compiled

__all__ = [
    "activate",
    "convolve_depthwise",
    "gather_columns",
    "to_numbers",
]

PIECE = 4096
"""Pixels of a channel that are filtered at a time: they stay in the caches."""


STRETCH = 512
"""Sums of which all are computed again when one was too near a half."""


@compiled
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


@compiled
def to_numbers(levels: Array, first: int, offset: float, columns: Array) -> None:
    """columns (channels, n) = levels (channels, pixels) from pixel `first` on, plus offset."""
    for channel in range(columns.shape[0]):
        source, target = levels[channel, first:], columns[channel]
        for i in range(len(target)):
            target[i] = source[i] + offset


@compiled
def activate(sums: Array, activation: Activation, first: int, written: Array) -> None:
    """written[c, first + i] = level of sums[c, i]; sums (channels, n), written uint8."""
    for channel in range(sums.shape[0]):
        _activate_line(sums[channel], channel, activation, written[channel, first:])


@compiled
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

    maps: (channels, pictures, height, width) uint8; weights: (channels, 9); written: (channels,
    pictures * (height / stride) * (width / stride)) uint8; the others as above.
    """
    channels, pictures, height, width = maps.shape
    high, wide = height // stride, width // stride
    at_once = min(pictures, max(1, PIECE // (height * width)))
    pitch, tall = width + 1, height + 1  # lines and pictures share the padding between them
    sums = np.empty(at_once * tall * pitch, weights.dtype)
    padded = np.full(len(sums) + 2 * pitch + 2, padding, weights.dtype)
    picked = np.empty(at_once * high * wide, weights.dtype)
    for channel in range(channels):
        for begin in range(0, pictures, at_once):
            count = min(at_once, pictures - begin)
            for line in range(count * height):
                picture, y = divmod(line, height)
                source = maps[channel, begin + picture, y]
                target = padded[(picture * tall + y + 1) * pitch + 1 :]
                for x in range(width):
                    target[x] = source[x] + offset
            _filter(padded, weights[channel], pitch, sums)
            for line in range(count * high):
                picture, y = divmod(line, high)
                source = sums[(picture * tall + y * stride) * pitch + left :]
                target = picked[line * wide :]
                for x in range(wide):
                    target[x] = source[x * stride]
            chosen = picked[: count * high * wide]
            _activate_line(chosen, channel, activation, written[channel, begin * high * wide :])


@compiled
def _filter(padded: Array, w: Array, pitch: int, sums: Array) -> None:
    """sums[i] of the 3x3 filter `w` (9,) over three lines `pitch` apart that begin at i."""
    a, b, c = padded, padded[pitch:], padded[2 * pitch :]
    for i in range(len(sums)):
        above = a[i] * w[0] + a[i + 1] * w[1] + a[i + 2] * w[2]
        level = b[i] * w[3] + b[i + 1] * w[4] + b[i + 2] * w[5]
        below = c[i] * w[6] + c[i + 1] * w[7] + c[i + 2] * w[8]
        sums[i] = above + level + below


@compiled
def _activate_line(sums: Array, channel: int, activation: Activation, written: Array) -> None:
    """Levels of all `sums` of one channel.

    First in the numbers of the sums; where one comes near a half, its stretch again in float64.
    """
    if activation.slope == 0:
        _by_segments(sums, channel, activation, written)
        return
    number = sums.dtype.type
    gain, slope, bias = activation.gain[channel], activation.slope, activation.bias[channel]
    steep, rough_bias = activation.steep[channel], activation.rough_bias[channel]
    low, high, base = number(activation.low), number(activation.high), number(activation.base)
    edge, far_edge = activation.edges[channel, 0], activation.edges[channel, 1]
    step, far_step = number(activation.steps[0]), number(activation.steps[1])
    sure, none = activation.sure[channel], number(0)
    for begin in range(0, len(sums), STRETCH):
        some, levels = sums[begin : begin + STRETCH], written[begin : begin + STRETCH]
        doubtful = 0
        for i in range(len(some)):
            place = min(max(some[i] * steep + rough_bias, low), high)
            level = np.rint(place)
            doubtful += abs(place - level) > sure
            level += base
            level += step if some[i] >= edge else none
            level += far_step if some[i] >= far_edge else none
            levels[i] = np.uint8(np.int32(level))
        if doubtful:
            for i in range(len(some)):
                exact = np.floor(some[i] * gain) * slope + bias
                level = number(np.rint(min(max(exact, low), high))) + base
                level += step if some[i] >= edge else none
                level += far_step if some[i] >= far_edge else none
                levels[i] = np.uint8(np.int32(level))


@compiled
def _by_segments(sums: Array, channel: int, activation: Activation, written: Array) -> None:
    gain, add = activation.gain[channel], activation.add[channel]
    starts, slopes, offsets = activation.starts, activation.slopes, activation.offsets
    for i in range(len(sums)):
        z = np.floor(sums[i] * gain) + add
        s = 8 if z > starts[8] else 0  # the last of sixteen that begins below z
        s += 4 if z > starts[s + 4] else 0
        s += 2 if z > starts[s + 2] else 0
        s += 1 if z > starts[s + 1] else 0
        level = np.rint((z - starts[s]) * slopes[s]) + offsets[s]
        written[i] = np.uint8(np.int32(min(max(level, 0.0), 255.0)))

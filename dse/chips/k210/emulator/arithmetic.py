"""Arithmetic of the old runtimes' CPU, float32 and whole numbers, to the bit.

Sums are taken in the runtimes' order, one number after the other, without products fused into
them. Exponentials and the like are those of float64, rounded: within 1 unit in the last place of
any C library's float32.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dse.machine_code import Array, compiled

__all__ = [
    "BINARY",
    "LEVELS",
    "QUANTIZED_BINARY",
    "UNARY",
    "added_up",
    "carried",
    "convolve_levels",
    "convolve_transposed",
    "exponential",
    "levels_of",
    "multiply",
    "rounded_float32",
    "softmax",
]

LEVELS = 256
"""Of a uint8 number."""


def rounded_float32(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """`function` of float32 numbers, computed in float64 and rounded once."""

    def rounded(numbers: Array) -> Array:
        return np.asarray(function(np.asarray(numbers, np.float64)), np.float32)

    return rounded


exponential = rounded_float32(np.exp)

UNARY: tuple[Callable[[Array], Array], ...] = (
    np.abs, np.ceil, rounded_float32(np.cos), exponential, np.floor, rounded_float32(np.log),
    np.negative, lambda numbers: np.float32(1) / np.sqrt(numbers), rounded_float32(np.sin),
    np.square,
)  # fmt: skip
"""`unary_op_t` of nncase 0.2, by number."""

BINARY: tuple[np.ufunc, ...] = (
    np.add, np.subtract, np.multiply, np.divide, np.minimum, np.maximum,
)  # fmt: skip
"""`binary_op_t` of nncase 0.2, by number."""


def divided(a: Array, b: Array) -> Array:
    """a / b in whole numbers: half of b is added first, then the quotient is cut off, as in C.

    Where b is 0 it is -1, which a RISC-V processor makes of it.
    """
    above, below = a + _cut(b, np.int64(2)), b
    return np.where(below == 0, -1, _cut(above, np.where(below == 0, 1, below)))


def _cut(a: Array, b: Array | np.int64) -> Array:
    found: Array = np.abs(a) // np.abs(b) * (np.sign(a) * np.sign(b))
    return found


QUANTIZED_BINARY: tuple[Callable[[Array, Array], Array], ...] = (
    np.add, np.subtract, np.multiply, divided, np.minimum, np.maximum,
)  # fmt: skip
"""The same for whole numbers (int64 that fit in 32 bits)."""


def added_up(numbers: Array, initial: Array | np.float32) -> Array:
    """The sum over the last axis, from `initial` on, one float32 after the other."""
    first = np.broadcast_to(np.asarray(initial, np.float32), (*numbers.shape[:-1], 1))
    found: Array = np.add.accumulate(np.concatenate([first, numbers], axis=-1), axis=-1)
    return found[..., -1]


def levels_of(numbers: Array) -> Array:
    """Levels of float32 numbers: rounded, halves away from zero, and clipped to 0..255."""
    clipped = np.clip(np.nan_to_num(numbers.astype(np.float64)), 0, LEVELS - 1)
    return np.floor(clipped + 0.5).astype(np.uint8)


def softmax(numbers: Array, beta: np.float32, least: np.float32) -> Array:
    """Over the last axis. least: what the greatest number is taken for where all are below."""
    greatest = np.maximum(numbers.max(axis=-1, keepdims=True), least)
    found = exponential((numbers - greatest) * beta)
    return found / added_up(found, np.float32(0))[..., None]


def carried(values: Array, mul: int, shift: int) -> Array:
    """values * mul / 2^shift, halves up, as numbers of 32 bits; values: int64 that fit in 32."""
    product = values * np.int64(mul)
    if shift > 0:
        product = (product + (np.int64(1) << (shift - 1))) >> shift
    return product.astype(np.int32).astype(np.int64)


@compiled
def multiply(a: Array, b: Array, start: Array, written: Array) -> None:
    """written (n, rows, columns) = start (columns,) + a (n, rows, inner) b (n, inner, columns).

    b: one for all where it is a constant. Sums are taken in the order of `inner`, in the type of
    `written`.
    """
    for picture in range(len(written)):
        factors = b[min(picture, len(b) - 1)]
        for row in range(written.shape[1]):
            line = written[picture, row]
            line[:] = start
            for i in range(a.shape[2]):
                number = a[picture, row, i]
                for column in range(len(line)):
                    line[column] += number * factors[i, column]


@compiled
def convolve_transposed(
    maps: Array,
    kernel: Array,
    strides: tuple[int, int],
    pads: tuple[int, int],
    dilations: tuple[int, int],
    written: Array,
) -> None:
    """Adds each number, times the kernel, to the window that it stands for.

    maps: (n, channels, height, width); kernel: (out, channels / groups, kh, kw); pairs are
    (down, right); written: (n, out, h, w), zeros at first; what falls outside is dropped.
    """
    out, per_group, kh, kw = kernel.shape
    group_out = out // (maps.shape[1] // per_group)
    high, wide = written.shape[2:]
    for picture in range(len(maps)):
        for channel in range(maps.shape[1]):
            group, i = divmod(channel, per_group)
            for y in range(maps.shape[2]):
                for x in range(maps.shape[3]):
                    number = maps[picture, channel, y, x]
                    top, left = y * strides[0] - pads[0], x * strides[1] - pads[1]
                    for o in range(group * group_out, (group + 1) * group_out):
                        for ky in range(kh):
                            row = top + ky * dilations[0]
                            if row < 0 or row >= high:
                                continue
                            for kx in range(kw):
                                column = left + kx * dilations[1]
                                if column >= 0 and column < wide:
                                    written[picture, o, row, column] += (
                                        number * kernel[o, i, ky, kx]
                                    )


@compiled
def convolve_levels(
    maps: Array,
    kernel: Array,
    bias: Array,
    strides: tuple[int, int],
    pads: tuple[int, int],
    dilations: tuple[int, int],
    written: Array,
) -> None:
    """The sums of a convolution in whole numbers (int64), its offsets in maps and kernel already.

    maps: (n, channels, height, width); kernel: (out, channels / groups, kh, kw); pairs are
    (down, right); what lies outside counts as nothing; written: (n, out, h, w).
    """
    pictures, channels, height, width = maps.shape
    out, per_group, kh, kw = kernel.shape
    group_out = out // (channels // per_group)
    for picture in range(pictures):
        for o in range(out):
            for y in range(written.shape[2]):
                line = written[picture, o, y]
                line[:] = bias[o]
                for i in range(per_group):
                    source = maps[picture, o // group_out * per_group + i]
                    for ky in range(kh):
                        row = y * strides[0] + ky * dilations[0] - pads[0]
                        if row < 0 or row >= height:
                            continue
                        for kx in range(kw):
                            shift = kx * dilations[1] - pads[1]
                            begin = max(0, -(shift // strides[1]))
                            end = min(len(line), (width - 1 - shift) // strides[1] + 1)
                            for x in range(begin, end):
                                line[x] += (
                                    source[row, x * strides[1] + shift] * kernel[o, i, ky, kx]
                                )

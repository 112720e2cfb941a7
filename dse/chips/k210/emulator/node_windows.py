"""Operations of kmodel version 4 that read many numbers for one; see `node_operations`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dse.chips.k210.emulator.arithmetic import (
    LEVELS,
    added_up,
    carried,
    convolve_levels,
    multiply,
)
from dse.chips.k210.emulator.cpu_windows import (
    COMBINED,
    MAXIMUM,
    MEAN,
    MINIMUM,
    SUM,
    Places,
    Windows,
    bilinear,
    convolve,
    nearest,
)
from dse.chips.k210.emulator.memory import Memory
from dse.chips.k210.emulator.tensors import Run, Tensors
from dse.chips.k210.kmodel import window_nodes as nodes
from dse.chips.k210.kmodel.records import Step
from dse.machine_code import Array

__all__ = ["WINDOWED"]

TYPES = {0: "f4", 1: "u1"}
"""`datatype_t` -> NumPy's name."""

LOOP_WORK = 4
"""What a product costs in these loops, in products of the accelerator's layers."""

Windowed = nodes.Conv2d | nodes.QuantizedConv2d | nodes.ReduceWindow


def _windows(n: Windowed, t: Tensors) -> Windows:
    """Whose counts are `get_windowed_output_size` of the runtime."""
    sides, strides = (n.filter_h, n.filter_w), (n.stride_h, n.stride_w)
    dilations, paddings = (n.dilation_h, n.dilation_w), (n.padding_h, n.padding_w)
    t.require(min(*sides, *strides, *dilations) > 0, f"windows of {sides} by {strides}")
    counts = []
    for side, (before, after), window, step, dilation in zip(
        n.in_shape[2:], paddings, sides, strides, dilations, strict=True
    ):
        reach = (window - 1) * dilation + 1
        t.require(0 <= before < reach and 0 <= after < reach, f"margins {before} and {after}")
        t.require(reach <= side + before + after, f"windows of {reach} on {side} numbers")
        counts.append((side + before + after - reach + step) // step)
    corner = (-n.padding_h.before, -n.padding_w.before)
    return Windows((counts[0], counts[1]), sides, corner, strides, dilations)


def _pool(n: nodes.ReduceWindow, t: Tensors) -> Run:
    t.expect(n.function in (MEAN, MINIMUM, MAXIMUM, SUM), f"function {n.function}")
    windows = _windows(n, t)
    read = t.at(n.input, "f4", n.in_shape)
    shape = (*n.in_shape[:2], *windows.counts)
    written = t.at(n.output, "f4", shape, written=True)
    t.calls(n.filter_h * n.filter_w, written.elements)
    combine, initial = COMBINED.get(n.function, np.add), np.float32(n.initial)
    low, high = np.float32(n.limits.low), np.float32(n.limits.high)

    def run(memory: Memory) -> None:
        found, count = windows.pooled(memory.view(read), combine, initial)
        if n.function == MEAN:
            found /= count
        memory.view(written)[...] = np.clip(found, low, high)

    return run


def _grouped(n: nodes.Conv2d | nodes.QuantizedConv2d, t: Tensors) -> None:
    whole = n.groups > 0 and n.in_shape.c % n.groups == 0 and n.out_channels % n.groups == 0
    t.require(whole and n.out_channels > 0, f"{n.groups} groups of {n.in_shape.c} channels")


def _conv2d(n: nodes.Conv2d, t: Tensors) -> Run:
    _grouped(n, t)
    windows = _windows(n, t)
    weights, bias = (t.array(one) for one in n.arrays)
    read = t.at(n.input, "f4", n.in_shape)
    shape = (n.in_shape.n, n.out_channels, *windows.counts)
    written = t.at(n.output, "f4", shape, written=True)
    t.work += LOOP_WORK * n.in_shape.n * weights.size * windows.counts[0] * windows.counts[1]
    pads = (n.padding_h.before, n.padding_w.before)
    low, high = np.float32(n.limits.low), np.float32(n.limits.high)

    def run(memory: Memory) -> None:
        maps = _copied(memory.view(read), n.in_shape[1:])
        found = np.empty((len(maps), *shape[1:]), np.float32)
        convolve(maps, weights, bias, windows.strides, pads, windows.dilations, low, high, found)
        memory.view(written)[...] = found.reshape(-1, *shape)

    return run


def _quantized_conv2d(n: nodes.QuantizedConv2d, t: Tensors) -> Run:
    _grouped(n, t)
    t.require(0 <= n.out_shift < 63, f"a shift of {n.out_shift}")
    windows = _windows(n, t)
    bias, weights = (t.array(one).astype(np.int64) for one in n.arrays)
    weights += n.filter_offset
    read = t.at(n.input, "u1", n.in_shape)
    shape = (n.in_shape.n, n.out_channels, *windows.counts)
    written = t.at(n.output, "u1", shape, written=True)
    t.work += LOOP_WORK * n.in_shape.n * weights.size * windows.counts[0] * windows.counts[1]
    pads = (n.padding_h.before, n.padding_w.before)

    def run(memory: Memory) -> None:
        maps = _copied(memory.view(read), n.in_shape[1:]).astype(np.int64) + n.input_offset
        sums = np.empty((len(maps), *shape[1:]), np.int64)
        convolve_levels(maps, weights, bias, windows.strides, pads, windows.dilations, sums)
        memory.view(written)[...] = _levels(sums, n).reshape(-1, *shape)

    return run


def _copied(view: Array, shape: tuple[int, ...]) -> Array:
    """All pictures' maps behind one another; a copy, so that loops are compiled for one kind."""
    return view.reshape(-1, *shape).copy()


def _levels(sums: Array, n: nodes.QuantizedConv2d | nodes.QuantizedMatMul) -> Array:
    whole = sums.astype(np.int32).astype(np.int64)
    return np.clip(carried(whole, n.out_mul, n.out_shift) + n.out_offset, 0, LEVELS - 1)


def _matmul(n: nodes.MatMul, t: Tensors) -> Run:
    a, b = t.at(n.a, "f4", (n.rows, n.inner)), t.at(n.b, "f4", (n.inner, n.columns))
    written = t.at(n.output, "f4", (n.rows, n.columns), written=True)
    (bias,) = (t.array(one) for one in n.arrays)
    t.work += LOOP_WORK * n.rows * n.inner * n.columns
    low, high = np.float32(n.limits.low), np.float32(n.limits.high)

    def run(memory: Memory) -> None:
        found = np.empty(memory.view(written).shape, np.float32)
        multiply(memory.view(a).copy(), memory.view(b).copy(), bias, found)
        memory.view(written)[...] = np.clip(found, low, high)

    return run


def _quantized_matmul(n: nodes.QuantizedMatMul, t: Tensors) -> Run:
    t.require(0 <= n.out_shift < 63, f"a shift of {n.out_shift}")
    a, b = t.at(n.a, "u1", (n.rows, n.inner)), t.at(n.b, "u1", (n.inner, n.columns))
    written = t.at(n.output, "u1", (n.rows, n.columns), written=True)
    (bias,) = (t.array(one).astype(np.int64) for one in n.arrays)
    t.work += LOOP_WORK * n.rows * n.inner * n.columns

    def run(memory: Memory) -> None:
        sums = np.empty(memory.view(written).shape, np.int64)
        multiply(
            memory.view(a).astype(np.int64) + n.a_offset,
            memory.view(b).astype(np.int64) + n.b_offset,
            bias,
            sums,
        )
        memory.view(written)[...] = _levels(sums, n)

    return run


def _reduce(n: nodes.Reduce, t: Tensors) -> Run:
    t.expect(n.function in (MEAN, MINIMUM, MAXIMUM, SUM), f"function {n.function}")
    sides = list(zip(n.in_shape, n.shape, strict=True))
    t.require(all(b in (1, a) for a, b in sides), f"shapes {tuple(n.in_shape)}, {tuple(n.shape)}")
    read, written = t.at(n.input, "f4", n.in_shape), t.at(n.output, "f4", n.shape, written=True)
    t.work += 2 * read.elements
    kept = [1 + axis for axis, (a, b) in enumerate(sides) if a == b]
    gone = [1 + axis for axis, (a, b) in enumerate(sides) if a != b]
    shape = (*(n.in_shape[axis - 1] for axis in kept), -1)
    initial = np.float32(n.initial)
    # as the runtime has it: from the sizes of its ranges
    factor = np.float32(n.output.size // 4) / np.float32(max(n.input.size // 4, 1))

    def run(memory: Memory) -> None:
        numbers = memory.view(read).transpose(0, *kept, *gone)
        rows = numbers.reshape(len(numbers), *shape)
        if n.function in COMBINED:
            found = COMBINED[n.function].reduce(rows, axis=-1, initial=initial)
        else:
            found = added_up(rows, initial)
        target = memory.view(written)
        target[...] = found.reshape(target.shape)
        if n.function == MEAN:
            target *= factor

    return run


def _resize(n: nodes.Resize, t: Tensors) -> Run:
    dtype = TYPES[n.input.type]
    read = t.at(n.input, dtype, n.in_shape)
    written = t.at(n.output, dtype, (*n.in_shape[:2], n.height, n.width), written=True)
    corners = bool(n.align_corners & 255) and n.mode == 0
    rows, columns = (
        Places(side, count, corners)
        for side, count in ((n.in_shape.h, n.height), (n.in_shape.w, n.width))
    )
    resized = bilinear if n.mode == 0 else nearest

    def run(memory: Memory) -> None:
        memory.view(written)[...] = resized(memory.view(read), rows, columns).astype(dtype)

    return run


def _pad(n: nodes.Pad, t: Tensors) -> Run:
    """Numbers of rows and columns below zero are cut off."""
    into, out_of, sides = [slice(None)], [slice(None)], []
    for side, (before, after) in zip(n.in_shape, n.margins, strict=True):
        kept = side + min(before, 0) + min(after, 0)
        t.require(kept > 0, f"margins {before} and {after} of {side} numbers")
        sides.append(side + before + after)
        into.append(slice(max(before, 0), max(before, 0) + kept))
        out_of.append(slice(max(-before, 0), max(-before, 0) + kept))
    dtype = TYPES[n.input.type]
    read = t.at(n.input, dtype, n.in_shape)
    written = t.at(n.output, dtype, tuple(sides), written=True)
    value = np.int32(n.value).tobytes()[: int(dtype[1:])]
    filled = np.frombuffer(value, f"<{dtype}")[0]
    target, source = tuple(into), tuple(out_of)

    def run(memory: Memory) -> None:
        numbers = memory.view(read)[source].copy()
        found = memory.view(written)
        found[...] = filled
        found[target] = numbers

    return run


def _strided_slice(n: nodes.StridedSlice, t: Tensors) -> Run:
    dtype = TYPES[n.input.type]
    read, taken = t.at(n.input, dtype, n.in_shape), []
    for side, begin, end, step in zip(n.in_shape, n.begin, n.end, n.strides, strict=True):
        t.require(step != 0, "strides of 0")
        places = range(begin, end, step)
        ends = (places[0], places[-1]) if places else (-1, -1)
        t.require(min(ends) >= 0 and max(ends) < side, f"{begin}..{end} of {side} numbers")
        taken.append(np.array(places))
    written = t.at(n.output, dtype, tuple(len(one) for one in taken), written=True)

    def run(memory: Memory) -> None:
        numbers = memory.view(read)
        found = numbers[np.ix_(np.arange(len(numbers)), *taken)]
        memory.view(written)[...] = found

    return run


WINDOWED: Mapping[type[Step], Callable[[Any, Tensors], Run]] = {
    nodes.Conv2d: _conv2d,
    nodes.MatMul: _matmul,
    nodes.Pad: _pad,
    nodes.QuantizedConv2d: _quantized_conv2d,
    nodes.QuantizedMatMul: _quantized_matmul,
    nodes.Reduce: _reduce,
    nodes.ReduceWindow: _pool,
    nodes.Resize: _resize,
    nodes.StridedSlice: _strided_slice,
}
"""As `node_operations.PREPARED`."""

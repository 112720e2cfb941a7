"""Operations of kmodel version 4 that read many numbers for one; see `node_operations`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dse.chips.k210.emulator.arithmetic import added_up
from dse.chips.k210.emulator.cpu_windows import (
    COMBINED,
    MAXIMUM,
    MEAN,
    MINIMUM,
    SUM,
    Places,
    Windows,
    bilinear,
    nearest,
)
from dse.chips.k210.emulator.memory import Memory
from dse.chips.k210.emulator.operands import Run
from dse.chips.k210.emulator.tensors import Tensors
from dse.chips.k210.kmodel import window_nodes as nodes
from dse.chips.k210.kmodel.records import Step

__all__ = ["WINDOWED", "windows_of"]

TYPES = {0: "f4", 1: "u1"}
"""`datatype_t` -> NumPy's name."""

Windowed = nodes.Conv2d | nodes.QuantizedConv2d | nodes.ReduceWindow


def windows_of(n: Windowed, t: Tensors) -> Windows:
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
    windows = windows_of(n, t)
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


def _reduce(n: nodes.Reduce, t: Tensors) -> Run:
    t.expect(n.function in (MEAN, MINIMUM, MAXIMUM, SUM), f"function {n.function}")
    sides = list(zip(n.in_shape, n.shape, strict=True))
    t.require(all(b in (1, a) for a, b in sides), f"shapes {tuple(n.in_shape)}, {tuple(n.shape)}")
    read, written = t.at(n.input, "f4", n.in_shape), t.at(n.output, "f4", n.shape, written=True)
    t.work += 2 * read.elements
    kept = [1 + axis for axis, (a, b) in enumerate(sides) if a == b]
    gone = [1 + axis for axis, (a, b) in enumerate(sides) if a != b]
    shape = (*(n.in_shape[axis - 1] for axis in kept), math.prod(n.in_shape[a - 1] for a in gone))
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
    nodes.Pad: _pad,
    nodes.Reduce: _reduce,
    nodes.ReduceWindow: _pool,
    nodes.Resize: _resize,
    nodes.StridedSlice: _strided_slice,
}
"""As `node_operations.PREPARED`."""

"""Convolutions and products of matrices of kmodel version 4; see `node_operations`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dse.chips.k210.emulator.arithmetic import (
    LEVELS,
    carried,
    convolve_levels,
    convolve_transposed,
    multiply,
)
from dse.chips.k210.emulator.cpu_windows import convolve
from dse.chips.k210.emulator.memory import Memory
from dse.chips.k210.emulator.node_windows import windows_of
from dse.chips.k210.emulator.operands import Run
from dse.chips.k210.emulator.tensors import Tensors
from dse.chips.k210.kmodel import window_nodes as nodes
from dse.chips.k210.kmodel.records import Step
from dse.machine_code import Array

__all__ = ["CONVOLVED"]

FULL = (float(np.finfo(np.float32).min), float(np.finfo(np.float32).max))
"""Limits that limit nothing."""

LOOP_WORK = 4
"""What a product costs in these loops, in products of the accelerator's layers."""


def _grouped(n: nodes.Conv2d | nodes.QuantizedConv2d, t: Tensors) -> None:
    whole = n.groups > 0 and n.in_shape.c % n.groups == 0 and n.out_channels % n.groups == 0
    t.require(whole and n.out_channels > 0, f"{n.groups} groups of {n.in_shape.c} channels")


def _conv2d(n: nodes.Conv2d, t: Tensors) -> Run:
    _grouped(n, t)
    windows = windows_of(n, t)
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


def _conv2d_transpose(n: nodes.Conv2dTranspose, t: Tensors) -> Run:
    whole = n.groups > 0 and n.in_shape.c % n.groups == 0 and n.shape.c % n.groups == 0
    t.require(whole and n.shape.n == n.in_shape.n, f"{n.groups} groups of {n.in_shape.c} channels")
    strides, dilations = (n.stride_h, n.stride_w), (n.dilation_h, n.dilation_w)
    pads = (n.padding_h.before, n.padding_w.before)
    t.require(min(*strides, *dilations) > 0, f"windows by {strides}")
    weights = t.array(n.arrays[0])
    read = t.at(n.input, "f4", n.in_shape)
    written = t.at(n.output, "f4", n.shape, written=True)
    t.work += LOOP_WORK * read.elements * weights.size // n.in_shape.c
    limited = (n.limits.low, n.limits.high) != FULL

    def run(memory: Memory) -> None:
        maps = _copied(memory.view(read), n.in_shape[1:])
        found: Array = np.zeros((len(maps), *n.shape[1:]), np.float32)
        convolve_transposed(maps, weights, strides, pads, dilations, found)
        if limited:
            found = np.clip(found, np.float32(n.limits.low), np.float32(n.limits.high))
        memory.view(written)[...] = found.reshape(-1, *n.shape)

    return run


def _quantized_conv2d(n: nodes.QuantizedConv2d, t: Tensors) -> Run:
    _grouped(n, t)
    t.require(0 <= n.out_shift < 63, f"a shift of {n.out_shift}")
    windows = windows_of(n, t)
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


CONVOLVED: Mapping[type[Step], Callable[[Any, Tensors], Run]] = {
    nodes.Conv2d: _conv2d,
    nodes.Conv2dTranspose: _conv2d_transpose,
    nodes.MatMul: _matmul,
    nodes.QuantizedConv2d: _quantized_conv2d,
    nodes.QuantizedMatMul: _quantized_matmul,
}
"""As `node_operations.PREPARED`."""

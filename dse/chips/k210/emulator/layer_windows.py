"""Layers of kmodel version 3 that read many numbers for one; see `layer_operations`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dse.chips.k210.emulator.arithmetic import added_up, multiply
from dse.chips.k210.emulator.cpu_windows import Places, Windows, nearest
from dse.chips.k210.emulator.memory import Memory, Region
from dse.chips.k210.emulator.operands import Run
from dse.chips.k210.emulator.tensors import Tensors
from dse.chips.k210.kmodel import layers
from dse.chips.k210.kmodel.records import Step

__all__ = ["WINDOWED"]

LOOP_WORK = 4
"""What a product costs in these loops, in products of the accelerator's layers."""

LIMITS = {1: (0.0, np.inf), 2: (0.0, 6.0)}
"""Number of an activation -> least and greatest number; the others leave all as it is."""


def _global_average_pool(n: layers.GlobalAveragePool, t: Tensors) -> Run:
    read = t.main(n.input, "f4", (n.channels, n.kernel))
    written = t.main(n.output, "f4", (n.channels,), written=True)

    def run(memory: Memory) -> None:
        sums = added_up(memory.view(read), np.float32(0))
        memory.view(written)[...] = sums / np.float32(n.kernel)

    return run


def _windows(n: Any, t: Tensors) -> Windows:
    sides, strides = (n.kernel_height, n.kernel_width), (n.stride_height, n.stride_width)
    corner = (-n.padding_height, -n.padding_width)
    t.require(min(*sides, *strides) > 0, f"windows of {sides} by {strides}")
    t.require(max(corner) <= 0, f"margins {corner}")
    t.require(n.shape.channels <= n.in_shape.channels, "more channels than it reads")
    return Windows((n.shape.height, n.shape.width), sides, corner, strides)


def _pooled(n: Any, t: Tensors, dtype: str) -> tuple[Windows, Region, Region]:
    windows = _windows(n, t)
    read = t.main(n.input, dtype, n.in_shape.chw)
    written = t.main(n.output, dtype, n.shape.chw, written=True)
    t.calls(n.kernel_height * n.kernel_width, written.elements)
    return windows, read, written


def _quantized_max_pool(n: layers.QuantizedMaxPool, t: Tensors) -> Run:
    windows, read, written = _pooled(n, t, "u1")

    def run(memory: Memory) -> None:
        levels = memory.view(read)[:, : n.shape.channels]
        memory.view(written)[...] = windows.pooled(levels, np.maximum, 0)[0]

    return run


def _average_pool(n: layers.AveragePool, t: Tensors) -> Run:
    windows, read, written = _pooled(n, t, "f4")

    def run(memory: Memory) -> None:
        numbers = memory.view(read)[:, : n.shape.channels]
        sums, count = windows.pooled(numbers, np.add, 0)
        memory.view(written)[...] = sums / count

    return run


def _fully_connected(n: layers.FullyConnected, t: Tensors) -> Run:
    read = t.main(n.input, "f4", (1, n.in_channels))
    written = t.main(n.output, "f4", (1, n.out_channels), written=True)
    weights, bias = (t.array(one) for one in n.arrays)
    columns, zeros = weights.T[None].copy(), np.zeros(n.out_channels, np.float32)
    low, high = LIMITS.get(n.activation, (-np.inf, np.inf))
    t.work += LOOP_WORK * weights.size

    def run(memory: Memory) -> None:
        sums = np.empty(memory.view(written).shape, np.float32)
        multiply(memory.view(read).copy(), columns, zeros, sums)
        memory.view(written)[...] = np.clip(sums + bias, np.float32(low), np.float32(high))

    return run


def _resize(dtype: str) -> Callable[[layers.Resize, Tensors], Run]:
    def prepare(n: layers.Resize, t: Tensors) -> Run:
        channels, height, width = n.in_shape.chw
        read = t.main(n.input, dtype, (channels, height, width))
        written = t.main(n.output, dtype, (channels, n.height, n.width), written=True)
        rows, columns = Places(height, n.height, False), Places(width, n.width, False)

        def run(memory: Memory) -> None:
            memory.view(written)[...] = nearest(memory.view(read), rows, columns)

        return run

    return prepare


WINDOWED: Mapping[type[Step], Callable[[Any, Tensors], Run]] = {
    layers.AveragePool: _average_pool,
    layers.FullyConnected: _fully_connected,
    layers.GlobalAveragePool: _global_average_pool,
    layers.QuantizedMaxPool: _quantized_max_pool,
    layers.QuantizedResize: _resize("u1"),
    layers.Resize: _resize("f4"),
}
"""As `layer_operations.PREPARED`."""

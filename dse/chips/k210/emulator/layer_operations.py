"""What the CPU computes in a kmodel of version 3, on a batch: `kpu.c` of the standalone SDK.

To the bit as a PC computes it; a compiler for the chip may fuse a product and a sum, which are then
rounded once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dse.chips.k210.cost.kpu_layout import ROW_BYTES
from dse.chips.k210.emulator.arithmetic import (
    LEVELS,
    added_up,
    exponential,
    levels_of,
    softmax,
)
from dse.chips.k210.emulator.layer_windows import WINDOWED
from dse.chips.k210.emulator.memory import Memory
from dse.chips.k210.emulator.operands import CALL_WORK, Run
from dse.chips.k210.emulator.tensors import MAIN, Tensors
from dse.chips.k210.kmodel import layers
from dse.chips.k210.kmodel.kpu_layer import KpuMap
from dse.chips.k210.kmodel.records import Step
from dse.machine_code import Array

__all__ = ["PREPARED"]

SMALLEST = np.float32(np.finfo(np.float32).tiny)
"""`FLT_MIN`: what the softmax takes the greatest number for where none is above."""

PADDED = 4
"""Side of the maps that a number for each channel becomes."""

PADDED_BYTES = 16
"""Between two such channels in main memory."""


def _add(n: layers.Add, t: Tensors) -> Run:
    a, b = (t.main(one, "f4", (n.count,)) for one in (n.a, n.b))
    written = t.main(n.output, "f4", (n.count,), written=True)

    def run(memory: Memory) -> None:
        memory.view(written)[...] = memory.view(a) + memory.view(b)

    return run


def _quantized_add(n: layers.QuantizedAdd, t: Tensors) -> Run:
    """The firmware goes on to a multiple of eight levels: here as far as its memory reaches."""
    shifts = n.a_shift, n.b_shift, n.out_shift
    t.require(all(0 <= shift < 63 for shift in shifts), f"shifts {shifts}")
    last = max(n.a, n.b, n.output)
    count = min(-(-n.count // 8) * 8, max(n.count, t.room(MAIN) - last))
    a, b = (t.main(one, "u1", (count,)) for one in (n.a, n.b))
    written = t.main(n.output, "u1", (count,), written=True)
    steps: Array = np.arange(LEVELS, dtype=np.int64)
    of_a, of_b = (steps + n.a_offset) * n.a_mul, (steps + n.b_offset) * n.b_mul
    together = n.a_shift == n.b_shift  # then the sum is shifted, else its two parts
    if not together:
        of_a, of_b = of_a >> n.a_shift, of_b >> n.b_shift

    def run(memory: Memory) -> None:
        found = of_a[memory.view(a)] + of_b[memory.view(b)]
        if together:
            found >>= n.a_shift
        levels = _carried(found * n.out_mul, n.out_shift) + n.out_offset
        memory.view(written)[...] = np.clip(levels, 0, LEVELS - 1)

    return run


def _carried(values: Array, shift: int) -> Array:
    """values / 2^shift, rounded as `kpu_carry_shift` does: below zero in a way of its own."""
    if shift == 0:
        return values
    halves = values >> (shift - 1)
    whole = halves >> 1
    return np.where(halves & 1, whole + np.where(halves < 0, -1, 1), whole)


def _quantize(n: layers.Quantize, t: Tensors) -> Run:
    t.require(n.scale != 0, "scale 0")
    read = t.main(n.input, "f4", (n.count,))
    written = t.main(n.output, "u1", (n.count,), written=True)
    factor, bias = np.float32(1) / np.float32(n.scale), np.float32(n.bias)

    def run(memory: Memory) -> None:
        memory.view(written)[...] = levels_of((memory.view(read) - bias) * factor)

    return run


def _dequantize(n: layers.Dequantize, t: Tensors) -> Run:
    read = t.main(n.input, "u1", (n.count,))
    written = t.main(n.output, "f4", (n.count,), written=True)
    scale, bias = np.float32(n.scale), np.float32(n.bias)

    def run(memory: Memory) -> None:
        memory.view(written)[...] = memory.view(read) * scale + bias

    return run


def _channelwise_dequantize(n: layers.ChannelwiseDequantize, t: Tensors) -> Run:
    shape = (n.channels, n.channel_size)
    read, written = t.main(n.input, "u1", shape), t.main(n.output, "f4", shape, written=True)
    (parameters,) = (t.array(one) for one in n.arrays)
    scales, biases = parameters[:, :1], parameters[:, 1:]

    def run(memory: Memory) -> None:
        memory.view(written)[...] = memory.view(read) * scales + biases

    return run


def _requantize(n: layers.Requantize, t: Tensors) -> Run:
    read = t.main(n.input, "u1", (n.count,))
    written = t.main(n.output, "u1", (n.count,), written=True)
    (table,) = (t.array(one) for one in n.arrays)

    def run(memory: Memory) -> None:
        memory.view(written)[...] = table[memory.view(read)]

    return run


def _of_channels(
    function: Callable[[Array], Array],
) -> Callable[[layers.Softmax | layers.Logistic | layers.L2Normalization, Tensors], Run]:
    def prepare(n: layers.Softmax | layers.Logistic | layers.L2Normalization, t: Tensors) -> Run:
        read = t.main(n.input, "f4", (n.channels,))
        written = t.main(n.output, "f4", (n.channels,), written=True)

        def run(memory: Memory) -> None:
            memory.view(written)[...] = function(memory.view(read))

        return run

    return prepare


def _normalized(numbers: Array) -> Array:
    sums = np.maximum(added_up(numbers * numbers, np.float32(0)), np.float32(1e-10))
    found: Array = numbers * (np.float32(1) / np.sqrt(sums))[:, None]
    return found


def _logistic(numbers: Array) -> Array:
    return np.float32(1) / (np.float32(1) + exponential(-numbers))


def _concat(n: layers.Concat, t: Tensors) -> Run:
    (inputs,) = (t.array(one) for one in n.arrays)
    places = [(int(start), int(size)) for start, size in inputs]
    read = [t.main(start, "u1", (size,)) for start, size in places]
    written = t.main(n.output, "u1", (sum(size for _, size in places),), written=True)
    t.work += CALL_WORK * len(read)

    def run(memory: Memory) -> None:
        found, start = memory.view(written), 0
        for region in read:
            found[:, start : start + region.elements] = memory.view(region)
            start += region.elements

    return run


def _flatten(n: layers.Flatten, t: Tensors) -> Run:
    channels, height, width = n.shape.chw
    read = t.main(n.input, "f4", (channels, height, width))
    written = t.main(n.output, "f4", (height, width, channels), written=True)

    def run(memory: Memory) -> None:
        memory.view(written)[...] = np.moveaxis(memory.view(read), 1, -1).copy()

    return run


def _add_padding(n: layers.AddPadding, t: Tensors) -> Run:
    """The other fifteen pixels stay what they were."""
    read = t.main(n.input, "u1", (n.channels,))
    maps = t.kpu(KpuMap(n.output * ROW_BYTES, n.channels, PADDED, PADDED))

    def run(memory: Memory) -> None:
        found = maps.read(memory)
        found[:, :, 0, 0] = memory.view(read).T
        maps.write(memory, found)

    return run


def _remove_padding(n: layers.RemovePadding, t: Tensors) -> Run:
    read = t.main(n.input, "u1", ((n.channels - 1) * PADDED_BYTES + 1,))
    written = t.main(n.output, "u1", (n.channels,), written=True)

    def run(memory: Memory) -> None:
        memory.view(written)[...] = memory.view(read)[:, ::PADDED_BYTES].copy()

    return run


def _upload(n: layers.Upload, t: Tensors) -> Run:
    channels, height, width = n.shape.chw
    read = t.main(n.input, "u1", (channels, height, width))
    maps = t.kpu(KpuMap(n.output * ROW_BYTES, channels, height, width))

    def run(memory: Memory) -> None:
        maps.write(memory, np.moveaxis(memory.view(read), 1, 0))

    return run


PREPARED: Mapping[type[Step], Callable[[Any, Tensors], Run]] = {
    layers.Add: _add,
    layers.AddPadding: _add_padding,
    layers.ChannelwiseDequantize: _channelwise_dequantize,
    layers.Concat: _concat,
    layers.Dequantize: _dequantize,
    layers.Flatten: _flatten,
    layers.L2Normalization: _of_channels(_normalized),
    layers.Logistic: _of_channels(_logistic),
    layers.Quantize: _quantize,
    layers.QuantizedAdd: _quantized_add,
    layers.QuantizedConcat: _concat,
    layers.RemovePadding: _remove_padding,
    layers.Requantize: _requantize,
    layers.Softmax: _of_channels(lambda numbers: softmax(numbers, np.float32(1), SMALLEST)),
    layers.Upload: _upload,
    **WINDOWED,
}
"""How a layer is made ready. Each raises CompilerError for a variant that is not known here,
VerificationFailed for one that leaves its memory or contradicts itself."""

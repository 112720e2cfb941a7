"""What the CPU computes in a kmodel of version 4, on a batch: nncase 0.2's kernels, to the bit.

They are `kernels/neutral/neutral_kernels.h` and `kernels/k210/k210_kernels.h` of v0.2.0-beta4 as
the runtime's simulator mode on a PC computes them. On the chip two differ, by a rounding:
`riscv_dequantize` adds a zero point that was multiplied first, and `riscv_quantize` rounds halves
to even.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dse.chips.k210.emulator.arithmetic import (
    BINARY,
    LEVELS,
    QUANTIZED_BINARY,
    UNARY,
    carried,
    levels_of,
    softmax,
)
from dse.chips.k210.emulator.memory import Memory
from dse.chips.k210.emulator.node_convolutions import CONVOLVED
from dse.chips.k210.emulator.node_windows import WINDOWED
from dse.chips.k210.emulator.operands import Run
from dse.chips.k210.emulator.tensors import Tensors
from dse.chips.k210.emulator.unary_programs import unary_program
from dse.chips.k210.kmodel import nodes
from dse.chips.k210.kmodel.kpu_layer import KpuMap
from dse.chips.k210.kmodel.records import KPU_MEMORY, MAIN_MEMORY, Range, Shape4, Step

__all__ = ["PREPARED", "kpu_map"]

TYPES = {0: "f4", 1: "u1"}
"""`datatype_t` -> NumPy's name."""


def _dequantize(n: nodes.Dequantize, t: Tensors) -> Run:
    t.require(n.scale != 0, "scale 0")
    read = t.flat(n.input, "u1")
    written = t.at(n.output, "f4", read.shape, written=True)
    factor, zero = np.float32(1) / np.float32(n.scale), np.int32(n.zero_point)

    def run(memory: Memory) -> None:
        steps = (memory.view(read).astype(np.int32) - zero).astype(np.float32)
        memory.view(written)[...] = steps * factor

    return run


def _quantize(n: nodes.Quantize, t: Tensors) -> Run:
    read = t.flat(n.input, "f4")
    written = t.at(n.output, "u1", read.shape, written=True)
    scale, zero = np.float32(n.scale), np.float32(n.zero_point)

    def run(memory: Memory) -> None:
        memory.view(written)[...] = levels_of(memory.view(read) * scale + zero)

    return run


def _unary(n: nodes.Unary, t: Tensors) -> Run:
    t.expect(0 <= n.function < len(UNARY), f"function {n.function}")
    read = t.flat(n.input, "f4")
    written = t.at(n.output, "f4", read.shape, written=True)

    def run(memory: Memory) -> None:
        memory.view(written)[...] = UNARY[n.function](memory.view(read))

    return run


def _unary_program(n: nodes.UnaryProgram, t: Tensors) -> Run:
    read = t.flat(n.input, "f4")
    written = t.at(n.output, "f4", read.shape, written=True)
    (program,) = n.arrays
    function, calls = unary_program(t.array(program).tobytes(), t)
    t.calls(calls, read.elements)

    def run(memory: Memory) -> None:
        memory.view(written)[...] = function(memory.view(read))

    return run


def _binary(n: nodes.Binary, t: Tensors) -> Run:
    t.expect(0 <= n.function < len(BINARY), f"function {n.function}")
    _require_broadcast(n, t)
    a, b = t.at(n.a, "f4", n.a_shape), t.at(n.b, "f4", n.b_shape)
    written = t.at(n.output, "f4", n.shape, written=True)
    low, high = np.float32(n.limits.low), np.float32(n.limits.high)

    def run(memory: Memory) -> None:
        found = BINARY[n.function](memory.view(a), memory.view(b))
        memory.view(written)[...] = np.clip(found, low, high)

    return run


def _quantized_binary(n: nodes.QuantizedBinary, t: Tensors) -> Run:
    t.expect(0 <= n.function < len(QUANTIZED_BINARY), f"function {n.function}")
    shifts = n.a_shift, n.b_shift, n.out_shift
    t.require(all(0 <= shift < 63 for shift in shifts), f"shifts {shifts}")
    _require_broadcast(n, t)
    a, b = t.at(n.a, "u1", n.a_shape), t.at(n.b, "u1", n.b_shape)
    written = t.at(n.output, "u1", n.shape, written=True)
    tables = [
        carried(np.arange(LEVELS, dtype=np.int64) + offset, mul, shift)
        for offset, mul, shift in (
            (n.a_offset, n.a_mul, n.a_shift), (n.b_offset, n.b_mul, n.b_shift),
        )
    ]  # fmt: skip

    def run(memory: Memory) -> None:
        both = (table[memory.view(one)] for table, one in zip(tables, (a, b), strict=True))
        found = QUANTIZED_BINARY[n.function](*both).astype(np.int32).astype(np.int64)
        levels = carried(found, n.out_mul, n.out_shift) + n.out_offset
        memory.view(written)[...] = np.clip(levels, 0, LEVELS - 1)

    return run


def _require_broadcast(n: nodes.Binary | nodes.QuantizedBinary, t: Tensors) -> None:
    fits = all(
        max(a, b) == whole and min(a, b) in (1, whole)
        for a, b, whole in zip(n.a_shape, n.b_shape, n.shape, strict=True)
    )
    t.require(fits, f"shapes {tuple(n.a_shape)} and {tuple(n.b_shape)} for {tuple(n.shape)}")


def _concat(n: nodes.Concat, t: Tensors) -> Run:
    inputs, dims = (t.array(one) for one in n.arrays)
    sizes = [n.inner * int(dim) for dim in dims]
    ranges = [Range(*map(int, one)) for one in inputs]
    t.require(all(one.memory in (0, MAIN_MEMORY, KPU_MEMORY) for one in ranges), "such inputs")
    t.require(n.outer > 0, f"{n.outer} parts")
    read = [t.at(one, "u1", (n.outer, size)) for one, size in zip(ranges, sizes, strict=True)]
    written = t.at(n.output, "u1", (n.outer, sum(sizes)), written=True)

    def run(memory: Memory) -> None:
        found, start = memory.view(written), 0
        for region, size in zip(read, sizes, strict=True):
            found[..., start : start + size] = memory.view(region)
            start += size

    return run


def _memory_copy(n: nodes.MemoryCopy, t: Tensors) -> Run:
    size = n.input.size // 4 * 4
    read = t.at(n.input, "u1", (size,))
    written = t.at(n.output, "u1", (size,), written=True)

    def run(memory: Memory) -> None:
        memory.view(written)[...] = memory.view(read)

    return run


def _softmax(n: nodes.Softmax, t: Tensors) -> Run:
    shape = (n.outer, n.inner)
    read, written = t.at(n.input, "f4", shape), t.at(n.output, "f4", shape, written=True)
    beta, least = np.float32(n.beta), np.float32(-np.inf)

    def run(memory: Memory) -> None:
        memory.view(written)[...] = softmax(memory.view(read), beta, least)

    return run


def _transpose(n: nodes.Transpose, t: Tensors) -> Run:
    t.require(sorted(n.order) == [0, 1, 2, 3], f"order {tuple(n.order)} of its axes")
    dtype = TYPES[n.input.type]
    read = t.at(n.input, dtype, n.in_shape)
    shape = tuple(n.in_shape[axis] for axis in n.order)
    written = t.at(n.output, dtype, shape, written=True)
    order = (0, *(1 + axis for axis in n.order))

    def run(memory: Memory) -> None:
        memory.view(written)[...] = memory.view(read).transpose(order)

    return run


def _table_lookup(n: nodes.TableLookup, t: Tensors) -> Run:
    t.expect(n.input.type == 1, "numbers that are no levels")
    read, table = t.flat(n.input, "u1"), t.at(n.table, "u1", (LEVELS,))
    written = t.at(n.output, "u1", read.shape, written=True)

    def run(memory: Memory) -> None:
        rows = memory.view(table)
        memory.view(written)[...] = np.take_along_axis(
            np.broadcast_to(rows, (len(memory.view(read)), LEVELS)),
            memory.view(read).astype(np.intp),
            1,
        )

    return run


def _kpu_upload(n: nodes.KpuUpload, t: Tensors) -> Run:
    read = t.at(n.input, "u1", n.in_shape)
    written = t.kpu(kpu_map(n.output, n.in_shape, t))

    def run(memory: Memory) -> None:
        levels = memory.view(read)
        written.write(memory, np.moveaxis(levels, 2, 0).reshape(n.in_shape.c, -1, *n.in_shape[2:]))

    return run


def kpu_map(place: Range, shape: Shape4, t: Tensors) -> KpuMap:
    """The map of `shape` at `place`, which must be in the accelerator's memory."""
    t.require(place.memory == KPU_MEMORY, f"a map in memory {place.memory}")
    return KpuMap(place.start, shape.c, shape.h, shape.w, shape.n)


PREPARED: Mapping[type[Step], Callable[[Any, Tensors], Run]] = {
    nodes.Binary: _binary,
    nodes.Concat: _concat,
    nodes.Dequantize: _dequantize,
    nodes.KpuUpload: _kpu_upload,
    nodes.MemoryCopy: _memory_copy,
    nodes.Quantize: _quantize,
    nodes.QuantizedBinary: _quantized_binary,
    nodes.Softmax: _softmax,
    nodes.TableLookup: _table_lookup,
    nodes.Transpose: _transpose,
    nodes.Unary: _unary,
    nodes.UnaryProgram: _unary_program,
    **CONVOLVED,
    **WINDOWED,
}
"""How an operation is made ready. Each raises CompilerError for a variant that is not known here,
VerificationFailed for one that leaves its memory or contradicts itself."""

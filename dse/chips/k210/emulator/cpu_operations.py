"""What the CPU computes in a kmodel, on a batch: nncase 1.9.0's kernels, to the bit.

All are float32 in the runtime's own order (`src/kernels/cpu/reference`; the build for PCs
contracts no products and sums), so NumPy gives the same numbers. Each operation is prepared
once: what the file says of it is checked, its tensors are found; then it runs on any memory.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dse.chips.k210.emulator.cpu_windows import conv2d, reduce_window2d, resize_image
from dse.chips.k210.emulator.memory import Memory, Spaces
from dse.chips.k210.emulator.operands import Operands, Run
from dse.chips.k210.emulator.stack_code import Instruction
from dse.machine_code import Array

__all__ = ["prepare_operation"]

LEVELS = 256
"""Of a uint8 number: a table of its functions has as many entries."""


def prepare_operation(instruction: Instruction, spaces: Spaces, module: int) -> tuple[Run, int]:
    """How to execute `instruction` of `module` on memory of `spaces`; and its work, in numbers.

    Raises CompilerError for a variant of it that is not known here, VerificationFailed for one
    that reaches outside its memory or contradicts itself.
    """
    operands = Operands(instruction, spaces, module)
    return _OPERATIONS[instruction.name](operands), operands.work


def _quantize(o: Operands) -> Run:
    o.expect(o.out_type == "u1", f"output type {o.out_type}")
    read, written = o.read(), o.written(o.shape)
    scale, bias = np.float32(o.scale), np.float32(o.bias)

    def run(memory: Memory) -> None:
        steps = memory.view(read) * scale
        steps += bias
        np.rint(steps, out=steps)
        memory.view(written)[...] = np.clip(steps, 0, 255, out=steps)

    return run


def _dequantize(o: Operands) -> Run:
    o.expect(o.out_type == "f4" and o.in_type == "u1", f"types {o.in_type} and {o.out_type}")
    read, written = o.read(), o.written(o.shape)
    scale, bias = np.float32(o.scale), np.float32(o.bias)

    def run(memory: Memory) -> None:
        found = memory.view(written)
        np.multiply(memory.view(read), scale, out=found)
        found += bias

    return run


def _copy(o: Operands) -> Run:
    read, written = o.read(), o.written(o.shape)

    def run(memory: Memory) -> None:
        memory.view(written)[...] = memory.view(read)

    return run


def _pad(o: Operands) -> Run:
    """Negative numbers of rows and columns are cut off instead."""
    o.require(len(o.paddings) == len(o.shape), f"{len(o.paddings)} paddings")
    o.expect(o.mode == 0 and not any(inside for _, _, inside in o.paddings), "mirrored edges")
    into, out_of = [slice(None)], [slice(None)]  # all pictures
    sides = []
    for side, (before, after, _) in zip(o.shape, o.paddings, strict=True):
        kept = side + min(before, 0) + min(after, 0)
        o.require(kept > 0, f"paddings {before} and {after} of {side} numbers")
        sides.append(side + before + after)
        into.append(slice(max(before, 0), max(before, 0) + kept))
        out_of.append(slice(max(-before, 0), max(-before, 0) + kept))
    read, written = o.read(), o.written(tuple(sides))
    value = np.asarray(o.value).astype(o.type)
    target, source = tuple(into), tuple(out_of)

    def run(memory: Memory) -> None:
        found = memory.view(written)
        found[...] = value
        found[target] = memory.view(read)[source]

    return run


def _slice(o: Operands) -> Run:
    o.expect(all(step > 0 for step in o.steps), "negative steps")
    rank = len(o.shape)
    same = len(o.begins) == len(o.ends) == len(o.steps) == rank
    o.require(same, f"numbers for another rank than {rank}")
    ends = [slice(*end) for end in zip(o.begins, o.ends, o.steps, strict=True)]
    sides = [len(range(side)[end]) for side, end in zip(o.shape, ends, strict=True)]
    read, written, part = o.read(), o.written(tuple(sides)), (slice(None), *ends)

    def run(memory: Memory) -> None:
        memory.view(written)[...] = memory.view(read)[part]

    return run


def _transpose(o: Operands) -> Run:
    o.require(sorted(o.order) == list(range(len(o.shape))), f"order {o.order} of its axes")
    read, written = o.read(), o.written(tuple(o.shape[axis] for axis in o.order))
    order = (0, *(1 + axis for axis in o.order))

    def run(memory: Memory) -> None:
        memory.view(written)[...] = memory.view(read).transpose(order)

    return run


def _lut1d(o: Operands) -> Run:
    o.expect(o.type == "u1" and o.length == LEVELS, f"{o.length} entries for type {o.type}")
    table = o.constant("table", "u1", (LEVELS,), (1,))
    read, written = o.read(), o.written(o.shape)

    def run(memory: Memory) -> None:
        memory.view(written)[...] = memory.view(table)[0][memory.view(read)]

    return run


def _binary(o: Operands) -> Run:
    o.expect(o.type == "f4" and o.function in _FUNCTIONS, f"function {o.function} of {o.type}")
    o.expect(_broadcast(o.a_shape, o.b_shape) == o.shape, f"sides {o.a_shape} and {o.b_shape}")
    function, limited = _FUNCTIONS[o.function], o.limit()
    a = o.tensor("a", o.type, o.a_shape, o.a_strides)
    b = o.tensor("b", o.type, o.b_shape, o.b_strides)
    written = o.written(o.shape)

    def run(memory: Memory) -> None:
        both = _of_one_rank(memory.view(a), memory.view(b))
        memory.view(written)[...] = limited(function(*both))

    return run


def _broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...] | None:
    """The sides of what comes of two tensors; None where they do not go together."""
    try:
        return np.broadcast_shapes(a, b)
    except ValueError:
        return None


def _of_one_rank(a: Array, b: Array) -> tuple[Array, Array]:
    """Both with as many axes, so that the first of each counts pictures."""
    rank = max(a.ndim, b.ndim)
    ones = [(1,) * (rank - one.ndim) for one in (a, b)]
    return (
        a.reshape((len(a), *ones[0], *a.shape[1:])),
        b.reshape((len(b), *ones[1], *b.shape[1:])),
    )


_FUNCTIONS: dict[int, Callable[[Array, Array], Array]] = {
    0: np.add, 1: np.subtract, 2: np.multiply, 3: np.divide, 4: np.minimum, 5: np.maximum,
}  # fmt: skip
"""`binary_op_t` of nncase."""

_OPERATIONS: dict[str, Callable[[Operands], Run]] = {
    "binary": _binary,
    "conv2d": conv2d,
    "copy": _copy,
    "dequantize": _dequantize,
    "lut1d": _lut1d,
    "pad": _pad,
    "quantize": _quantize,
    "reduce_window2d": reduce_window2d,
    "resize_image": resize_image,
    "slice": _slice,
    "transpose": _transpose,
}

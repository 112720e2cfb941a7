"""What the CPU computes in a kmodel, on a batch: nncase 1.9.0's kernels, to the bit.

All are float32 in the runtime's own order (`src/kernels/cpu/reference`; the build for PCs
contracts no products and sums), so NumPy gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dse.emulation.cpu_windows import conv2d, reduce_window2d, resize_image
from dse.emulation.memory import Memory
from dse.emulation.operands import Operands
from dse.emulation.stack_code import Instruction
from dse.machine_code import Array

__all__ = ["run_on_cpu"]


def run_on_cpu(instruction: Instruction, memory: Memory, module: int) -> None:
    """Executes `instruction` of `module` on every picture of `memory`.

    Raises CompilerError for a variant of it that is not known here.
    """
    _OPERATIONS[instruction.name](Operands(instruction, memory, module))


def _quantize(o: Operands) -> None:
    o.expect(o.out_type == "u1", f"output type {o.out_type}")
    steps = o.read() * np.float32(o.scale)
    steps += np.float32(o.bias)
    np.rint(steps, out=steps)
    o.written(o.shape)[...] = np.clip(steps, 0, 255, out=steps)


def _dequantize(o: Operands) -> None:
    written = o.written(o.shape)
    np.multiply(o.read(), np.float32(o.scale), out=written)
    written += np.float32(o.bias)


def _copy(o: Operands) -> None:
    o.written(o.shape)[...] = o.read()


def _pad(o: Operands) -> None:
    """Negative numbers of rows and columns are cut off instead."""
    o.expect(o.mode == 0 and not any(inside for _, _, inside in o.paddings), "mirrored edges")
    sides = [s + before + after for s, (before, after, _) in zip(o.shape, o.paddings, strict=True)]
    written, read = o.written(tuple(sides)), o.read()
    written[...] = o.value
    into, out_of = [slice(None)], [slice(None)]  # all pictures
    for side, (before, after, _) in zip(o.shape, o.paddings, strict=True):
        into.append(slice(max(before, 0), max(before, 0) + side + min(before, 0) + min(after, 0)))
        out_of.append(slice(max(-before, 0), side - max(-after, 0)))
    written[tuple(into)] = read[tuple(out_of)]


def _slice(o: Operands) -> None:
    o.expect(all(step > 0 for step in o.steps), "negative steps")
    ends = [slice(*end) for end in zip(o.begins, o.ends, o.steps, strict=True)]
    found = o.read()[tuple([slice(None), *ends])]
    o.written(found.shape[1:])[...] = found


def _transpose(o: Operands) -> None:
    found = o.read().transpose((0, *[1 + axis for axis in o.order]))
    o.written(found.shape[1:])[...] = found


def _lut1d(o: Operands) -> None:
    table = o.tensor("table", "u1", (o.length,), (1,))[0]
    o.written(o.shape)[...] = table[o.read()]


def _binary(o: Operands) -> None:
    o.expect(o.type == "f4" and o.function in _FUNCTIONS, f"function {o.function} of {o.type}")
    a = o.tensor("a", o.type, o.a_shape, o.a_strides)
    b = o.tensor("b", o.type, o.b_shape, o.b_strides)
    o.written(o.shape)[...] = o.limited(_FUNCTIONS[o.function](*_of_one_rank(a, b)))


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

_OPERATIONS: dict[str, Callable[[Operands], None]] = {
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

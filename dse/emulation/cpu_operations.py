"""What the CPU computes in a kmodel, on a batch: nncase 1.9.0's kernels, to the bit.

All are float32 in the runtime's own order (`src/kernels/cpu/reference`; the build for PCs
contracts no products and sums), so NumPy gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.emulation import kernels
from dse.emulation.memory import Memory, Region, Space
from dse.emulation.stack_code import Address, Instruction
from dse.errors import CompilerError

__all__ = ["run_on_cpu"]

Array = NDArray[Any]


def run_on_cpu(instruction: Instruction, memory: Memory, module: int) -> None:
    """Executes `instruction` of `module` on every picture of `memory`.

    Raises CompilerError for a variant of it that is not known here.
    """
    _OPERATIONS[instruction.name](_Operands(instruction, memory, module))


class _Operands:
    """The numbers of an instruction by name, and its tensors as views of memory."""

    def __init__(self, instruction: Instruction, memory: Memory, module: int) -> None:
        self._name = instruction.name
        self._values = instruction.operands
        self._memory = memory
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return self._values[name]

    def tensor(
        self, name: str, dtype: str, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> Array:
        """(pictures, *shape) at the address `name`."""
        address: Address = self._values[name]
        space: Space = (self._module, address.location)
        return self._memory.view(Region(space, address.offset, dtype, shape, strides))

    def read(self) -> Array:
        """The tensor `input`."""
        dtype = self._values.get("in_type") or self.type
        return self.tensor("input", dtype, self.shape, self.in_strides)

    def written(self, shape: tuple[int, ...]) -> Array:
        """The tensor `output`, of `shape`."""
        dtype = self._values.get("out_type") or self.type
        return self.tensor("output", dtype, shape, self.out_strides)

    def limited(self, values: Array) -> Array:
        """`values` within the instruction's own limits."""
        return np.clip(values, np.float32(self.low), np.float32(self.high))

    def expect(self, truth: bool, what: str) -> None:
        if not truth:
            raise CompilerError(
                f"the emulator does not know '{self._name}' with {what}",
                "measure this kmodel with the simulator",
            )


def _quantize(o: _Operands) -> None:
    o.expect(o.out_type == "u1", f"output type {o.out_type}")
    steps = o.read() * np.float32(o.scale) + np.float32(o.bias)
    o.written(o.shape)[...] = np.clip(np.rint(steps), 0, 255)


def _dequantize(o: _Operands) -> None:
    steps = o.read().astype(np.float32)
    o.written(o.shape)[...] = steps * np.float32(o.scale) + np.float32(o.bias)


def _copy(o: _Operands) -> None:
    o.written(o.shape)[...] = o.read()


def _pad(o: _Operands) -> None:
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


def _slice(o: _Operands) -> None:
    o.expect(all(step > 0 for step in o.steps), "negative steps")
    ends = [slice(*end) for end in zip(o.begins, o.ends, o.steps, strict=True)]
    found = o.read()[tuple([slice(None), *ends])]
    o.written(found.shape[1:])[...] = found


def _transpose(o: _Operands) -> None:
    found = o.read().transpose((0, *[1 + axis for axis in o.order]))
    o.written(found.shape[1:])[...] = found


def _lut1d(o: _Operands) -> None:
    table = o.tensor("table", "u1", (o.length,), (1,))[0]
    o.written(o.shape)[...] = table[o.read()]


def _binary(o: _Operands) -> None:
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

MEAN, MINIMUM, MAXIMUM, SUM = range(4)
"""`reduce_op_t` of nncase."""


def _reduce_window2d(o: _Operands) -> None:
    """Taps are taken in the runtime's order; those beyond the edge do not count."""
    o.expect(o.function in (MEAN, MINIMUM, MAXIMUM, SUM), f"function {o.function}")
    o.expect((o.dilation_h, o.dilation_w) == (1, 1), "dilation")
    read = o.read()
    sides = [
        (o.shape[2], o.top, o.bottom, o.filter_h, o.stride_h),
        (o.shape[3], o.left, o.right, o.filter_w, o.stride_w),
    ]
    high, wide = ((side + a + b - window) // step + 1 for side, a, b, window, step in sides)
    found = np.full((*read.shape[:3], high, wide), o.initial, np.float32)
    count = np.zeros((high, wide), np.float32)
    combine = {MINIMUM: np.minimum, MAXIMUM: np.maximum}.get(o.function, np.add)
    for ky in range(o.filter_h):
        rows, from_rows = _reached(o.shape[2], high, ky - o.top, o.stride_h)
        for kx in range(o.filter_w):
            columns, from_columns = _reached(o.shape[3], wide, kx - o.left, o.stride_w)
            target = found[..., rows, columns]
            combine(target, read[..., from_rows, from_columns], out=target)
            count[rows, columns] += 1
    if o.function == MEAN:
        found /= count
    o.written(found.shape[1:])[...] = o.limited(found)


def _reached(side: int, count: int, shift: int, step: int) -> tuple[slice, slice]:
    """Outputs 0..count whose tap at step * i + shift lies within 0..side, and those taps."""
    begin = max(0, -(shift // step))
    end = max(begin, min(count, (side - 1 - shift) // step + 1))
    first = begin * step + shift
    return slice(begin, end), slice(first, first + max(0, (end - begin - 1) * step + 1), step)


BILINEAR = 0


def _resize_image(o: _Operands) -> None:
    o.expect(o.type == "f4", f"type {o.type}")
    read = o.read()
    rows = _Places(o, o.shape[2], o.height)
    columns = _Places(o, o.shape[3], o.width)
    if o.mode != BILINEAR:
        found = read[..., rows.nearest[:, None], columns.nearest]
    else:
        down, right = rows.beyond[:, None], columns.beyond
        up, left = np.float32(1) - down, np.float32(1) - right
        corners = (
            (rows.low, columns.low, up * left),
            (rows.high, columns.low, down * left),
            (rows.low, columns.high, up * right),
            (rows.high, columns.high, down * right),
        )
        parts = [read[..., y[:, None], x] * share for y, x, share in corners]
        found = parts[0] + parts[1] + parts[2] + parts[3]
    o.written(found.shape[1:])[...] = found


class _Places:
    """Where the outputs along one side read: two neighbours and a share, or the nearest."""

    def __init__(self, o: _Operands, side: int, count: int) -> None:
        scale = np.float32(side) / np.float32(count)
        if o.align_corners and count > 1:
            scale = np.float32(side - 1) / np.float32(count - 1)
        half = np.float32(0.5 if o.half_pixel_centers else 0)
        middle = (np.arange(count, dtype=np.float32) + half) * scale
        place = middle - half
        self.low = np.maximum(np.floor(place).astype(np.int32), 0)
        self.high = np.minimum(np.ceil(place).astype(np.int32), side - 1)
        self.beyond = place - self.low.astype(np.float32)
        # halves away from zero, as `roundf`
        whole = np.floor(middle + np.float32(0.5)) if o.align_corners else np.floor(middle)
        self.nearest = np.clip(whole.astype(np.int32), 0, side - 1)


def _conv2d(o: _Operands) -> None:
    o.expect(o.type == "f4" and (o.dilation_h, o.dilation_w) == (1, 1), "dilation")
    (_, _, height, width), (out, _, kh, kw) = o.shape, o.kernel_shape
    high = (height + o.top + o.bottom - kh) // o.stride_h + 1
    wide = (width + o.left + o.right - kw) // o.stride_w + 1
    kernel = o.tensor("kernel", o.type, o.kernel_shape, o.kernel_strides)[0]
    bias = o.tensor("bias", o.type, (out,), o.bias_strides)[0]
    read, written = o.read(), o.written((o.shape[0], out, high, wide))
    kernels.convolve_float(
        np.ascontiguousarray(read[:, 0]), np.ascontiguousarray(kernel),
        np.ascontiguousarray(bias), (o.stride_h, o.stride_w), (o.top, o.left),
        np.float32(o.low), np.float32(o.high), written[:, 0],
    )  # fmt: skip


_OPERATIONS: dict[str, Callable[[_Operands], None]] = {
    "binary": _binary,
    "conv2d": _conv2d,
    "copy": _copy,
    "dequantize": _dequantize,
    "lut1d": _lut1d,
    "pad": _pad,
    "quantize": _quantize,
    "reduce_window2d": _reduce_window2d,
    "resize_image": _resize_image,
    "slice": _slice,
    "transpose": _transpose,
}

"""Operations of the CPU on a memory of their own, against plain loops and NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dse.chips.k210.emulator.cpu_operations import prepare_operation
from dse.chips.k210.emulator.memory import (
    DATA,
    INPUT,
    OUTPUT,
    RDATA,
    Memory,
    Region,
    Spaces,
    dense_strides,
)
from dse.chips.k210.emulator.stack_code import Instruction
from dse.chips.k210.kmodel.kpu_layer import Address
from dse.errors import CompilerError, VerificationFailed

READ, WRITTEN = Address(INPUT, 0), Address(OUTPUT, 0)


def _run(
    name: str,
    read: NDArray[Any],
    shape: tuple[int, ...],
    out: str = "f4",
    constant: bytes = b"",
    **operands: Any,
) -> NDArray[Any]:
    """The output (pictures, *shape) of one instruction that reads `read` (pictures, ...)."""
    item = np.dtype(out).itemsize
    sizes = {(0, INPUT): read[0].nbytes, (0, OUTPUT): item * int(np.prod(shape)), (0, DATA): 0}
    spaces = Spaces(sizes, {(0, RDATA): constant})
    memory = Memory(len(read), spaces)
    dtype, sides = read.dtype.str[1:], read.shape[1:]
    strides = dense_strides(sides)
    memory.view(Region(spaces, (0, INPUT), 0, dtype, sides, strides, True))[...] = read
    common = {
        "type": dtype, "in_type": dtype, "out_type": out, "shape": sides, "input": READ,
        "in_strides": dense_strides(sides), "out_strides": dense_strides(shape), "output": WRITTEN,
    }  # fmt: skip
    if "out_type" in operands or name not in ("quantize", "dequantize"):
        common.pop("in_type"), common.pop("out_type")
    run, _ = prepare_operation(Instruction(name, {**common, **operands}), spaces, 0)
    run(memory)
    return memory.view(Region(spaces, (0, OUTPUT), 0, out, shape, dense_strides(shape))).copy()


def _numbers(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(0, 10, shape).astype(np.float32)


def test_quantize_rounds_halves_to_even_and_clips() -> None:
    read = np.array([[-9, 0.25, 0.75, 1.25, 1000]], np.float32)
    found = _run("quantize", read, (5,), "u1", scale=2.0, bias=3.0)
    np.testing.assert_array_equal(found, [[0, 4, 4, 6, 255]])


def test_dequantize_is_a_product_and_a_sum_in_float32() -> None:
    read = np.arange(256, dtype=np.uint8)[None]
    found = _run("dequantize", read, (256,), scale=0.0231, bias=-2.7)
    expected = read.astype(np.float32) * np.float32(0.0231) + np.float32(-2.7)
    np.testing.assert_array_equal(found, expected)


def test_pad_adds_and_cuts_off() -> None:
    read = _numbers(2, 1, 3, 4)
    paddings = ((0, 0, 0), (1, -1, 0), (-2, 3, 0))
    found = _run("pad", read, (1, 3, 5), paddings=paddings, mode=0, value=7.0)
    expected = np.full((2, 1, 3, 5), 7, np.float32)
    expected[:, :, 1:, :2] = read[:, :, :2, 2:]
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(CompilerError, match="'pad' with mirrored edges"):
        _run("pad", read, (1, 3, 5), paddings=paddings, mode=1, value=7.0)


def test_slice_and_transpose() -> None:
    read = _numbers(2, 4, 5)
    found = _run("slice", read, (2, 2), begins=(1, 0), ends=(3, 4), steps=(1, 2))
    np.testing.assert_array_equal(found, read[:, 1:3, 0:4:2])
    np.testing.assert_array_equal(_run("copy", read, (4, 5)), read)
    turned = _run("transpose", read, (5, 4), order=(1, 0))
    np.testing.assert_array_equal(turned, read.swapaxes(1, 2))


def test_look_up() -> None:
    table = np.arange(255, -1, -1, dtype=np.uint8)
    read = np.array([[0, 3, 255]], np.uint8)
    found = _run("lut1d", read, (3,), "u1", table.tobytes(), table=Address(RDATA, 0), length=256)
    np.testing.assert_array_equal(found, [[255, 252, 0]])


def test_binary_with_a_constant_of_lower_rank() -> None:
    read = _numbers(2, 3, 4)
    other = _numbers(4)
    names: dict[str, Any] = {"a": READ, "a_shape": (3, 4), "a_strides": (4, 1)}
    sides: dict[str, Any] = {"b": Address(RDATA, 0), "b_shape": (4,), "b_strides": (1,)}
    limits: dict[str, Any] = {"constant": other.tobytes(), "low": -5.0, "high": 5.0}
    found = _run("binary", read, (3, 4), function=1, **names, **sides, **limits)
    np.testing.assert_array_equal(found, np.clip(read - other, -5, 5))


@pytest.mark.parametrize("function", [0, 2])
@pytest.mark.parametrize("stride", [1, 2])
def test_windows_leave_out_what_is_beyond_the_edge(function: int, stride: int) -> None:
    read = _numbers(2, 1, 3, 5, 6)
    high, wide = (5 + 2 - 3) // stride + 1, (6 + 1 - 3) // stride + 1
    found = _run(
        "reduce_window2d", read, (1, 3, high, wide), function=function, top=1, bottom=1, left=1,
        right=0, filter_h=3, filter_w=3, stride_h=stride, stride_w=stride, dilation_h=1,
        dilation_w=1, low=-8.0, high=8.0, initial=-1e30 if function else 0.0,
    )  # fmt: skip
    for y in range(high):
        for x in range(wide):
            rows = slice(max(0, y * stride - 1), y * stride + 2)
            columns = slice(max(0, x * stride - 1), x * stride + 2)
            part = read[..., rows, columns]
            wanted = part.max(axis=(3, 4)) if function else part.mean(axis=(3, 4))
            np.testing.assert_allclose(found[..., y, x], np.clip(wanted, -8, 8), rtol=1e-5)


@pytest.mark.parametrize("stride", [1, 2])
def test_float_convolutions_with_groups(stride: int) -> None:
    read, kernel, bias = _numbers(2, 1, 4, 6, 7), _numbers(6, 2, 3, 3), _numbers(6)
    high, wide = (6 + 2 - 3) // stride + 1, (7 + 1 - 3) // stride + 1
    found = _run(
        "conv2d", read, (1, 6, high, wide), constant=kernel.tobytes() + bias.tobytes(),
        kernel=Address(RDATA, 0), bias=Address(RDATA, kernel.nbytes), kernel_shape=kernel.shape,
        kernel_strides=dense_strides(kernel.shape), bias_strides=(1,), groups=2, stride_h=stride,
        stride_w=stride, dilation_h=1, dilation_w=1, top=1, bottom=1, left=0, right=1, low=-1e30,
        high=300.0,
    )  # fmt: skip
    padded = np.pad(read, ((0, 0), (0, 0), (0, 0), (1, 1), (0, 1)))
    for o in range(6):
        source = padded[:, :, 2 * (o // 3) : 2 * (o // 3) + 2]
        for y in range(high):
            for x in range(wide):
                part = source[..., y * stride : y * stride + 3, x * stride : x * stride + 3]
                wanted = (part * kernel[o]).sum(axis=(2, 3, 4)) + bias[o]
                np.testing.assert_allclose(
                    found[:, :, o, y, x], np.minimum(wanted, 300), rtol=1e-4, atol=1e-3
                )


@pytest.mark.parametrize("mode", [0, 1])
def test_up_sampling_keeps_a_ramp_a_ramp(mode: int) -> None:
    read = np.arange(4, dtype=np.float32)[None, None, None, None, :].repeat(3, axis=3)
    found = _run(
        "resize_image", read, (1, 1, 6, 8), height=6, width=8, mode=mode, align_corners=0,
        half_pixel_centers=1,
    )  # fmt: skip
    ramp = np.clip((np.arange(8) + 0.5) / 2 - 0.5, 0, 3) if mode == 0 else np.arange(8) // 2
    np.testing.assert_allclose(found[0, 0, 0], np.tile(ramp, (6, 1)), atol=1e-6)


WINDOW = {
    "function": 2, "top": 0, "bottom": 0, "left": 0, "right": 0, "filter_h": 2, "filter_w": 2,
    "stride_h": 2, "stride_w": 2, "dilation_h": 1, "dilation_w": 1, "low": 0.0, "high": 1.0,
    "initial": 0.0,
}  # fmt: skip
KERNELS = {
    **WINDOW, "kernel": Address(RDATA, 0), "kernel_shape": (8, 1, 2, 2),
    "bias": Address(RDATA, 128),
    "kernel_strides": (4, 4, 2, 1), "bias_strides": (1,), "groups": 4, "stride_h": 1,
}  # fmt: skip
RESIZED = {"mode": 0, "align_corners": 0, "half_pixel_centers": 0}
PADDED = {"mode": 0, "value": 0.0}
SLICED = {"begins": (0, 0, 0, 0), "ends": (1, 4, 2, 2), "steps": (1, 1, 1, 1)}


@pytest.mark.parametrize(
    ("name", "operands", "why"),
    [
        ("pad", {**PADDED, "paddings": ((0, 0, 0),)}, "1 paddings"),
        ("pad", {**PADDED, "paddings": ((0, 0, 0),) * 3 + ((-3, -1, 0),)}, "paddings -3 and -1"),
        ("pad", {**PADDED, "paddings": ((0, 0, 0),) * 3 + ((1 << 30, 0, 0),)}, "ends at"),
        ("slice", {**SLICED, "begins": (0, 0)}, "another rank"),
        ("slice", {**SLICED, "begins": (1, 0, 0, 0)}, "is empty"),
        ("slice", {**SLICED, "ends": (1, 4, 4, 4)}, "ends at"),
        ("transpose", {"order": (0, 1, 2)}, r"order \(0, 1, 2\)"),
        ("transpose", {"order": (0, 1, 2, 9)}, "order"),
        ("transpose", {"order": (0, 1, 2, 2)}, "order"),
        ("copy", {"in_strides": (16, -4, 2, 1)}, "backwards"),
        ("copy", {"in_strides": (40, 11, 2, 1)}, "ends at 172"),
        ("copy", {"output": Address(RDATA, 0), "out_strides": (40, 10, 2, 1)}, "constant, and"),
        ("copy", {"input": Address(9, 0)}, "ends at 160, its memory at 0"),
        ("resize_image", {**RESIZED, "height": 1 << 30, "width": 1}, "ends at"),
        ("resize_image", {**RESIZED, "height": -1, "width": 1}, "is empty"),
        ("resize_image", {**RESIZED, "height": 0, "width": 1}, "is empty"),
        ("reduce_window2d", {**WINDOW, "stride_h": 0}, "windows of 2 by 0"),
        ("reduce_window2d", {**WINDOW, "filter_h": 6}, "windows of 6"),
        ("reduce_window2d", {**WINDOW, "top": -1}, "windows of 2"),
        ("reduce_window2d", {**WINDOW, "left": 1 << 30}, "windows of 2"),
        ("conv2d", {**KERNELS, "groups": 0}, "0 groups"),
        ("conv2d", {**KERNELS, "groups": 3}, "3 groups"),
        ("conv2d", {**KERNELS, "kernel_shape": (8, 1, 2)}, "kernels of shape"),
        ("conv2d", {**KERNELS, "kernel_shape": (60, 1, 2, 2)}, "60, 1, 2, 2"),
        ("conv2d", {**KERNELS, "bias": Address(RDATA, 136)}, "ends at 168"),
        ("conv2d", {**KERNELS, "top": 5}, "windows of 2"),
    ],
)
def test_what_an_operation_cannot_mean_is_refused_before_it_runs(
    name: str, operands: dict[str, Any], why: str
) -> None:
    """Each of these once ran: into its neighbours' memory, out of range, or without end."""
    with pytest.raises(VerificationFailed, match=why):
        _run(name, _numbers(2, 1, 4, 5, 2), (1, 4, 1, 1), constant=bytes(160), **operands)


@pytest.mark.parametrize(
    ("name", "operands", "why"),
    [
        ("dequantize", {"scale": 1.0, "bias": 0.0, "out_type": "i4", "in_type": "u1"}, "types"),
        ("lut1d", {"type": "u1", "length": 9, "table": Address(RDATA, 0)}, "9 entries"),
        ("reduce_window2d", {**WINDOW, "type": "i4"}, "dilation"),
        ("conv2d", {**KERNELS, "groups": 1, "kernel_shape": (1, 4, 1, 1), "kernel": READ,
                    "kernel_strides": (4, 1, 1, 1)}, "a kernel that is computed"),
        ("binary", {"a": READ, "b": READ, "a_shape": (4,), "a_strides": (1,), "b_shape": (3,),
                    "b_strides": (1,), "function": 0, "low": 0.0, "high": 1.0}, "sides"),
    ],
)  # fmt: skip
def test_variants_that_are_not_known_are_named(
    name: str, operands: dict[str, Any], why: str
) -> None:
    with pytest.raises(CompilerError, match=why):
        _run(name, _numbers(2, 1, 4, 5, 2), (1, 4, 1, 1), constant=bytes(160), **operands)

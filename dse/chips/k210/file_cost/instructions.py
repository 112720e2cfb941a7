"""What one tensor function of the CPU in kmodel version 5 takes, as a step that the rules price.

The rules ask how many numbers a step of the CPU writes, or how many products it makes, and not how
those lie: so a step here is as long as it is, in one row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from dse.chips.k210.cost.program import Step
from dse.chips.k210.emulator.stack_code import Instruction
from dse.chips.k210.file_cost.operation import elements_of
from dse.chips.k210.kmodel.kmodel_reader import expect
from dse.chips.k210.kmodel.kpu_layer import Address
from dse.network.graph import Shape

__all__ = ["CpuWork", "cpu_work"]

Piece = tuple[Address, int]
Sides = tuple[int, ...]

BILINEAR = 0


class CpuWork(NamedTuple):
    """step: what the rules price. shape: as of `FileStep`. reads, writes: (address, bytes)."""

    step: Step
    shape: Shape
    reads: tuple[Piece, ...]
    writes: tuple[Piece, ...]
    why: str
    parameters: int = 0
    macs: int = 0


def cpu_work(one: Instruction) -> CpuWork:
    """What `one` takes. Raises VerificationFailed for sides that no tensor has."""
    o = one.operands
    written = _written(one)
    numbers = elements_of(written, one.name)
    item = _item(o.get("out_type") or o["type"])
    pixels, rounds, parameters, macs = 1, numbers, 0, 0
    op, per = STEPS[one.name], 0
    if one.name == "conv2d":
        per = elements_of(o["kernel_shape"][1:], one.name)
        pixels, rounds = math.prod(written[2:]), written[1]
        macs, parameters = per * numbers, per * written[1] + written[1]
    elif one.name == "reduce_window2d":
        rounds = numbers * elements_of((o["filter_h"], o["filter_w"]), one.name)
    elif one.name == "resize_image" and o["mode"] != BILINEAR:
        op = "upsample_nearest"
    step = Step(op, "", (0,), (1, pixels, rounds), item, 1, per)
    return CpuWork(
        step, _hwc(written), tuple(_reads(one)), ((o["output"], numbers * item),), WHY[one.name],
        parameters, macs,
    )  # fmt: skip


def _reads(one: Instruction) -> list[Piece]:
    o = one.operands
    item = _item(o.get("in_type") or o["type"])
    if one.name == "binary":
        return [(o[n], item * elements_of(o[f"{n}_shape"], one.name)) for n in ("a", "b")]
    return [(o["input"], item * elements_of(o["shape"], one.name))]


def _written(one: Instruction) -> Sides:
    return WRITTEN.get(one.name, _same)(one.operands)


def _same(o: Mapping[str, Any]) -> Sides:
    sides: Sides = o["shape"]
    return sides


def _padded(o: Mapping[str, Any]) -> Sides:
    expect(len(o["paddings"]) == len(o["shape"]), "operation 'pad' has paddings of another rank")
    pairs = zip(o["shape"], o["paddings"], strict=True)
    return tuple(side + before + after for side, (before, after, _) in pairs)


def _sliced(o: Mapping[str, Any]) -> Sides:
    ends = (o["shape"], o["begins"], o["ends"], o["steps"])
    same = len({len(one) for one in ends}) == 1
    expect(same and all(o["steps"]), "operation 'slice' has numbers of another rank, or no steps")
    cuts = zip(*ends, strict=True)
    return tuple(len(range(side)[begin:end:step]) for side, begin, end, step in cuts)


def _turned(o: Mapping[str, Any]) -> Sides:
    shape, order = o["shape"], o["order"]
    expect(sorted(order) == list(range(len(shape))), f"operation 'transpose' has order {order}")
    return tuple(shape[axis] for axis in order)


def _convolved(o: Mapping[str, Any]) -> Sides:
    expect(len(o["kernel_shape"]) == 4, "operation 'conv2d' has kernels of another rank")
    return _windows(o, o["kernel_shape"][0], o["kernel_shape"][2:])


def _pooled(o: Mapping[str, Any]) -> Sides:
    expect(len(o["shape"]) == 4, "operation 'reduce_window2d' has maps of another rank")
    return _windows(o, o["shape"][1], (o["filter_h"], o["filter_w"]))


def _windows(o: Mapping[str, Any], channels: int, sides: Sides) -> Sides:
    expect(len(o["shape"]) == 4, "a window steps over maps of another rank")
    found = []
    for side, window, axis, before, after in (
        (o["shape"][2], sides[0], "h", "top", "bottom"),
        (o["shape"][3], sides[1], "w", "left", "right"),
    ):
        stride, dilation = o[f"stride_{axis}"], o[f"dilation_{axis}"]
        expect(stride > 0, "a window steps nowhere")
        reach = dilation * (window - 1) + 1
        found.append((side + o[before] + o[after] - reach) // stride + 1)
    return (o["shape"][0], channels, *found)


def _resized(o: Mapping[str, Any]) -> Sides:
    expect(len(o["shape"]) == 4, "operation 'resize_image' has maps of another rank")
    return (*o["shape"][:2], o["height"], o["width"])


def _hwc(sides: Sides) -> Shape:
    """Of (1, channels, height, width), or of less."""
    _, channels, height, width = ((1,) * 4 + sides)[-4:] if len(sides) < 4 else sides[-4:]
    return height, width, channels


def _item(dtype: str) -> int:
    return int(dtype[1:])


WRITTEN: Mapping[str, Callable[[Mapping[str, Any]], Sides]] = {
    "conv2d": _convolved, "pad": _padded, "reduce_window2d": _pooled, "resize_image": _resized,
    "slice": _sliced, "transpose": _turned,
}  # fmt: skip
"""Operation -> the sides of what it writes; the others write what has the sides that they read."""

STEPS: Mapping[str, str] = {
    "binary": "arithmetic", "conv2d": "conv", "copy": "copy", "dequantize": "dequantize",
    "lut1d": "lookup", "pad": "pad", "quantize": "quantize", "reduce_window2d": "maxpool",
    "resize_image": "upsample", "slice": "slice", "transpose": "transpose",
}  # fmt: skip
"""Operation of the runtime -> the step that the rules price."""

WHY: Mapping[str, str] = {
    "binary": "the KPU reads one map alone: in float32",
    "conv2d": "a convolution that the KPU does not have, or too many channels: in float32",
    "copy": "another tensor wants it elsewhere",
    "dequantize": "the CPU, or who reads the output, wants float32",
    "lut1d": "a table of levels, not behind a convolution",
    "pad": "padding that the KPU does not do",
    "quantize": "the KPU wants levels again",
    "reduce_window2d": "a pool that the KPU does not have, or not behind a convolution",
    "resize_image": "the KPU resizes no maps",
    "slice": "the KPU cuts no maps",
    "transpose": "the KPU keeps one order of its axes",
}

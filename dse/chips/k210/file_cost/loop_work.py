"""Which loop of nncase 0.2's runtime each operation of the CPU goes through, and how often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from dse.chips.k210.file_cost.operation import elements_of
from dse.chips.k210.kmodel import nodes
from dse.chips.k210.kmodel import window_nodes as window
from dse.chips.k210.kmodel.records import Range, Shape4, Step
from dse.network.graph import Shape

__all__ = ["WORK", "Work", "flat", "hwc"]


class Work(NamedTuple):
    """Rounds of one loop. why: the CPU does it. shape: as of `FileStep`."""

    loop: str
    rounds: int
    shape: Shape
    why: str
    place: str = "cpu"
    macs: int = 0


def hwc(sides: Shape4) -> Shape:
    """Sides in the order of shapes."""
    return sides.h, sides.w, sides.c


def flat(place: Range) -> tuple[int, Shape]:
    """Numbers in all of a range, and that as a shape."""
    count = place.size // (1, 4)[place.type == 0]
    return count, (1, 1, count)


def _converted(loop: str, why: str) -> Callable[[Any], Work]:
    def work(node: nodes.Dequantize | nodes.Quantize) -> Work:
        count, shape = flat(node.output)
        return Work(loop, count, shape, why, "transfer")

    return work


def _same_size(loop: str, why: str) -> Callable[[Any], Work]:
    def work(node: nodes.Unary | nodes.TableLookup) -> Work:
        count, shape = flat(node.output)
        return Work(loop, count, shape, why)

    return work


def _binary(node: nodes.Binary | nodes.QuantizedBinary) -> Work:
    count = elements_of(node.shape, node.name)
    same = node.a_shape == node.b_shape
    if isinstance(node, nodes.QuantizedBinary):
        loop = "quantized_add" if same else "quantized_broadcast"
        return Work(loop, count, hwc(node.shape), "the KPU reads one map alone: in whole numbers")
    loop = "binary" if same else "binary_broadcast"
    return Work(loop, count, hwc(node.shape), "the KPU reads one map alone: in float32")


def _concat(node: nodes.Concat) -> Work:
    size = node.output.size
    return Work("copy", size, flat(node.output)[1], "the KPU joins no maps: bytes are copied")


def _copied(node: nodes.MemoryCopy) -> Work:
    shape = flat(node.output)[1]
    return Work("copy", node.output.size, shape, "another tensor wants it elsewhere", "transfer")


def _transpose(node: nodes.Transpose) -> Work:
    sides = [node.in_shape[axis % 4] for axis in node.order]
    count = elements_of(sides, node.name)
    why = "the KPU keeps one order of its axes"
    return Work("byte_transpose", count, hwc(Shape4(*sides)), why)


def _pad(node: window.Pad) -> Work:
    sides = [s + one.before + one.after for s, one in zip(node.in_shape, node.margins, strict=True)]
    count = elements_of(sides, node.name)
    return Work("pad", count, hwc(Shape4(*sides)), "sides that the KPU does not pad, or too small")


def _slice(node: window.StridedSlice) -> Work:
    count, shape = flat(node.output)
    return Work("slice", count, shape, "the KPU cuts no maps")


def _reduce(node: window.Reduce) -> Work:
    count = elements_of(node.in_shape, node.name)
    return Work("reduce", count, hwc(node.shape), "the KPU pools 2x2 or 4x4 alone")


def _pool(node: window.ReduceWindow) -> Work:
    count, shape = flat(node.output)
    window_size = elements_of((node.filter_h, node.filter_w), node.name)
    why = "a pool that the KPU does not have, or not behind a convolution"
    return Work("pool", count * window_size, shape, why)


def _resize(node: window.Resize) -> Work:
    sides = Shape4(node.in_shape.n, node.in_shape.c, node.height, node.width)
    loop = "bilinear" if node.mode == 0 else "nearest"
    return Work(loop, elements_of(sides, node.name), hwc(sides), "the KPU resizes no maps")


def _matmul(node: window.MatMul | window.QuantizedMatMul) -> Work:
    macs = elements_of((node.rows, node.inner, node.columns), node.name)
    why = "a fully connected layer: the KPU has convolutions alone"
    return Work("matmul", macs, (1, node.rows, node.columns), why, macs=macs)


def _conv2d(node: window.Conv2d | window.QuantizedConv2d | window.Conv2dTranspose) -> Work:
    """Products, with those of a window's edges that lie outside."""
    weights = node.arrays[0 if isinstance(node, window.Conv2d | window.Conv2dTranspose) else 1]
    per_pixel = elements_of(weights.shape, node.name)
    count, shape = flat(node.output)
    transposed = isinstance(node, window.Conv2dTranspose)
    channels = elements_of((weights.shape[0],), node.name)
    pixels = count // channels
    if transposed:
        pixels = elements_of((node.in_shape.n, node.in_shape.h, node.in_shape.w), node.name)
    small = node.filter_h * node.filter_w == 1
    why = "a convolution that the KPU does not have: its sides, channels, filter or groups"
    macs = per_pixel * pixels
    return Work("conv2d_1x1" if small else "conv2d", macs, shape, why, macs=macs)


def _unary_program(node: nodes.UnaryProgram) -> Work:
    count, shape = flat(node.output)
    size = elements_of(node.arrays[0].shape, node.name)
    return Work("unary_program", count * size, shape, "a function of one number, interpreted")


WORK: Mapping[type[Step], Callable[[Any], Work]] = {
    nodes.Binary: _binary,
    nodes.QuantizedBinary: _binary,
    nodes.Concat: _concat,
    nodes.MemoryCopy: _copied,
    nodes.Dequantize: _converted("dequantize", "the CPU, or who reads the output, wants float32"),
    nodes.Quantize: _converted("quantize", "the KPU wants levels again"),
    nodes.Softmax: _same_size("softmax", "the KPU has no softmax"),
    nodes.TableLookup: _same_size("lookup", "a table of levels, not behind a convolution"),
    nodes.Unary: _same_size("unary", "a function of one number in float32"),
    nodes.UnaryProgram: _unary_program,
    nodes.Transpose: _transpose,
    window.Pad: _pad,
    window.StridedSlice: _slice,
    window.Reduce: _reduce,
    window.ReduceWindow: _pool,
    window.Resize: _resize,
    window.MatMul: _matmul,
    window.QuantizedMatMul: _matmul,
    window.Conv2d: _conv2d,
    window.QuantizedConv2d: _conv2d,
    window.Conv2dTranspose: _conv2d,
}
"""Operation of the CPU -> its loop. Each raises VerificationFailed for sides that no tensor has."""

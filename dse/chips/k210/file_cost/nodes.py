"""What each node of kmodel version 4 takes under the runtime of nncase 0.2.

Loops and their order are those of `lib/nncase/v0` in the standalone SDK: the CPU polls while the
KPU computes a layer, and copies its maps to main memory afterwards, byte by byte.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

from dse.chips.k210.cost.older_loops import old_loops, upload_cycles
from dse.chips.k210.file_cost.operation import (
    KPU,
    MAIN,
    FileStep,
    Operation,
    Span,
    convolution,
    elements_of,
    kpu_span,
    loop_time,
    moved,
)
from dse.chips.k210.file_cost.reasons import kpu_reason
from dse.chips.k210.kmodel import nodes
from dse.chips.k210.kmodel import window_nodes as window
from dse.chips.k210.kmodel.buffered import BufferedKmodel, convolution_of
from dse.chips.k210.kmodel.kmodel_reader import expect
from dse.chips.k210.kmodel.kpu_layer import KpuMap
from dse.chips.k210.kmodel.records import (
    CONSTANTS,
    KPU_MEMORY,
    MAIN_MEMORY,
    FileArray,
    Range,
    Shape4,
    Step,
)
from dse.chips.k210.target import K210Target
from dse.network.graph import Shape

__all__ = ["Nodes"]

MEMORIES = {MAIN_MEMORY: MAIN, KPU_MEMORY: KPU}


class Work(NamedTuple):
    """Rounds of one loop. why: the CPU does it. shape: as of `FileStep`."""

    loop: str
    rounds: int
    shape: Shape
    why: str
    place: str = "cpu"
    macs: int = 0


class Nodes:
    """The operations of a file of version 4."""

    def __init__(self, content: bytes, kmodel: BufferedKmodel, target: K210Target) -> None:
        self.content, self.kmodel, self.target = content, kmodel, target
        self.loops = old_loops(4, target)

    def input(self) -> Operation:
        """The runtime copies the picture to where the file wants it."""
        place, sides = self.kmodel.input_range, self.kmodel.input_shape
        assert place is not None, "a file of version 4 says where its input goes"
        count = elements_of(sides, "input")
        shape = _hwc(Shape4(*sides))
        if place.memory == MAIN_MEMORY:
            cycles, written = self.loops["copy"], _span(place)
            count = place.size
        else:
            cycles = upload_cycles(4, self.target, sides[3], picture=True)
            written = kpu_span(KpuMap(place.start, *sides[1:]))
        time = loop_time(cycles, count, self.target)
        step = FileStep("input", "transfer", shape, time, (), (written,))
        return Operation("0 input", "input", (step,), why="CPU: copies the picture in")

    def operation(self, name: str, node: Step) -> Operation:
        """What `node` takes. Raises as `convolution_of`, and VerificationFailed for no tensor."""
        if isinstance(node, nodes.KpuConv2d):
            return self._convolution(name, node)
        if isinstance(node, nodes.KpuUpload):
            return self._upload(name, node)
        work = WORK[type(node)](node)
        time = loop_time(self.loops[work.loop], work.rounds, self.target)
        reads, (written,) = self._reads(node), _written(node)
        step = FileStep(work.loop, work.place, work.shape, time, _used(reads), (_span(written),))
        constants = [one for one in reads if one.memory == CONSTANTS]
        own = node.body_end - node.body_start + sum(one.size for one in constants)
        return Operation(
            name, node.name, (step,), _parameters(node, constants), work.macs, own, why=work.why
        )

    def _convolution(self, name: str, node: nodes.KpuConv2d) -> Operation:
        layer = convolution_of(node, self.content)
        step, parameters, macs = convolution(layer, self.target)
        steps, why = [step], kpu_reason(layer)
        if node.main.size:
            expect(node.main.memory in MEMORIES, f"'{node.name}' writes to constants")
            ends = (kpu_span(layer.written),), (_span(node.main),)
            steps.append(moved("download", layer.written, *ends, self.target))
            why = "; ".join(filter(None, (why, "CPU: copies the maps to main memory")))
        own = node.body_end - node.body_start
        return Operation(name, node.name, tuple(steps), parameters, macs, own, why=why)

    def _upload(self, name: str, node: nodes.KpuUpload) -> Operation:
        sides = node.in_shape
        count = elements_of(sides, node.name)
        written = kpu_span(KpuMap(node.output.start, sides.c, sides.h, sides.w, sides.n))
        time = loop_time(upload_cycles(4, self.target, sides.w), count, self.target)
        used = _used((node.input,))
        step = FileStep("upload", "transfer", _hwc(sides), time, used, (written,))
        why = "CPU: copies what it made into the KPU's memory"
        return Operation(name, node.name, (step,), why=why)

    def _reads(self, node: Step) -> list[Range]:
        """All that a node of the CPU reads, constants too."""
        reads = [v for f in fields(node) if isinstance(v := getattr(node, f.name), Range)]
        reads.remove(*_written(node))
        if isinstance(node, nodes.Concat):
            reads += [Range(*one) for one in self._array(node.arrays[0])]
            room = self.kmodel.room
            for one in reads:
                sound = one.memory in room and one.end <= room[one.memory]
                expect(sound, f"an input of '{node.name}' is no piece of its memory: {one}")
        return reads

    def _array(self, found: FileArray) -> list[tuple[int, ...]]:
        """Rows of whole numbers; that they lie in the file, the reader has checked."""
        width = found.shape[1]
        row = struct.Struct(f"<{width}I")
        rows = self.content[found.start : found.end]
        return list(row.iter_unpack(rows))


def _written(node: Step) -> tuple[Range]:
    """Where a node of the CPU writes. Raises VerificationFailed where that is a constant."""
    found: Range = getattr(node, "output")  # noqa: B009, every node of the CPU has it
    expect(found.memory in MEMORIES, f"'{node.name}' writes to constants")
    return (found,)


def _parameters(node: Step, constants: Sequence[Range]) -> int:
    """Weights and biases; a table of levels is none."""
    if isinstance(node, nodes.TableLookup):
        return 0
    numbers = [one for one in node.arrays if one.what in ("weights", "bias")]
    own = sum(elements_of(one.shape, node.name) for one in numbers)
    return own + sum(_flat(one)[0] for one in constants)


def _used(reads: Iterable[Range]) -> tuple[Span, ...]:
    """What of `reads` lies in memory; constants lie in the file."""
    return tuple(_span(one) for one in reads if one.memory in MEMORIES)


def _span(place: Range) -> Span:
    return Span(MEMORIES[place.memory], place.start, place.end)


def _hwc(sides: Shape4) -> Shape:
    return sides.h, sides.w, sides.c


def _flat(place: Range) -> tuple[int, Shape]:
    """Numbers in all of a range, and that as a shape."""
    count = place.size // (1, 4)[place.type == 0]
    return count, (1, 1, count)


def _converted(loop: str, why: str) -> Callable[[Any], Work]:
    def work(node: nodes.Dequantize | nodes.Quantize) -> Work:
        count, shape = _flat(node.output)
        return Work(loop, count, shape, why, "transfer")

    return work


def _same_size(loop: str, why: str) -> Callable[[Any], Work]:
    def work(node: nodes.Unary | nodes.TableLookup) -> Work:
        count, shape = _flat(node.output)
        return Work(loop, count, shape, why)

    return work


def _binary(node: nodes.Binary | nodes.QuantizedBinary) -> Work:
    count = elements_of(node.shape, node.name)
    same = node.a_shape == node.b_shape
    if isinstance(node, nodes.QuantizedBinary):
        loop = "quantized_add" if same else "quantized_broadcast"
        return Work(loop, count, _hwc(node.shape), "the KPU reads one map alone: in whole numbers")
    loop = "binary" if same else "binary_broadcast"
    return Work(loop, count, _hwc(node.shape), "the KPU reads one map alone: in float32")


def _concat(node: nodes.Concat) -> Work:
    size = node.output.size
    return Work("copy", size, _flat(node.output)[1], "the KPU joins no maps: bytes are copied")


def _copied(node: nodes.MemoryCopy) -> Work:
    shape = _flat(node.output)[1]
    return Work("copy", node.output.size, shape, "another tensor wants it elsewhere", "transfer")


def _transpose(node: nodes.Transpose) -> Work:
    sides = [node.in_shape[axis % 4] for axis in node.order]
    count = elements_of(sides, node.name)
    why = "the KPU keeps one order of its axes"
    return Work("byte_transpose", count, _hwc(Shape4(*sides)), why)


def _pad(node: window.Pad) -> Work:
    sides = [s + one.before + one.after for s, one in zip(node.in_shape, node.margins, strict=True)]
    count = elements_of(sides, node.name)
    return Work("pad", count, _hwc(Shape4(*sides)), "sides that the KPU does not pad, or too small")


def _slice(node: window.StridedSlice) -> Work:
    count, shape = _flat(node.output)
    return Work("slice", count, shape, "the KPU cuts no maps")


def _reduce(node: window.Reduce) -> Work:
    count = elements_of(node.in_shape, node.name)
    return Work("reduce", count, _hwc(node.shape), "the KPU pools 2x2 or 4x4 alone")


def _pool(node: window.ReduceWindow) -> Work:
    count, shape = _flat(node.output)
    window_size = elements_of((node.filter_h, node.filter_w), node.name)
    why = "a pool that the KPU does not have, or not behind a convolution"
    return Work("pool", count * window_size, shape, why)


def _resize(node: window.Resize) -> Work:
    sides = Shape4(node.in_shape.n, node.in_shape.c, node.height, node.width)
    loop = "bilinear" if node.mode == 0 else "nearest"
    return Work(loop, elements_of(sides, node.name), _hwc(sides), "the KPU resizes no maps")


def _matmul(node: window.MatMul | window.QuantizedMatMul) -> Work:
    macs = elements_of((node.rows, node.inner, node.columns), node.name)
    why = "a fully connected layer: the KPU has convolutions alone"
    return Work("matmul", macs, (1, node.rows, node.columns), why, macs=macs)


def _conv2d(node: window.Conv2d | window.QuantizedConv2d | window.Conv2dTranspose) -> Work:
    """Products, with those of a window's edges that lie outside."""
    weights = node.arrays[0 if isinstance(node, window.Conv2d | window.Conv2dTranspose) else 1]
    per_pixel = elements_of(weights.shape, node.name)
    count, flat = _flat(node.output)
    transposed = isinstance(node, window.Conv2dTranspose)
    channels = elements_of((weights.shape[0],), node.name)
    pixels = count // channels
    if transposed:
        pixels = elements_of((node.in_shape.n, node.in_shape.h, node.in_shape.w), node.name)
    small = node.filter_h * node.filter_w == 1
    why = "a convolution that the KPU does not have: its sides, channels, filter or groups"
    macs = per_pixel * pixels
    return Work("conv2d_1x1" if small else "conv2d", macs, flat, why, macs=macs)


def _unary_program(node: nodes.UnaryProgram) -> Work:
    count, shape = _flat(node.output)
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

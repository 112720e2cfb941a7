"""What each node of kmodel version 4 takes under the runtime of nncase 0.2.

Loops and their order are those of `lib/nncase/v0` in the standalone SDK: the CPU polls while the
KPU computes a layer, and copies its maps to main memory afterwards, byte by byte.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import fields

from dse.chips.k210.cost.older_loops import old_loops, upload_cycles
from dse.chips.k210.file_cost.loop_work import WORK, flat, hwc
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

__all__ = ["Nodes"]

MEMORIES = {MAIN_MEMORY: MAIN, KPU_MEMORY: KPU}


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
        shape = hwc(Shape4(*sides))
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
        step = FileStep("upload", "transfer", hwc(sides), time, used, (written,))
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
    return own + sum(flat(one)[0] for one in constants)


def _used(reads: Iterable[Range]) -> tuple[Span, ...]:
    """What of `reads` lies in memory; constants lie in the file."""
    return tuple(_span(one) for one in reads if one.memory in MEMORIES)


def _span(place: Range) -> Span:
    return Span(MEMORIES[place.memory], place.start, place.end)

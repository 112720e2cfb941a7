"""Transfers between KPU and CPU, and the order of execution.

A KPU result that the CPU needs is downloaded and dequantized; what the CPU made is
quantized and uploaded. KPU steps that hang together behind one upload are one call of the
KPU module (nncase's `merge module regions`); the order is that of a depth-first visit from
the outputs (nncase's relay visitor), in which a call runs as soon as one of its results is
needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dse.chips.k210.cost.ordering import depth_first
from dse.chips.k210.cost.program import Program, Step, call_starts

__all__ = ["connect", "ordered"]

CPU_COPIES_INTO_CONCAT = ("crop", "input")


def connect(
    steps: list[Step],
    outputs: list[int],
    interleaved: bool,
    otherwise: frozenset[str] = frozenset(),
) -> Program:
    """`steps` with all transfers, ordered. `outputs` are float32 in main memory.

    otherwise: layers whose slice keeps its source's range where it is taken to have another
    one, or the other way round (see `Program.range_dependent`).
    """
    crossing = _Crossing(steps, interleaved, otherwise)
    ends = [crossing.output(index) for index in outputs]
    program = ordered(crossing.done, ends)
    return replace(program, range_dependent=tuple(dict.fromkeys(crossing.range_dependent)))


@dataclass
class _Crossing:
    """Builds connected steps on demand; each transfer once, however many need it."""

    steps: list[Step]
    interleaved: bool
    otherwise: frozenset[str]

    def __post_init__(self) -> None:
        self.range_dependent: list[str] = []
        self.done: list[Step] = []
        self.known: dict[tuple[str, int], int] = {}
        self.joined: set[int] = set()
        for index in range(len(self.steps)):
            self.step(index)

    def emit(self, step: Step) -> int:
        self.done.append(step)
        return len(self.done) - 1

    def step(self, index: int) -> int:
        """Position of the finished step `index`, in KPU memory if it is the KPU's."""
        if ("step", index) not in self.known:
            self.known["step", index] = self.build(index)
        return self.known["step", index]

    def build(self, index: int) -> int:
        step = self.steps[index]
        if step.op == "input":
            return self.build_input(step)
        if step.on_kpu:
            inputs = tuple(self.in_kpu(source) for source in step.inputs)
        elif step.op == "lookup":
            inputs = tuple(self.as_bytes(source) for source in step.inputs)
        elif step.op == "arithmetic":
            inputs = tuple(self.interleaved_float(source) for source in step.inputs)
        elif step.op == "concat":
            inputs = tuple(self.for_concat(source) for source in step.inputs)
        else:
            inputs = tuple(self.as_float(source) for source in step.inputs)
        return self.emit(step._replace(inputs=inputs))

    def build_input(self, step: Step) -> int:
        position = self.emit(step)
        if self.interleaved:
            return self.emit(step._replace(op="transpose", inputs=(position,)))
        return position

    def in_kpu(self, index: int) -> int:
        """The step's result in KPU memory."""
        position = self.step(index)
        if self.done[position].on_kpu:
            return position
        position = self.as_bytes(index)
        step = self.done[position]
        inside = step.op == "crop" and call_starts(self.done)[position] != position
        if inside and not _is_one_piece(step, self.done[step.inputs[0]]):
            position = self.once("kpu_copy", position, 1)
        return self.once("upload", position, 1)

    def as_bytes(self, index: int) -> int:
        """The step's result as uint8 in main memory."""
        step = self.steps[index]
        if step.op in ("slice", "crop"):  # the compiler quantizes first, then slices
            if ("sliced", index) not in self.known:
                source = self.as_own_bytes(index)
                new = step._replace(inputs=(source,), element_bytes=1)
                self.known["sliced", index] = self.emit(new)
            return self.known["sliced", index]
        position = self.step(index)
        if self.done[position].on_kpu:
            return self.once("download", position, 1)
        if self.done[position].element_bytes == 4:
            position = self.once("quantize", position, 1)
        return self.planar(index, position)

    def as_own_bytes(self, index: int) -> int:
        """What the slice or crop `index` reads, in bytes of the slice's own range.

        Where that range equals the source's, the compiler leaves the conversion out. It comes
        from the calibration pictures; a crop leaves a line or two out and mostly keeps it, every
        second pixel mostly does not.
        """
        source = self.steps[index].inputs[0]
        if not (self.steps[source].on_kpu or self.steps[source].op in ("slice", "crop", "lookup")):
            return self.emit_quantize(self.as_float(source), index)
        if not self.steps[source].on_kpu:
            return self.as_bytes(source)
        layer = self.steps[index].layer
        self.range_dependent.append(layer)
        if (self.steps[index].op == "crop") != (layer in self.otherwise):
            return self.as_bytes(source)
        return self.emit_quantize(self.as_float(source), index)

    def emit_quantize(self, position: int, index: int) -> int:
        source = self.done[position]
        step = Step("quantize", self.steps[index].layer, (position,), source.shape, 1)
        return self.emit(step)

    def as_float(self, index: int) -> int:
        """The step's result as float32 in main memory."""
        position = self.step(index)
        if self.done[position].on_kpu:
            position = self.once("download", position, 1)
        if self.done[position].element_bytes == 1:
            position = self.once("dequantize", position, 4)
        return self.planar(index, position)

    def interleaved_float(self, index: int) -> int:
        """As float32 with the channels last: so the compiler leaves constants for channels."""
        if self.steps[index].op == "arithmetic":
            return self.step(index)
        return self.once("transpose", self.as_float(index), 4)

    def planar(self, index: int, position: int) -> int:
        """What lies at `position`, the result of step `index`, in planes of channels again."""
        if self.steps[index].op == "arithmetic":
            return self.once("transpose", position, self.done[position].element_bytes)
        return position

    def for_concat(self, index: int) -> int:
        """As float32, written by a step that can write into the concatenation itself."""
        position = self.as_float(index)
        step = self.done[position]
        if step.op in CPU_COPIES_INTO_CONCAT or position in self.joined:
            position = self.emit(step._replace(op="copy", inputs=(position,), kernel=1))
        self.joined.add(position)
        return position

    def output(self, index: int) -> int:
        """As float32 in the output's memory, in the layout that the caller expects."""
        position = self.step(index)
        if self.interleaved:
            if self.done[position].on_kpu:
                position = self.once("download", position, 1)
            position = self.once("transpose", position, self.done[position].element_bytes)
        if self.done[position].on_kpu:
            position = self.once("download", position, 1)
        step = self.done[position]
        if step.element_bytes == 1:
            return self.once("dequantize", position, 4)
        if step.op == "flatten":
            return self.once("flat_copy", position, 4)
        if step.op == "crop" or position in self.joined:
            return self.emit(step._replace(op="copy", inputs=(position,), kernel=1))
        return position

    def once(self, op: str, position: int, element_bytes: int) -> int:
        """One `op` of what lies at `position`, shared by all who need it."""
        if (op, position) not in self.known:
            source = self.done[position]
            step = Step(op, source.layer, (position,), source.shape, element_bytes)
            self.known[op, position] = self.emit(step)
        return self.known[op, position]


def _is_one_piece(crop: Step, source: Step) -> bool:
    """The crop lies in one stretch of memory: whole lines of a single plane."""
    return crop.shape[2] == 1 and crop.shape[1] == source.shape[1]


def ordered(
    steps: list[Step], outputs: list[int], calls: Sequence[Sequence[int]] | None = None
) -> Program:
    """`steps` in the order of execution, without those that nothing needs.

    calls: the steps of each call of the KPU in their order, where the steps do not tell it.
    """
    starts = call_starts(steps) if calls is None else list(range(len(steps)))
    for call in calls or ():
        for index in call:
            starts[index] = call[0]
    members: dict[int, list[int]] = {}
    sources: dict[int, dict[int, None]] = {}
    for index in depth_first(outputs, lambda index: steps[index].inputs):
        members.setdefault(starts[index], []).append(index)
        before = (starts[source] for source in steps[index].inputs)
        others = (start for start in before if start != starts[index])
        sources.setdefault(starts[index], {}).update(dict.fromkeys(others))
    members.update((call[0], list(call)) for call in calls or ())
    visited = depth_first([starts[index] for index in outputs], lambda start: sources[start])
    order = [index for start in visited for index in members[start]]
    place = {index: position for position, index in enumerate(order)}
    renumbered = tuple(
        steps[i]._replace(inputs=tuple(place[source] for source in steps[i].inputs)) for i in order
    )
    program = Program(renumbered, tuple(place[index] for index in outputs))
    if calls is None:
        return program
    return replace(program, given_calls=tuple(place[starts[index]] for index in order))

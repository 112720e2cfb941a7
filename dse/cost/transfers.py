"""Transfers between KPU and CPU, and the order of execution.

A KPU result that the CPU needs is downloaded and dequantized; what the CPU made is
quantized and uploaded. KPU steps that hang together behind one upload are one call of the
KPU module (nncase's `merge module regions`); the order is that of a depth-first visit from
the outputs (nncase's relay visitor), in which a call runs as soon as one of its results is
needed.
"""

from __future__ import annotations

from dataclasses import dataclass

from dse.cost.program import KPU_CONVOLUTIONS, KPU_RESULTS, Program, Step

__all__ = ["connect"]

IN_CALL = frozenset((*KPU_CONVOLUTIONS, "download"))
"""Steps of a call of the KPU module, besides the upload that begins it."""

CPU_COPIES_INTO_CONCAT = ("crop", "input", "concat")


def connect(steps: list[Step], outputs: list[int], interleaved: bool) -> Program:
    """`steps` with all transfers, ordered. `outputs` are float32 in main memory."""
    crossing = _Crossing(steps, interleaved)
    ends = [crossing.output(index) for index in outputs]
    return _ordered(crossing.done, ends)


@dataclass
class _Crossing:
    """Builds connected steps on demand; each transfer once, however many need it."""

    steps: list[Step]
    interleaved: bool

    def __post_init__(self) -> None:
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
        if self.steps[index].op == "slice":
            return self.sliced_in_bytes(index)
        position = self.step(index)
        step = self.done[position]
        if step.on_kpu:
            return position
        if step.element_bytes == 4:
            position = self.once("quantize", position, 1)
        return self.once("upload", position, 1)

    def sliced_in_bytes(self, index: int) -> int:
        """A slice for the KPU alone: it is quantized first, and sliced as bytes."""
        if ("sliced", index) not in self.known:
            step = self.steps[index]
            source = self.once("quantize", self.as_float(step.inputs[0]), 1)
            self.known["sliced", index] = self.emit(
                step._replace(inputs=(source,), element_bytes=1)
            )
        return self.once("upload", self.known["sliced", index], 1)

    def as_float(self, index: int) -> int:
        """The step's result as float32 in main memory."""
        position = self.step(index)
        if self.done[position].on_kpu:
            position = self.once("download", position, 1)
        if self.done[position].element_bytes == 1:
            position = self.once("dequantize", position, 4)
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


def _ordered(steps: list[Step], outputs: list[int]) -> Program:
    """`steps` in the order of execution, without those that nothing needs."""
    readers: list[list[int]] = [[] for _ in steps]
    for index, step in enumerate(steps):
        for source in step.inputs:
            readers[source].append(index)
    order: list[int] = []
    placed = [False] * len(steps)
    waiting = list(reversed(outputs))
    while waiting:
        index = _call_of(steps, waiting[-1])
        missing = [source for source in steps[index].inputs if not placed[_call_of(steps, source)]]
        if placed[index] or missing:
            waiting.pop() if placed[index] else waiting.append(missing[0])
            continue
        for member in _region(steps, readers, index):
            order.append(member)
            placed[member] = True
    place = {index: position for position, index in enumerate(order)}
    renumbered = tuple(
        steps[i]._replace(inputs=tuple(place[source] for source in steps[i].inputs)) for i in order
    )
    return Program(renumbered, tuple(place[index] for index in outputs))


def _call_of(steps: list[Step], index: int) -> int:
    """The upload that begins the KPU call of step `index`; itself when it is the CPU's."""
    while steps[index].op in IN_CALL:
        index = steps[index].inputs[0]
    return index


def _region(steps: list[Step], readers: list[list[int]], start: int) -> list[int]:
    """Steps of the KPU call that begins at `start`: downloads as soon as they can be made."""
    members, waiting = [], [start]
    while waiting:
        index = waiting.pop()
        members.append(index)
        if steps[index].op in KPU_RESULTS:
            inside = [r for r in readers[index] if steps[r].op in IN_CALL]
            waiting += sorted(inside, key=lambda reader: steps[reader].op == "download")
    return members

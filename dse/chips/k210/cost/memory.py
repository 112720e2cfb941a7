"""Memory that a program needs: KPU SRAM, and `.input`, `.output` and `.data` in main memory.

Source: nncase v1.9.0, src/schedule/function_schedule_context.cpp: a buffer lives from the
step that writes it to the last one that reads it; what writes into a concatenation, and a
view of something, share its memory; a call's results all exist from its beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dse.chips.allocator import Buffer, first_fit
from dse.chips.k210.cost.kpu_layout import ROW_BYTES, kpu_bytes
from dse.chips.k210.cost.program import Program, Step

__all__ = ["Lifetime", "Memory", "MemoryLayout", "PlacedBuffer", "placed_buffers", "plan_memory"]

DATA_ALIGNMENT_BYTES = 8
"""src/schedule/buffer_allocator.cpp, `buffer_allocator::alignment`."""


@dataclass(frozen=True)
class Memory:
    """Bytes of each pool, and the layers whose buffers reached the two peaks."""

    input_bytes: int
    output_bytes: int
    data_bytes: int
    data_layer: str
    peak_kpu_bytes: int
    peak_layer: str


class Lifetime(NamedTuple):
    """A buffer of `layer` that holds the result of step `step`, from one step to another."""

    layer: str
    step: int
    birth: int
    death: int


class MemoryLayout:
    """Who needs memory, and when: the same in all programs that differ in sizes alone.

    kpu: buffers in KPU memory. data: in `.data`, everything in main memory but the picture and
    the outputs; in versions 3 and 4 those, too. inner: in the KPU module's own `.data`, maps that
    only pass through main memory.
    """

    def __init__(self, program: Program) -> None:
        last_read = _last_reads(program)
        owner = _owners(program)
        steps = enumerate(program.steps)
        self.inputs = [index for index, step in steps if step.op == "input"]
        self.outputs = program.outputs
        self.kpu = _kpu_buffers(program, last_read)
        if program.is_older:
            self.inputs, self.outputs = [], ()
            self.data, self.inner = _one_buffer(program, last_read, owner), []
        else:
            self.data = _data_buffers(program, last_read, owner)
            self.inner = _inner_buffers(program, last_read, owner)

    def plan(self, map_bytes: Sequence[int], size_bytes: Sequence[int]) -> Memory:
        """Places every buffer as the compiler does.

        map_bytes, size_bytes: of each step's result in KPU memory, in main memory.
        """
        kpu = first_fit(_sized(self.kpu, map_bytes), ROW_BYTES)
        data = first_fit(_sized(self.data, size_bytes), DATA_ALIGNMENT_BYTES)
        inner = first_fit(_sized(self.inner, size_bytes), DATA_ALIGNMENT_BYTES)
        return Memory(
            input_bytes=sum(size_bytes[index] for index in self.inputs),
            output_bytes=sum(size_bytes[index] for index in self.outputs),
            data_bytes=data.peak_bytes + inner.peak_bytes,
            data_layer=self.data[data.peak_buffer].layer if self.data else "",
            peak_kpu_bytes=kpu.peak_bytes,
            peak_layer=self.kpu[kpu.peak_buffer].layer if self.kpu else "",
        )


def plan_memory(program: Program) -> Memory:
    """Places every buffer of `program`."""
    return MemoryLayout(program).plan(program.each(map_bytes), program.each(size_bytes))


def map_bytes(_: Program, step: Step) -> int:
    """Bytes of the step's result in KPU memory."""
    return kpu_bytes(step.shape)


def size_bytes(_: Program, step: Step) -> int:
    """Bytes of the step's result in main memory."""
    return step.size_bytes


def _sized(lifetimes: Sequence[Lifetime], sizes_bytes: Sequence[int]) -> list[Buffer]:
    return [Buffer(layer, sizes_bytes[step], birth, end) for layer, step, birth, end in lifetimes]


def _kpu_buffers(program: Program, last_read: list[int]) -> list[Lifetime]:
    steps = enumerate(program.steps)
    return [Lifetime(one.layer, i, i, last_read[i]) for i, one in steps if one.on_kpu]


def _last_reads(program: Program) -> list[int]:
    last = list(range(len(program.steps)))
    for index, step in enumerate(program.steps):
        for source in step.inputs:
            last[source] = max(last[source], index)
    return last


def _data_buffers(program: Program, last_read: list[int], owner: list[int]) -> list[Lifetime]:
    ends = _call_ends(program)
    outputs = {owner[index] for index in program.outputs}
    inside = _inner_roots(program, owner)
    birth: dict[int, int] = {}
    death: dict[int, int] = {}
    for index, step in enumerate(program.steps):
        root = owner[index]
        if step.on_kpu or program.steps[root].op == "input" or root in outputs:
            continue
        if root in inside:
            continue
        start = program.calls[index]
        end = ends[program.calls[last_read[index]]]
        birth[root] = min(birth.get(root, start), start)
        death[root] = max(death.get(root, end), end)
    steps = program.steps
    return [Lifetime(steps[root].layer, root, birth[root], death[root]) for root in birth]


def _one_buffer(program: Program, last_read: list[int], owner: list[int]) -> list[Lifetime]:
    """In versions 3 and 4: all of main memory, picture and outputs too, in one buffer.

    A layer writes its maps there itself, so they live from that on.
    """
    birth: dict[int, int] = {}
    death: dict[int, int] = {}
    for index, step in enumerate(program.steps):
        root = owner[index]
        if step.on_kpu or (step.op == "input" and program.picture_is_uploaded):
            continue
        start = step.inputs[0] if step.op == "download" else index
        end = len(program.steps) if index in program.outputs else last_read[index]
        birth[root] = min(birth.get(root, start), start)
        death[root] = max(death.get(root, end), end)
    steps = program.steps
    return [Lifetime(steps[root].layer, root, birth[root], death[root]) for root in birth]


def _inner_buffers(program: Program, last_read: list[int], owner: list[int]) -> list[Lifetime]:
    inside = _inner_roots(program, owner)
    birth: dict[int, int] = {}
    death: dict[int, int] = {}
    for index, root in enumerate(owner):
        if root in inside:
            birth.setdefault(root, index)
            death[root] = max(death.get(root, 0), last_read[index])
    return [Lifetime(program.steps[i].layer, i, birth[i], end) for i, end in death.items()]


def _inner_roots(program: Program, owner: list[int]) -> set[int]:
    """Whose buffers hold what only passes through main memory, and in no shape leaves its call."""
    inside = {owner[index] for index in range(len(owner)) if _is_inside(program, index)}
    return {root for root in inside if not program.leaves_call(root)}


def _is_inside(program: Program, index: int) -> bool:
    """The step writes to main memory what only its own KPU call reads."""
    step = program.steps[index]
    return step.op in ("download", "kpu_copy") and not program.leaves_call(index)


def _call_ends(program: Program) -> dict[int, int]:
    """First step of each KPU call -> its last one; a step of the CPU is a call of its own."""
    return {start: index for index, start in enumerate(program.calls)}


def _owners(program: Program) -> list[int]:
    """For each step the step whose buffer holds its result."""
    owner = list(range(len(program.steps)))
    for index in reversed(range(len(program.steps))):
        step = program.steps[index]
        if step.op == "concat":
            for source in step.inputs:
                owner[source] = owner[index]
        elif step.op == "bitcast" and _gives_its_place(program, step.inputs[0], owner):
            owner[step.inputs[0]] = owner[index]
    for index, step in enumerate(program.steps):
        if step.op == "crop" or (step.op == "bitcast" and owner[step.inputs[0]] != owner[index]):
            owner[index] = owner[step.inputs[0]]
    return owner


def _gives_its_place(program: Program, source: int, owner: list[int]) -> bool:
    """What is reshaped lies where the reshaped tensor does, unless its own place is settled."""
    return owner[source] == source and program.steps[source].op not in ("input", "crop")


class PlacedBuffer(NamedTuple):
    """A buffer of `layer` at its address, alive from step `birth` to step `death`."""

    layer: str
    start_bytes: int
    size_bytes: int
    birth: int
    death: int


def placed_buffers(program: Program) -> tuple[list[PlacedBuffer], list[PlacedBuffer]]:
    """Where the buffers in KPU memory lie, and where those of `.data`.

    Maps that pass through main memory inside KPU calls have a pool of their own, which is
    shown above the rest of `.data`.
    """
    layout, sizes = MemoryLayout(program), program.each(size_bytes)
    kpu, _ = _placed(_sized(layout.kpu, program.each(map_bytes)), ROW_BYTES)
    data, end_bytes = _placed(_sized(layout.data, sizes), DATA_ALIGNMENT_BYTES)
    inner, _ = _placed(_sized(layout.inner, sizes), DATA_ALIGNMENT_BYTES, end_bytes)
    return kpu, data + inner


def _placed(
    buffers: Sequence[Buffer], alignment_bytes: int, from_bytes: int = 0
) -> tuple[list[PlacedBuffer], int]:
    """The buffers of one pool at their addresses from `from_bytes` on, and the pool's end."""
    placement = first_fit(buffers, alignment_bytes)
    placed = [
        PlacedBuffer(buffer.name, from_bytes + start, buffer.size_bytes, buffer.birth, buffer.death)
        for buffer, start in zip(buffers, placement.starts, strict=True)
    ]
    return placed, placement.peak_bytes

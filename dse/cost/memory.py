"""Memory that a program needs: KPU SRAM, and `.input`, `.output` and `.data` in main memory.

Source: nncase v1.9.0, src/schedule/function_schedule_context.cpp: a buffer lives from the
step that writes it to the last one that reads it; what writes into a concatenation, and a
view of something, share its memory; a call's results all exist from its beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dse.cost.allocator import Buffer, first_fit
from dse.cost.kpu_layout import ROW_BYTES, kpu_bytes
from dse.cost.program import Program

__all__ = ["Memory", "PlacedBuffer", "placed_buffers", "plan_memory"]

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


def plan_memory(program: Program) -> Memory:
    """Places every buffer of `program` as the compiler does."""
    last_read = _last_reads(program)
    kpu = _kpu_buffers(program, last_read)
    data = _data_buffers(program, last_read)
    kpu_placed = first_fit(kpu, ROW_BYTES)
    data_placed = first_fit(data, DATA_ALIGNMENT_BYTES)
    inner_placed = first_fit(_inner_buffers(program, last_read), DATA_ALIGNMENT_BYTES)
    return Memory(
        input_bytes=sum(step.size_bytes for step in program.steps if step.op == "input"),
        output_bytes=sum(program.steps[index].size_bytes for index in program.outputs),
        data_bytes=data_placed.peak_bytes + inner_placed.peak_bytes,
        data_layer=data[data_placed.peak_buffer].name if data else "",
        peak_kpu_bytes=kpu_placed.peak_bytes,
        peak_layer=kpu[kpu_placed.peak_buffer].name if kpu else "",
    )


def _kpu_buffers(program: Program, last_read: list[int]) -> list[Buffer]:
    return [
        Buffer(step.layer, kpu_bytes(step.shape), index, last_read[index])
        for index, step in enumerate(program.steps)
        if step.on_kpu
    ]


def _last_reads(program: Program) -> list[int]:
    last = list(range(len(program.steps)))
    for index, step in enumerate(program.steps):
        for source in step.inputs:
            last[source] = max(last[source], index)
    return last


def _data_buffers(program: Program, last_read: list[int]) -> list[Buffer]:
    """Buffers of `.data`: everything in main memory but the picture and the outputs."""
    ends = _call_ends(program)
    owner = _owners(program)
    outputs = {owner[index] for index in program.outputs}
    birth: dict[int, int] = {}
    death: dict[int, int] = {}
    for index, step in enumerate(program.steps):
        root = owner[index]
        if step.on_kpu or program.steps[root].op == "input" or root in outputs:
            continue
        if _is_inside(program, root):
            continue
        start = program.calls[index]
        end = ends[program.calls[last_read[index]]]
        birth[root] = min(birth.get(root, start), start)
        death[root] = max(death.get(root, end), end)
    steps = program.steps
    return [
        Buffer(steps[root].layer, steps[root].size_bytes, birth[root], death[root])
        for root in birth
    ]


def _inner_buffers(program: Program, last_read: list[int]) -> list[Buffer]:
    """Buffers of the KPU module's own `.data`: maps that only pass through main memory."""
    owner = _owners(program)
    death = {index: 0 for index in range(len(program.steps)) if _is_inside(program, index)}
    for index, root in enumerate(owner):
        if root in death:
            death[root] = max(death[root], last_read[index])
    steps = program.steps
    return [Buffer(steps[i].layer, steps[i].size_bytes, i, end) for i, end in death.items()]


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
    for index, step in enumerate(program.steps):
        if step.op == "crop":
            owner[index] = owner[step.inputs[0]]
    return owner


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
    last_read = _last_reads(program)
    kpu, _ = _placed(_kpu_buffers(program, last_read), ROW_BYTES)
    data, end_bytes = _placed(_data_buffers(program, last_read), DATA_ALIGNMENT_BYTES)
    inner, _ = _placed(_inner_buffers(program, last_read), DATA_ALIGNMENT_BYTES, end_bytes)
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

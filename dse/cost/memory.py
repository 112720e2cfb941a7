"""Memory that a program needs: KPU SRAM, and `.input`, `.output` and `.data` in main memory.

Source: nncase v1.9.0, src/schedule/function_schedule_context.cpp: a buffer lives from the
step that writes it to the last one that reads it; what writes into a concatenation, and a
view of something, share its memory; a call's results all exist from its beginning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from dse.cost.allocator import Buffer, first_fit
from dse.cost.kpu_layout import ROW_BYTES, kpu_bytes
from dse.cost.program import Program

__all__ = ["Memory", "PlacedBuffer", "kpu_ends", "placed_buffers", "plan_memory"]

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
    return Memory(
        input_bytes=sum(step.size_bytes for step in program.steps if step.op == "input"),
        output_bytes=sum(program.steps[index].size_bytes for index in program.outputs),
        data_bytes=data_placed.peak_bytes,
        data_layer=data[data_placed.peak_buffer].name if data else "",
        peak_kpu_bytes=kpu_placed.peak_bytes,
        peak_layer=kpu[kpu_placed.peak_buffer].name if kpu else "",
    )


def kpu_ends(program: Program) -> list[int]:
    """For each step the highest address of KPU memory that is in use while it runs."""
    buffers = _kpu_buffers(program, _last_reads(program))
    starts = first_fit(buffers, ROW_BYTES).starts
    ends = [0] * len(program.steps)
    for buffer, start in zip(buffers, starts, strict=True):
        for index in range(buffer.birth, buffer.death + 1):
            ends[index] = max(ends[index], start + buffer.size_bytes)
    return ends


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
    calls = _call_spans(program)
    owner = _owners(program)
    outputs = {owner[index] for index in program.outputs}
    birth: dict[int, int] = {}
    death: dict[int, int] = {}
    for index, step in enumerate(program.steps):
        root = owner[index]
        if step.on_kpu or program.steps[root].op == "input" or root in outputs:
            continue
        start = calls[index][0]
        end = calls[last_read[index]][1]
        birth[root] = min(birth.get(root, start), start)
        death[root] = max(death.get(root, end), end)
    steps = program.steps
    return [
        Buffer(steps[root].layer, steps[root].size_bytes, birth[root], death[root])
        for root in birth
    ]


def _call_spans(program: Program) -> list[tuple[int, int]]:
    """For each step the first and last step of the KPU call it is in (itself on the CPU)."""
    spans: list[tuple[int, int]] = []
    start = 0
    for index, step in enumerate(program.steps):
        inside = step.op == "download" or (step.on_kpu and step.op != "upload")
        if not inside:
            start = index
        spans.append((start, index))
    end = len(spans)
    for index in reversed(range(len(spans))):
        begin = spans[index][0]
        if index + 1 == len(spans) or spans[index + 1][0] != begin:
            end = index
        spans[index] = (begin, end)
    return spans


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
    """Where the buffers in KPU memory lie, and where those of `.data`."""
    last_read = _last_reads(program)
    pools = (
        (_kpu_buffers(program, last_read), ROW_BYTES),
        (_data_buffers(program, last_read), DATA_ALIGNMENT_BYTES),
    )
    kpu, data = (
        [
            PlacedBuffer(buffer.name, start, buffer.size_bytes, buffer.birth, buffer.death)
            for buffer, start in zip(buffers, first_fit(buffers, alignment).starts, strict=True)
        ]
        for buffers, alignment in pools
    )
    return kpu, data

"""Which bytes of both memories hold something that is still wanted, as the file places it.

A buffer lives from the step that writes it to the last one that reads any of it; whatever is
written over it ends it. The compiler that made the file may have reserved more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dse.chips.k210.cost.memory import PlacedBuffer
from dse.chips.k210.file_cost.operation import KPU, MAIN, FileStep, Operation, Span

__all__ = ["peak", "placed", "steps_of", "top"]


def steps_of(operations: Iterable[Operation]) -> list[tuple[Operation, FileStep]]:
    """All steps in order, with the operation that each belongs to."""
    return [(one, step) for one in operations for step in one.steps]


def placed(
    steps: Sequence[tuple[Operation, FileStep]], outputs: Iterable[Span]
) -> dict[str, list[PlacedBuffer]]:
    """Memory -> its buffers. outputs: what is read when all is done."""
    open_: dict[str, list[PlacedBuffer]] = {KPU: [], MAIN: []}
    done: dict[str, list[PlacedBuffer]] = {KPU: [], MAIN: []}
    for index, (operation, step) in enumerate(steps):
        for span in step.reads:
            _read(open_[span.memory], span, index)
        for span in step.writes:
            _write(open_[span.memory], done[span.memory], span, operation.name, index)
    for span in outputs:
        _read(open_[span.memory], span, max(len(steps) - 1, 0))
    return {name: sorted(done[name] + open_[name], key=lambda one: one.birth) for name in done}


def peak(buffers: Iterable[PlacedBuffer], steps: Sequence[str]) -> tuple[int, str]:
    """The most bytes that live at once, and where: `steps` has a name for each step."""
    live = [0] * (len(steps) + 1)
    for one in buffers:
        live[one.birth] += one.size_bytes
        live[one.death + 1] -= one.size_bytes
    most, where, now = 0, "", 0
    for name, change in zip(steps, live, strict=False):
        now += change
        if now > most:
            most, where = now, name
    return most, where


def top(buffers: Iterable[PlacedBuffer]) -> tuple[int, str]:
    """The highest address in use, holes below it included, and whose it is."""
    ends = ((one.start_bytes + one.size_bytes, one.layer) for one in buffers)
    return max(ends, default=(0, ""), key=lambda one: one[0])


def _read(buffers: list[PlacedBuffer], span: Span, index: int) -> None:
    for number, one in enumerate(buffers):
        if _overlap(one, span):
            buffers[number] = one._replace(death=index)


def _write(
    buffers: list[PlacedBuffer], done: list[PlacedBuffer], span: Span, name: str, index: int
) -> None:
    for one in [one for one in buffers if _overlap(one, span)]:
        buffers.remove(one)  # a step that writes over what it reads needs the place once
        done.append(one._replace(death=max(one.birth, min(one.death, index - 1))))
    buffers.append(PlacedBuffer(name, span.start, span.end - span.start, index, index))


def _overlap(one: PlacedBuffer, span: Span) -> bool:
    return one.start_bytes < span.end and span.start < one.start_bytes + one.size_bytes

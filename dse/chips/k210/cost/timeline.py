"""A program as it runs: for each step its time and the memory in use, for each buffer its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dse.chips.k210.cost.latency import step_time
from dse.chips.k210.cost.memory import PlacedBuffer, placed_buffers
from dse.chips.k210.cost.program import KPU_CONVOLUTIONS, Program, Step
from dse.chips.k210.target import K210Target

__all__ = ["PLACES", "Timeline", "add_use", "timeline"]

Row = dict[str, Any]

PLACES = ("kpu", "transfer", "cpu")
"""Where a step runs: on the KPU; on the CPU, which moves a map or changes its number format for
the KPU's sake; on the CPU for the network's own."""

TRANSFERS = (
    "upload", "download", "quantize", "dequantize", "transpose", "copy", "kpu_copy",
)  # fmt: skip


@dataclass(frozen=True)
class Timeline:
    """Rows of plain values, as `dse explain --json` prints them.

    steps: step, layer, op, place (one of PLACES), ms, kpu_cycles (null on the CPU), and in
        both memories the bytes of all live buffers and the highest address in use.
    kpu_buffers, data_buffers: layer, place (of what writes it), start_bytes, size_bytes, and
        the first and the last step at which it is needed, birth and death.
    """

    steps: list[Row]
    kpu_buffers: list[Row]
    data_buffers: list[Row]


def timeline(program: Program, target: K210Target) -> Timeline:
    """The steps of `program` with their times on `target`, and its buffers."""
    kpu, data = placed_buffers(program)
    steps = [_step(program, index, step, target) for index, step in enumerate(program.steps)]
    add_use(steps, "kpu", kpu)
    add_use(steps, "data", data)
    return Timeline(steps, _buffers(program, kpu), _buffers(program, data))


def _step(program: Program, index: int, step: Step, target: K210Target) -> Row:
    ms, place = step_time(program, step, target).ms, _place(step)
    cycles = round(ms / 1e3 * target.kpu_clock_hz) if place == "kpu" else None
    return {
        "step": index,
        "layer": step.layer,
        "op": step.op,
        "place": place,
        "ms": ms,
        "kpu_cycles": cycles,
    }


def _place(step: Step) -> str:
    if step.op in KPU_CONVOLUTIONS:
        return "kpu"
    return "transfer" if step.op in TRANSFERS else "cpu"


def add_use(steps: list[Row], memory: str, buffers: Sequence[PlacedBuffer]) -> None:
    """Adds the bytes that live, and the highest address in use, to every step."""
    for row in steps:
        row[f"{memory}_live_bytes"] = row[f"{memory}_end_bytes"] = 0
    for buffer in buffers:
        for row in steps[buffer.birth : buffer.death + 1]:
            end = buffer.start_bytes + buffer.size_bytes
            row[f"{memory}_live_bytes"] += buffer.size_bytes
            row[f"{memory}_end_bytes"] = max(row[f"{memory}_end_bytes"], end)


def _buffers(program: Program, buffers: Sequence[PlacedBuffer]) -> list[Row]:
    """A call's results exist from its beginning: what lies there first says who writes them."""
    return [
        {"place": _place(program.steps[buffer.birth]), **buffer._asdict()} for buffer in buffers
    ]

"""A kmodel operation by operation: where each runs and why, its time and its memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dse.chips.account import Account, Buffers
from dse.chips.k210.cost.layer_costs import LayerCost
from dse.chips.k210.cost.memory import PlacedBuffer
from dse.chips.k210.cost.timeline import add_use
from dse.chips.k210.explaining import COLUMNS
from dse.chips.k210.file_cost.lifetimes import placed, steps_of
from dse.chips.k210.file_cost.operation import KPU, MAIN, FileStep, Operation
from dse.chips.k210.file_cost.pricing import cost_of
from dse.chips.k210.file_cost.reading import read_file
from dse.chips.k210.target import K210Target

__all__ = ["account_of_kmodel"]

Row = dict[str, Any]


def account_of_kmodel(path: Path, target: K210Target) -> Account:
    """The account of the file at `path`, with the fields of `explaining.explained`.

    Raises as `read_file`.
    """
    file = read_file(path, target)
    cost, steps = cost_of(file, target), steps_of(file.operations)
    rows = [_step(*one, index, target) for index, one in enumerate(steps)]
    buffers = placed(steps, file.outputs)
    for memory, own in buffers.items():
        add_use(rows, memory, own)
    beside = cost.main_memory_bytes - cost.data_bytes
    layers = zip(file.operations, cost.layers, strict=True)
    return Account(
        layers=[_layer(one, told, cost.latency_ms, rows) for one, told in layers],
        steps=rows,
        memories=(
            _memory("kpu", "KPU memory", "of KPU memory", target.kpu_memory_bytes, buffers[KPU],
                    steps),
            _memory("data", "the buffer in main memory", "left beside the file",
                    target.model_memory_bytes - beside, buffers[MAIN], steps),
        ),
        figures={
            "kmodel_version": cost.kmodel_version,
            "kpu_memory_bytes": target.kpu_memory_bytes,
            "model_memory_bytes": target.model_memory_bytes,
        },
        columns=COLUMNS,
    )  # fmt: skip


def _step(operation: Operation, step: FileStep, index: int, target: K210Target) -> Row:
    ms = step.time.ms
    cycles = round(ms / 1e3 * target.kpu_clock_hz) if step.place == "kpu" else None
    return {
        "step": index,
        "layer": operation.name,
        "op": step.op,
        "place": step.place,
        "ms": ms,
        "kpu_cycles": cycles,
    }


def _memory(
    name: str,
    title: str,
    limit: str,
    limit_bytes: int,
    buffers: Sequence[PlacedBuffer],
    steps: Sequence[tuple[Operation, FileStep]],
) -> Buffers:
    """What the figure draws. peak_bytes: the end of the highest buffer, as the file places it."""
    rows = [{"place": steps[one.birth][1].place, **one._asdict()} for one in buffers]
    end = max((one.start_bytes + one.size_bytes for one in buffers), default=0)
    return Buffers(name, title, limit, limit_bytes, end, rows)


def _layer(operation: Operation, cost: LayerCost, whole_ms: float, steps: Sequence[Row]) -> Row:
    own = [step for step in steps if step["layer"] == operation.name]
    return {
        "layer": cost.name,
        "op": cost.op,
        "runs_on": cost.runs_on,
        "shape": list(cost.shape),
        "steps": list(cost.steps),
        "parameters": cost.parameters,
        "macs": cost.macs,
        "kpu_bytes": cost.kpu_bytes,
        "kpu_live_bytes": max(step["kpu_live_bytes"] for step in own),
        "kpu_end_bytes": max(step["kpu_end_bytes"] for step in own),
        "data_bytes": cost.data_bytes,
        "constant_bytes": cost.constant_bytes,
        "kpu_cycles": sum(step["kpu_cycles"] or 0 for step in own),
        "latency_ms": cost.latency_ms,
        "latency_ms_low": cost.latency_ms_low,
        "latency_ms_high": cost.latency_ms_high,
        "share": cost.latency_ms / whole_ms if whole_ms else 0.0,
        "why": operation.why,
    }

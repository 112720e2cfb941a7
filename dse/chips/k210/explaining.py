"""Why each layer runs where it runs on a K210, and what it takes: its part of `explain`."""

from __future__ import annotations

from typing import Any

from dse.chips.account import Account, Buffers
from dse.chips.k210.cost.kpu_rules import MINIMUM_SIDE, why_not
from dse.chips.k210.cost.layer_costs import LayerCost, layer_costs
from dse.chips.k210.cost.memory import plan_memory
from dse.chips.k210.cost.price import KPU_FORMAT, file_bytes, lowered
from dse.chips.k210.cost.program import Program
from dse.chips.k210.cost.timeline import TRANSFERS, Timeline, timeline
from dse.chips.k210.target import K210Target
from dse.network.graph import CONVOLUTIONS, Graph, Layer

__all__ = ["explained"]

Row = dict[str, Any]

COLUMNS = {
    "KPU live": "kpu_live_bytes",
    "KPU top": "kpu_end_bytes",
    "RAM": "data_bytes",
    "file": "constant_bytes",
    "cycles": "kpu_cycles",
}

POOLS = ("maxpool", "avgpool")


def explained(graph: Graph, format: str, target: K210Target) -> Account:
    """The account of `graph`, lowered once.

    A layer's row has kpu_bytes and data_bytes, its largest map in KPU memory and its largest
    buffer in main memory; kpu_live_bytes and kpu_end_bytes, all that lives in KPU memory while it
    runs and the highest address in use; constant_bytes, its part of the file; kpu_cycles.
    A step's has kpu_cycles, null on the CPU, and of both memories the bytes of all live buffers
    and the highest address in use.
    """
    program = lowered(graph, format, target)
    times, costs = timeline(program, target), layer_costs(graph, program, target)
    whole_ms = sum(cost.latency_ms for cost in costs)
    on_kpu = format == KPU_FORMAT
    return Account(
        layers=[_row(graph, cost, whole_ms, times, on_kpu) for cost in costs],
        steps=times.steps,
        memories=_memories(graph, format, program, times, target),
        figures={
            "kpu_memory_bytes": target.kpu_memory_bytes,
            "model_memory_bytes": target.model_memory_bytes,
            "kmodel_version": program.kmodel_version if on_kpu else 0,
        },
        columns=COLUMNS,
    )


def _memories(
    graph: Graph, format: str, program: Program, times: Timeline, target: K210Target
) -> tuple[Buffers, Buffers]:
    """KPU memory, and `.data`, which shares main memory with the file, the picture and the maps."""
    memory = plan_memory(program)
    file = file_bytes(program, graph.parameters, format)
    beside = file + memory.input_bytes + memory.output_bytes
    return (
        Buffers(
            "kpu", "KPU memory", "of KPU memory",
            target.kpu_memory_bytes, memory.peak_kpu_bytes, times.kpu_buffers,
        ),
        Buffers(
            "data", ".data", "left beside file and picture",
            target.model_memory_bytes - beside, memory.data_bytes, times.data_buffers,
        ),
    )  # fmt: skip


def _row(graph: Graph, cost: LayerCost, whole_ms: float, times: Timeline, on_kpu: bool) -> Row:
    own = [step for step in times.steps if step["layer"] == cost.name]
    return {
        "layer": cost.name,
        "op": cost.op,
        "runs_on": "kpu" if _is_pooled_at_write_back(cost) else cost.runs_on,
        "shape": list(cost.shape),
        "steps": list(cost.steps),
        "parameters": cost.parameters,
        "macs": cost.macs,
        "kpu_bytes": cost.kpu_bytes,
        "kpu_live_bytes": max((step["kpu_live_bytes"] for step in own), default=0),
        "kpu_end_bytes": max((step["kpu_end_bytes"] for step in own), default=0),
        "data_bytes": cost.data_bytes,
        "constant_bytes": cost.constant_bytes,
        "kpu_cycles": sum(step["kpu_cycles"] or 0 for step in own),
        "latency_ms": cost.latency_ms,
        "latency_ms_low": cost.latency_ms_low,
        "latency_ms_high": cost.latency_ms_high,
        "share": cost.latency_ms / whole_ms if whole_ms else 0.0,
        "why": _why(graph, graph[cost.name], cost) if on_kpu else "",
    }


def _why(graph: Graph, layer: Layer, cost: LayerCost) -> str:
    """Why the layer runs where it runs, what makes it dear, and what the CPU moves for it."""
    moved = [op for op in dict.fromkeys(cost.steps) if op in TRANSFERS]
    words = [_reason(graph, layer, cost)]
    if moved and "kpu" in cost.runs_on:
        words.append(f"CPU: {', '.join(moved)}")
    return "; ".join(filter(None, words))


def _reason(graph: Graph, layer: Layer, cost: LayerCost) -> str:
    """Why the layer runs where it runs, and what makes it dearer than it looks."""
    if layer.op == "input":
        return ""
    if layer.op == "add":
        return _why_addition(layer, cost)
    if _is_pooled_at_write_back(cost):
        return "done while the convolution before it is written"
    if layer.op in POOLS:
        return "the KPU pools 2x2 or 4x4 as it writes a convolution that nobody else reads"
    if layer.op not in CONVOLUTIONS:
        return "" if cost.runs_on == "kpu" else "the KPU has no such operation"
    return _why_convolution(graph, layer, cost)


def _why_convolution(graph: Graph, layer: Layer, cost: LayerCost) -> str:
    source = graph.input_shapes(layer)[0]
    if "conv" in cost.steps or "depthwise" in cost.steps:
        grown = (max(source[0], MINIMUM_SIDE), max(source[1], MINIMUM_SIDE), source[2])
        return why_not(grown, layer.shape[2], layer.kernel, layer.padding)
    if "crop" in cost.steps and min(source[:2]) < MINIMUM_SIDE:
        return f"{source[0]}x{source[1]} map: the CPU pads it to 4x4 and crops the result"
    if "crop" in cost.steps:
        return f"{_padded(layer)}: the KPU pads all sides by 1, the CPU crops what is too much"
    if "pad" in cost.steps:
        return "padding that the KPU does not do: in float32 on the CPU"
    if "slice" in cost.steps:
        return "the CPU keeps every second pixel of the full map"
    if layer.stride == 2:
        return "stride 2 is computed at full resolution"
    if graph[layer.inputs[0]].stride == 2 and graph[layer.inputs[0]].op == "depthwise":
        return "takes over the stride before it: computed at full resolution"
    return ""


def _padded(layer: Layer) -> str:
    """How a convolution pads, in words."""
    if not any(layer.padding):
        return f"a {layer.kernel}x{layer.kernel} convolution without padding ('valid')"
    top, bottom, left, right = layer.padding
    return f"padding of {top}, {bottom}, {left}, {right} (top, bottom, left, right)"


def _is_pooled_at_write_back(cost: LayerCost) -> bool:
    """A pool without a step of its own: the KPU does it."""
    return cost.op in POOLS and not cost.steps


def _why_addition(layer: Layer, cost: LayerCost) -> str:
    height, width, channels = layer.shape
    joined = "joined in float32" if "quantize" in cost.steps else "joined"
    words = f"no adder: {joined} for a 1x1 convolution"
    if "conv" not in cost.steps:
        return words
    refused = why_not((height, width, 2 * channels), channels, 1, (0, 0, 0, 0))
    return f"{words}, on the CPU: {refused}"

"""`dse explain`: layer by layer, where it runs, why there, what it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dse.chips.checking import check_rows
from dse.chips.k210.cost.kpu_rules import MINIMUM_SIDE, why_not
from dse.chips.k210.cost.lowering import lower, lower_for_cpu
from dse.chips.k210.cost.price import KPU_FORMAT, LayerCost, price
from dse.chips.subject import Subject, resolve
from dse.chips.target import Target
from dse.chips.timeline import TRANSFERS, Timeline, timeline
from dse.network.graph import CONVOLUTIONS, Graph, Layer
from dse.text_table import bytes_text, format_table

__all__ = ["explain", "explain_table"]

Row = dict[str, Any]
COLUMNS = (
    "layer", "op", "runs on", "shape", "KPU live", "KPU top", "RAM", "file", "cycles", "time",
    "share", "why",
)  # fmt: skip

POOLS = ("maxpool", "avgpool")


def explain(name: str, target: Target) -> Row:
    """The account of the candidate, training or `.tflite` file `name`, as plain values.

    The fields of `dse.chips.check_rows`; what `target` allows: `kpu_memory_bytes`,
    `model_memory_bytes`; the rows of `dse.chips.timeline`: `steps`, `kpu_buffers`, `data_buffers`;
    and `layers` in order, each with where it runs and why (in words, or empty), and
    kpu_bytes, data_bytes: its largest map in KPU memory, its largest buffer in main memory;
    kpu_live_bytes, kpu_end_bytes: all that lives in KPU memory while it runs, and the highest
    address in use; constant_bytes: its part of the file; kpu_cycles; latency_ms, with what
    the CPU does for it, and its band; share: its part of the whole time, 0 to 1.
    Raises UsageError, UnknownName or InvalidFile for a name that means nothing.
    """
    (checked,) = check_rows([name], target)
    subject = resolve(name)
    cost = price(subject.graph, subject.format, target)
    on_kpu = subject.format == KPU_FORMAT
    program = lower(subject.graph, target.interleaved) if on_kpu else lower_for_cpu(subject.graph)
    times = timeline(program, target)
    return {
        "design": subject.name,
        **checked,
        "kpu_memory_bytes": target.kpu_memory_bytes,
        "model_memory_bytes": target.model_memory_bytes,
        "layers": [_row(subject, layer, cost.latency_ms, times) for layer in cost.layers],
        **vars(times),
    }


def _row(subject: Subject, cost: LayerCost, whole_ms: float, times: Timeline) -> Row:
    on_kpu = subject.format == KPU_FORMAT
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
        "why": _why(subject.graph, subject.graph[cost.name], cost) if on_kpu else "",
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
    if "crop" in cost.steps:
        return f"{source[0]}x{source[1]} map: the CPU pads it to 4x4 and crops the result"
    if "pad" in cost.steps:
        return "padding that the KPU does not do: in float32 on the CPU"
    if "slice" in cost.steps:
        return "the CPU keeps every second pixel of the full map"
    if layer.stride == 2:
        return "stride 2 is computed at full resolution"
    if graph[layer.inputs[0]].stride == 2 and graph[layer.inputs[0]].op == "depthwise":
        return "takes over the stride before it: computed at full resolution"
    return ""


def _is_pooled_at_write_back(cost: LayerCost) -> bool:
    """A pool without a step of its own: the KPU does it."""
    return cost.op in POOLS and not cost.steps


def _why_addition(layer: Layer, cost: LayerCost) -> str:
    height, width, channels = layer.shape
    words = "no adder: joined in float32 for a 1x1 convolution"
    if "conv" not in cost.steps:
        return words
    refused = why_not((height, width, 2 * channels), channels, 1, (0, 0, 0, 0))
    return f"{words}, on the CPU: {refused}"


def explain_table(account: Row) -> str:
    """The layers of `explain` for a terminal, with the sum of the times and the verdict below."""
    cells = [_cells(row) for row in account["layers"]]
    text = format_table(COLUMNS, cells, left=("layer", "op", "runs on", "why"))
    total, low, high = (account[f"latency_ms{end}"] for end in ("", "_low", "_high"))
    return (
        f"{text}\n\n{account['verdict']}: {account['message']}\n"
        f"together {total:.1f} ms (between {low:.1f} and {high:.1f})"
    )


def _cells(row: Row) -> Sequence[str]:
    return (
        row["layer"],
        row["op"],
        row["runs_on"],
        "x".join(str(side) for side in row["shape"]),
        *(bytes_text(row[key]) if row[key] else "" for key in BYTE_FIELDS),
        f"{row['kpu_cycles']:,}" if row["kpu_cycles"] else "",
        f"{row['latency_ms']:.2f} ms",
        f"{row['share']:.1%}",
        row["why"],
    )


BYTE_FIELDS = ("kpu_live_bytes", "kpu_end_bytes", "data_bytes", "constant_bytes")

"""`dse explain`: layer by layer, where it runs, why there, what it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dse.cost.kpu_rules import MINIMUM_SIDE, why_not
from dse.cost.lowering import lower, lower_for_cpu
from dse.cost.memory import kpu_ends
from dse.cost.price import KPU_FORMAT, LayerCost, price
from dse.cost.subject import Subject, resolve
from dse.cost.table import bytes_text, format_table
from dse.cost.target import Target
from dse.network.graph import CONVOLUTIONS, Graph, Layer

__all__ = ["explain_rows", "explain_table"]

Row = dict[str, Any]
COLUMNS = ("layer", "op", "runs on", "shape", "KPU", "KPU top", "RAM", "file", "time", "why")


def explain_rows(name: str, target: Target) -> list[Row]:
    """One row a layer of the candidate, training or `.tflite` file `name`, in order.

    kpu_bytes: the layer's largest map in KPU memory; kpu_end_bytes: the highest address in
    use while it runs; data_bytes: its largest buffer in main memory; constant_bytes: its part
    of the file; latency_ms: with what the CPU does for it. why: the reason in words, or empty.
    Raises UsageError, UnknownName or InvalidFile for a name that means nothing.
    """
    subject = resolve(name)
    cost = price(subject.graph, subject.format, target)
    ends = _kpu_ends(subject, target)
    return [_row(subject, layer, ends.get(layer.name, 0)) for layer in cost.layers]


def _kpu_ends(subject: Subject, target: Target) -> dict[str, int]:
    """Layer -> highest address of KPU memory in use while the layer runs."""
    on_kpu = subject.format == KPU_FORMAT
    graph = subject.graph
    program = lower(graph, target.interleaved) if on_kpu else lower_for_cpu(graph)
    highest: dict[str, int] = {}
    for step, end in zip(program.steps, kpu_ends(program), strict=True):
        if step.on_kpu:
            highest[step.layer] = max(highest.get(step.layer, 0), end)
    return highest


def _row(subject: Subject, cost: LayerCost, kpu_end_bytes: int) -> Row:
    layer = subject.graph[cost.name]
    on_kpu = subject.format == KPU_FORMAT
    return {
        "layer": cost.name,
        "op": cost.op,
        "runs_on": cost.runs_on,
        "shape": list(cost.shape),
        "steps": list(cost.steps),
        "parameters": cost.parameters,
        "macs": cost.macs,
        "kpu_bytes": cost.kpu_bytes,
        "kpu_end_bytes": kpu_end_bytes,
        "data_bytes": cost.data_bytes,
        "constant_bytes": cost.constant_bytes,
        "latency_ms": cost.latency_ms,
        "latency_ms_low": cost.latency_ms_low,
        "latency_ms_high": cost.latency_ms_high,
        "why": _why(subject.graph, layer, cost) if on_kpu else "",
    }


def _why(graph: Graph, layer: Layer, cost: LayerCost) -> str:
    """Why the layer runs where it runs, and what makes it dearer than it looks."""
    if layer.op == "input":
        return ""
    if layer.op == "add":
        return _why_addition(layer, cost)
    if layer.op not in CONVOLUTIONS:
        return "" if cost.runs_on == "kpu" else "the KPU has no such operation"
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
        return "takes over the stride of the layer before: computed at full resolution"
    return ""


def _why_addition(layer: Layer, cost: LayerCost) -> str:
    height, width, channels = layer.shape
    words = "the KPU cannot add: both maps are joined in float32, a 1x1 convolution adds them"
    if "conv" not in cost.steps:
        return words
    refused = why_not((height, width, 2 * channels), channels, 1, (0, 0, 0, 0))
    return f"{words}, on the CPU: {refused}"


def explain_table(rows: Sequence[Row]) -> str:
    """The rows for a terminal, with the sum of the times below."""
    cells = [
        (
            row["layer"],
            row["op"],
            row["runs_on"],
            "x".join(str(side) for side in row["shape"]),
            *(bytes_text(row[key]) if row[key] else "" for key in BYTE_FIELDS),
            f"{row['latency_ms']:.2f} ms",
            row["why"],
        )
        for row in rows
    ]
    total = sum(row["latency_ms"] for row in rows)
    low, high = (sum(row[f"latency_ms_{end}"] for row in rows) for end in ("low", "high"))
    text = format_table(COLUMNS, cells, left=("layer", "op", "runs on", "why"))
    return f"{text}\n\ntogether {total:.1f} ms (between {low:.1f} and {high:.1f})"


BYTE_FIELDS = ("kpu_bytes", "kpu_end_bytes", "data_bytes", "constant_bytes")

"""A network on an Ethos-U layer by layer and step by step, from Vela's report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dse.chips.account import Account, Buffers
from dse.chips.ethos_u.cost import EthosUCost
from dse.chips.ethos_u.pricing import layer_of, price, report_on
from dse.chips.ethos_u.report import Operation, Report
from dse.chips.ethos_u.target import EthosUTarget
from dse.network.graph import Graph, Layer

__all__ = ["account"]

NOWHERE = Report(0, 0, 0, 0, 0, (), (), ())
"""On a network that cannot be told to Vela."""


def account(graph: Graph, format: str, target: EthosUTarget) -> Account:
    """Steps are Vela's operations; what it fuses into another has no step of its own.

    Raises as `price`.
    """
    cost, report = price(graph, format, target), report_on(graph, target) or NOWHERE
    layers = _layers_of(report.operations, graph)
    steps = [_step(*one, cost) for one in enumerate(zip(report.operations, layers, strict=True))]
    sram = Buffers(
        "sram",
        "SRAM",
        "of SRAM left by the firmware and the runtime",
        target.sram_bytes - target.runtime_sram_bytes,
        report.sram_bytes,
        _buffers(report, layers, graph),
    )
    allowed = {"sram_allowed_bytes": target.sram_bytes, "flash_allowed_bytes": target.flash_bytes}
    rows = [_layer(layer, graph, steps, report, cost) for layer in graph]
    return Account(rows, steps, [sram], allowed, {"SRAM": "sram_bytes"})


def _layers_of(operations: Sequence[Operation], graph: Graph) -> list[str]:
    """The layer that each belongs to: of one that Vela made itself, that of the one after it."""
    found: list[str] = []
    after = graph.outputs[0]
    for one in reversed(operations):
        after = layer_of(one.name, graph) or after
        found.append(after)
    return found[::-1]


def _step(number: int, told: tuple[Operation, str], cost: EthosUCost) -> dict[str, Any]:
    operation, layer = told
    return {
        "step": number,
        "layer": layer,
        "op": operation.operator,
        "place": "npu" if operation.on_npu else "cpu",
        "ms": cost.latency_ms * operation.cycles / cost.npu_cycles if cost.npu_cycles else 0.0,
        "npu_cycles": operation.cycles,
        "sram_bytes": operation.sram_bytes,
    }


def _layer(
    layer: Layer, graph: Graph, steps: Sequence[Mapping[str, Any]], report: Report, cost: EthosUCost
) -> dict[str, Any]:
    own = [step for step in steps if step["layer"] == layer.name]
    ms = sum(step["ms"] for step in own)
    part = ms / cost.latency_ms if cost.latency_ms else 0.0
    on_cpu = any(step["place"] == "cpu" for step in own)
    return {
        "layer": layer.name,
        "op": layer.op,
        "runs_on": _runs_on(own, on_cpu),
        "shape": layer.shape,
        "steps": [step["step"] for step in own],
        "parameters": graph.parameters_of(layer),
        "macs": graph.macs_of(layer),
        "latency_ms": ms,
        "latency_ms_low": part * cost.latency_ms_low,
        "latency_ms_high": part * cost.latency_ms_high,
        "share": part,
        "why": _why(layer, on_cpu, report, graph),
        "sram_bytes": max((step["sram_bytes"] for step in own), default=0),
    }


def _runs_on(own: Sequence[Mapping[str, Any]], on_cpu: bool) -> str:
    if not own:
        return ""
    on_npu = any(step["place"] == "npu" for step in own)
    return "NPU and CPU" if on_cpu and on_npu else "CPU" if on_cpu else "NPU"


def _why(layer: Layer, on_cpu: bool, report: Report, graph: Graph) -> str:
    """Vela's own words, where it put something on the CPU."""
    if not on_cpu:
        return ""
    told = [text for name, text in report.reasons if layer_of(name, graph) == layer.name]
    return "; ".join((*told, "its time is unknown"))


def _buffers(report: Report, layers: Sequence[str], graph: Graph) -> list[dict[str, Any]]:
    """What lies in SRAM: maps, and weights that are brought from flash while they are needed."""
    rows = []
    for one in report.buffers:
        layer = layer_of(one.name, graph)
        rows.append(
            {
                "layer": layer or layers[one.birth],
                "holds": "map" if layer else "weights",
                "place": "npu",
                "start_bytes": one.start_bytes,
                "size_bytes": one.size_bytes,
                "birth": one.birth,
                "death": one.death,
            }
        )
    return rows

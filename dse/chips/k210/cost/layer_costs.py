"""The account of a network layer by layer: where each runs, what it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dse.chips.k210.cost.kmodel_size import constant_bytes
from dse.chips.k210.cost.kpu_layout import kpu_bytes
from dse.chips.k210.cost.latency import Duration, step_time, total_time
from dse.chips.k210.cost.program import Program, Step
from dse.chips.k210.target import K210Target
from dse.network.graph import Graph, Layer

__all__ = ["LayerCost", "layer_costs"]


@dataclass(frozen=True)
class LayerCost:
    """One layer of the network, and the steps that lowering made of it.

    runs_on: "kpu", "cpu", or "kpu+cpu" when the CPU pads, transfers or converts for it.
    steps: names of its operations in order; kpu_bytes, data_bytes: its largest buffers.
    """

    name: str
    op: str
    runs_on: str
    shape: tuple[int, int, int]
    steps: tuple[str, ...]
    parameters: int
    macs: int
    constant_bytes: int
    kpu_bytes: int
    data_bytes: int
    latency_ms: float
    latency_ms_low: float
    latency_ms_high: float


def layer_costs(graph: Graph, program: Program, target: K210Target) -> tuple[LayerCost, ...]:
    """The costs of the steps of `program`, gathered by the layer of `graph` they work for."""
    members: dict[str, list[tuple[Step, Duration]]] = {layer.name: [] for layer in graph}
    for step in program.steps:
        members[step.layer].append((step, step_time(program, step, target)))
    return tuple(_layer(graph, layer, members[layer.name]) for layer in graph)


def _layer(graph: Graph, layer: Layer, members: Sequence[tuple[Step, Duration]]) -> LayerCost:
    time = total_time([duration for _, duration in members])
    kpu = [step for step, _ in members if step.on_kpu]
    cpu = [step for step, _ in members if not step.on_kpu]
    works = any(step.op != "input" for step in cpu)
    return LayerCost(
        name=layer.name,
        op=layer.op,
        runs_on="kpu+cpu" if kpu and works else "kpu" if kpu else "cpu",
        shape=layer.shape,
        steps=tuple(step.op for step, _ in members),
        parameters=graph.parameters_of(layer),
        macs=graph.macs_of(layer),
        constant_bytes=sum(constant_bytes(step) for step, _ in members),
        kpu_bytes=max((kpu_bytes(step.shape) for step in kpu), default=0),
        data_bytes=max((step.size_bytes for step in cpu), default=0),
        latency_ms=time.ms,
        latency_ms_low=time.low_ms,
        latency_ms_high=time.high_ms,
    )

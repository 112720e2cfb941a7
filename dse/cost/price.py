"""What a network costs on a target: size, memory, time and energy, layer by layer.

kpu8 runs on the KPU as the compiler lowers it. Every other format keeps float32
activations, which the KPU cannot compute: such a network is costed for the CPU alone, and
is not deployable with the tools at hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from dse.cost.kmodel_size import constant_bytes, kmodel_bytes
from dse.cost.kpu_layout import kpu_bytes
from dse.cost.latency import Duration, step_time
from dse.cost.lowering import lower, lower_for_cpu
from dse.cost.memory import Memory, plan_memory
from dse.cost.program import Program, Step
from dse.cost.target import Target
from dse.cost.verdict import Verdict, judge
from dse.errors import UnknownName
from dse.network.graph import Graph, Layer
from dse.network.mobilenetv2 import detector_graph
from dse.space import FORMATS, Candidate, SearchSpace, Training

__all__ = ["Cost", "LayerCost", "Priced", "price", "price_candidate", "price_space"]

KPU_FORMAT = "kpu8"
BYTES_PER_WEIGHT = {"FP32": 4, "FP16": 2, "Q9": 2, "Q8": 2, "Q7": 2, "Q6": 2}
"""Narduzzi et al. store every Q format in 16 bits (arXiv 2208.11011, table II)."""


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


@dataclass(frozen=True)
class Cost:
    """Cost of one picture. Bytes, milliseconds, millijoules.

    kmodel_bytes: the file; for formats other than kpu8 the bytes of the weights alone.
    main_memory_bytes: the file, `.input`, `.output` and `.data`, all in RAM together.
    peak_layer, data_layer: where KPU memory and `.data` reach their peaks.
    unknown_ops: operations that no rule covers, with their layers; the rest is a lower bound.
    """

    format: str
    parameters: int
    macs: int
    kmodel_bytes: int
    input_bytes: int
    output_bytes: int
    data_bytes: int
    data_layer: str
    main_memory_bytes: int
    peak_kpu_bytes: int
    peak_layer: str
    latency_ms: float
    latency_ms_low: float
    latency_ms_high: float
    energy_mj: float
    deployable: bool
    unknown_ops: tuple[tuple[str, str], ...]
    layers: tuple[LayerCost, ...]


@dataclass(frozen=True)
class Priced:
    """A candidate with its cost and verdict."""

    candidate: Candidate
    cost: Cost
    verdict: Verdict


def price(graph: Graph, format: str, target: Target) -> Cost:
    """The cost of `graph` in `format` on `target`. Raises UnknownName for another format."""
    if format not in FORMATS:
        raise UnknownName("format", format, FORMATS)
    on_kpu = format == KPU_FORMAT
    program = lower(graph, target.interleaved) if on_kpu else lower_for_cpu(graph)
    memory = plan_memory(program)
    size = kmodel_bytes(program) if on_kpu else graph.parameters * BYTES_PER_WEIGHT[format]
    return _cost(graph, format, target, program, memory, size)


def price_candidate(candidate: Candidate, target: Target) -> Priced:
    """Cost and verdict of one candidate."""
    training = candidate.training
    shape = (training.breakpoint, training.width, training.input_size)
    cost, verdict = _priced(*shape, candidate.format, target)
    return Priced(candidate, cost, verdict)


def price_space(space: SearchSpace, target: Target) -> list[Priced]:
    """Cost and verdict of every candidate, in the order of the space."""
    return [price_candidate(candidate, target) for candidate in space]


@lru_cache(maxsize=8192)
def _priced(
    breakpoint: str, width: float, input_size: int, format: str, target: Target
) -> tuple[Cost, Verdict]:
    """Neither cost nor verdict depends on lambda: it only says what is trained."""
    graph = _graph(breakpoint, width, input_size)
    if format in ("FP32", KPU_FORMAT):
        cost = price(graph, format, target)
    else:
        cost = _in_format(_priced(breakpoint, width, input_size, "FP32", target)[0], format)
    return cost, judge(cost, target)


@lru_cache(maxsize=1024)
def _graph(breakpoint: str, width: float, input_size: int) -> Graph:
    return detector_graph(Training(breakpoint, 63, width, input_size))


def _in_format(cost: Cost, format: str) -> Cost:
    """The FP32 `cost` with weights in another format of the CPU."""
    size = cost.parameters * BYTES_PER_WEIGHT[format]
    main = cost.main_memory_bytes - cost.kmodel_bytes + size
    return replace(cost, format=format, kmodel_bytes=size, main_memory_bytes=main)


def _cost(
    graph: Graph, format: str, target: Target, program: Program, memory: Memory, size: int
) -> Cost:
    times = [step_time(program, step, target) for step in program.steps]
    total = _sum(times)
    main = size + memory.input_bytes + memory.output_bytes + memory.data_bytes
    return Cost(
        format=format,
        parameters=graph.parameters,
        macs=graph.macs,
        kmodel_bytes=size,
        input_bytes=memory.input_bytes,
        output_bytes=memory.output_bytes,
        data_bytes=memory.data_bytes,
        data_layer=memory.data_layer,
        main_memory_bytes=main,
        peak_kpu_bytes=memory.peak_kpu_bytes,
        peak_layer=memory.peak_layer,
        latency_ms=total.ms,
        latency_ms_low=total.low_ms,
        latency_ms_high=total.high_ms,
        energy_mj=total.ms * target.chip_power_w,
        deployable=format == KPU_FORMAT,
        unknown_ops=program.unknown_ops,
        layers=_layers(graph, program, times),
    )


def _layers(graph: Graph, program: Program, times: Sequence[Duration]) -> tuple[LayerCost, ...]:
    """The steps' costs, gathered by the layer that they work for."""
    members: dict[str, list[tuple[Step, Duration]]] = {layer.name: [] for layer in graph}
    for step, time in zip(program.steps, times, strict=True):
        members[step.layer].append((step, time))
    return tuple(_layer(graph, layer, members[layer.name]) for layer in graph)


def _layer(graph: Graph, layer: Layer, members: Sequence[tuple[Step, Duration]]) -> LayerCost:
    time = _sum([duration for _, duration in members])
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


def _sum(times: Sequence[Duration]) -> Duration:
    return Duration(
        sum(time.ms for time in times),
        sum(time.low_ms for time in times),
        sum(time.high_ms for time in times),
    )

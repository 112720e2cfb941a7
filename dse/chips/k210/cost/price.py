"""What a network costs on a target: size, memory, time and energy.

kpu8 runs on the KPU as the compiler lowers it. Every other format keeps float32
activations, which the KPU cannot compute: such a network is costed for the CPU alone, and
is not deployable with the tools at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from typing import NamedTuple

from dse.chips.k210.cost.kmodel_size import kmodel_bytes
from dse.chips.k210.cost.latency import Duration, program_time
from dse.chips.k210.cost.layer_costs import LayerCost, layer_costs
from dse.chips.k210.cost.lowering import lower, lower_for_cpu
from dse.chips.k210.cost.memory import Memory, plan_memory
from dse.chips.k210.cost.program import Program
from dse.chips.target import Target
from dse.chips.verdict import Verdict, judge
from dse.errors import UnknownName
from dse.network.detector import detector
from dse.network.graph import Graph
from dse.network.mobilenetv2 import scaled_channels
from dse.space import FORMATS, Candidate, Training

__all__ = [
    "KPU_FORMAT",
    "Cost",
    "Figures",
    "LayerCost",
    "Network",
    "Priced",
    "file_bytes",
    "lowered",
    "price",
    "price_candidate",
    "price_space",
]

KPU_FORMAT = "kpu8"
BYTES_PER_WEIGHT = {"FP32": 4, "FP16": 2, "Q9": 2, "Q8": 2, "Q7": 2, "Q6": 2}
"""Narduzzi et al. store every Q format in 16 bits (arXiv 2208.11011, table II)."""


@dataclass(frozen=True)
class Cost:
    """Cost of one picture. Bytes, milliseconds, millijoules.

    kmodel_bytes: the file; for formats other than kpu8 the bytes of the weights alone.
    main_memory_bytes: the file, `.input`, `.output` and `.data`, all in RAM together.
    peak_layer, data_layer: where KPU memory and `.data` reach their peaks.
    unknown_ops: operations that no rule covers, with their layers; the rest is a lower bound.
    range_dependent: layers at which the calibration pictures decide whether the compiler leaves
        a pair of conversions out; sizes are those of the likelier way.
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
    range_dependent: tuple[str, ...]
    account: Callable[[], tuple[LayerCost, ...]] = field(repr=False, compare=False)

    @cached_property
    def layers(self) -> tuple[LayerCost, ...]:
        """The same layer by layer: `account`, when somebody asks."""
        return self.account()


@dataclass(frozen=True)
class Priced:
    """A candidate with its cost and verdict."""

    candidate: Candidate
    cost: Cost
    verdict: Verdict


class Network(NamedTuple):
    """What a detector's cost depends on: not on lambda, which only says what is trained."""

    breakpoint: str
    width: float
    input_size: int

    @classmethod
    def of(cls, training: Training) -> Network:
        """The network that `training` trains."""
        return cls(training.breakpoint, training.width, training.input_size)

    @property
    def graph(self) -> Graph:
        """Its layers."""
        scaled = partial(scaled_channels, self.width)
        name = f"{self.breakpoint}-a{self.width:g}-{self.input_size}"
        return detector(name, self.breakpoint, scaled, self.input_size)

    def account(self, format: str, target: Target) -> tuple[LayerCost, ...]:
        """Its costs layer by layer."""
        return account(self.graph, format, target)


class Figures(NamedTuple):
    """What the rules say of a program; `cost` adds what follows from it."""

    parameters: int
    macs: int
    file_bytes: int
    memory: Memory
    time: Duration

    def cost(
        self,
        format: str,
        target: Target,
        program: Program,
        account: Callable[[], tuple[LayerCost, ...]],
    ) -> Cost:
        """The cost of `program`, in `format` on `target`."""
        memory, time = self.memory, self.time
        beside = memory.input_bytes + memory.output_bytes + memory.data_bytes
        return Cost(
            format=format,
            parameters=self.parameters,
            macs=self.macs,
            kmodel_bytes=self.file_bytes,
            input_bytes=memory.input_bytes,
            output_bytes=memory.output_bytes,
            data_bytes=memory.data_bytes,
            data_layer=memory.data_layer,
            main_memory_bytes=self.file_bytes + beside,
            peak_kpu_bytes=memory.peak_kpu_bytes,
            peak_layer=memory.peak_layer,
            latency_ms=time.ms,
            latency_ms_low=time.low_ms,
            latency_ms_high=time.high_ms,
            energy_mj=time.ms * target.chip_power_w,
            deployable=format == KPU_FORMAT,
            unknown_ops=program.unknown_ops,
            range_dependent=program.range_dependent,
            account=account,
        )


def price(graph: Graph, format: str, target: Target) -> Cost:
    """The cost of `graph` in `format` on `target`. Raises UnknownName for another format."""
    program = lowered(graph, format, target)
    size = file_bytes(program, graph.parameters, format)
    time = program_time(program, target)
    figures = Figures(graph.parameters, graph.macs, size, plan_memory(program), time)
    layers = partial(account, graph, format, target)
    return figures.cost(format, target, program, layers)


def account(graph: Graph, format: str, target: Target) -> tuple[LayerCost, ...]:
    """The costs of `graph` layer by layer."""
    return layer_costs(graph, lowered(graph, format, target), target)


def lowered(graph: Graph, format: str, target: Target) -> Program:
    """What runs: the same for all formats but kpu8. Raises UnknownName for another format."""
    if format not in FORMATS:
        raise UnknownName("format", format, FORMATS)
    return lower(graph, target.interleaved) if format == KPU_FORMAT else lower_for_cpu(graph)


def file_bytes(program: Program, parameters: int, format: str) -> int:
    """Bytes of the kmodel, or of the weights alone in a format that no kmodel has."""
    if format == KPU_FORMAT:
        return kmodel_bytes(program)
    return parameters * BYTES_PER_WEIGHT[format]


def price_candidate(candidate: Candidate, target: Target) -> Priced:
    """Cost and verdict of one candidate."""
    network = Network.of(candidate.training)
    cost = _cost(network, candidate.format, target)
    return Priced(candidate, cost, judge(cost, target))


@lru_cache(maxsize=8192)
def _cost(network: Network, format: str, target: Target) -> Cost:
    return price(network.graph, format, target)


def price_space(space: Iterable[Candidate], target: Target) -> list[Priced]:
    """Cost and verdict of every candidate, in the order of the space."""
    from dse.chips.k210.cost.batch import price_networks

    candidates = [(one, Network.of(one.training)) for one in space]
    formats = dict.fromkeys(candidate.format for candidate, _ in candidates)
    costs = price_networks(dict.fromkeys(network for _, network in candidates), formats, target)
    verdicts = {key: judge(cost, target) for key, cost in costs.items()}
    return [
        Priced(one, costs[network, one.format], verdicts[network, one.format])
        for one, network in candidates
    ]

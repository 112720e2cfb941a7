"""What a network costs on a target: size, memory, time and energy.

kpu8 runs on the KPU as the compiler lowers it. Every other format keeps float32
activations, which the KPU cannot compute: such a network is costed for the CPU alone, and
is not deployable with the tools at hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import NamedTuple

from dse.chips.cost import Cost
from dse.chips.k210.columns import BUFFERS, KMODEL_BYTES, MAIN_MEMORY_BYTES, PEAK_KPU_BYTES
from dse.chips.k210.cost.certain import certain_kpu_bytes
from dse.chips.k210.cost.kmodel_size import kmodel_bytes
from dse.chips.k210.cost.latency import Duration, program_time
from dse.chips.k210.cost.layer_costs import LayerCost, layer_costs
from dse.chips.k210.cost.lowering import lower, lower_for_cpu
from dse.chips.k210.cost.memory import Memory, plan_memory
from dse.chips.k210.cost.older_versions import in_first_version
from dse.chips.k210.cost.program import VERSION_5, Program
from dse.chips.k210.target import K210Target
from dse.errors import UnknownName
from dse.network.graph import Graph
from dse.space import FORMATS

__all__ = [
    "FIGURES",
    "KPU_FORMAT",
    "Figures",
    "K210Cost",
    "account",
    "file_bytes",
    "lowered",
    "price",
]

KPU_FORMAT = "kpu8"
FIGURES = tuple(
    column.name for column in (KMODEL_BYTES, *BUFFERS, MAIN_MEMORY_BYTES, PEAK_KPU_BYTES)
)
"""The chip's own bytes in `dse check --json`."""

BYTES_PER_WEIGHT = {"FP32": 4, "FP16": 2, "Q9": 2, "Q8": 2, "Q7": 2, "Q6": 2, "int8": 1}
"""Narduzzi et al. store every Q format in 16 bits (arXiv 2208.11011, table II)."""


@dataclass(frozen=True)
class K210Cost(Cost):
    """Cost of one picture on a K210.

    kmodel_bytes: the file; for formats other than kpu8 the bytes of the weights alone.
    main_memory_bytes: the file, `.input`, `.output` and `.data`, all in RAM together; in versions
        3 and 4 the first two lie in the last.
    peak_layer, data_layer: where KPU memory and `.data` reach their peaks.
    unwritten: why no version of kmodel that is written for the target can tell it, or nothing.
    range_dependent: layers at which the calibration pictures decide whether the compiler leaves
        a pair of conversions out.
    kmodel_version: of the file; zero in a format that no kmodel has.
    """

    kmodel_bytes: int
    input_bytes: int
    output_bytes: int
    data_bytes: int
    data_layer: str
    main_memory_bytes: int
    peak_kpu_bytes: int
    peak_layer: str
    unwritten: str
    kmodel_version: int
    account: Callable[[], tuple[LayerCost, ...]] = field(repr=False, compare=False)

    @property
    def file_bytes(self) -> int:
        """See `Cost`."""
        return self.kmodel_bytes

    @property
    def figures(self) -> dict[str, int]:
        """See `Cost`."""
        return {name: getattr(self, name) for name in (*FIGURES, "kmodel_version")}

    @property
    def written_as(self) -> str:
        """See `Cost`."""
        usual = self.kmodel_version in (0, VERSION_5)
        return "" if usual else f"kmodel version {self.kmodel_version}"

    @cached_property
    def layers(self) -> tuple[LayerCost, ...]:
        """The same layer by layer: `account`, when somebody asks."""
        return self.account()


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
        target: K210Target,
        program: Program,
        account: Callable[[], tuple[LayerCost, ...]],
    ) -> K210Cost:
        """The cost of `program`, in `format` on `target`."""
        memory, time = self.memory, self.time
        beside = memory.input_bytes + memory.output_bytes + memory.data_bytes
        return K210Cost(
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
            unwritten=program.unwritten,
            kmodel_version=program.kmodel_version if format == KPU_FORMAT else 0,
            latency_ms=time.ms,
            latency_ms_low=time.low_ms,
            latency_ms_high=time.high_ms,
            energy_mj=time.ms * target.chip_power_w,
            deployable=format == KPU_FORMAT,
            unknown_ops=program.unknown_ops,
            range_dependent=program.range_dependent,
            refusals=program.refusals,
            account=account,
        )


def price(graph: Graph, format: str, target: K210Target) -> K210Cost:
    """The cost of `graph` in `format` on `target`. Raises UnknownName for another format."""
    program = lowered(graph, format, target)
    size = file_bytes(program, graph.parameters, format)
    time = program_time(program, target)
    memory = plan_memory(program)
    if program.unknown_ops and format == KPU_FORMAT:  # of the rest nothing is certain
        size, memory = 0, Memory(0, 0, 0, "", *certain_kpu_bytes(graph))
    figures = Figures(graph.parameters, graph.macs, size, memory, time)
    layers = partial(account, graph, format, target)
    return figures.cost(format, target, program, layers)


def account(graph: Graph, format: str, target: K210Target) -> tuple[LayerCost, ...]:
    """The costs of `graph` layer by layer."""
    return layer_costs(graph, lowered(graph, format, target), target)


def lowered(graph: Graph, format: str, target: K210Target) -> Program:
    """What runs: the same for all formats but kpu8. Raises UnknownName for another format."""
    if format not in FORMATS:
        raise UnknownName("format", format, FORMATS)
    if format != KPU_FORMAT:
        return lower_for_cpu(graph)
    return in_first_version(lower(graph, target.interleaved), target.kmodel_versions_written)


def file_bytes(program: Program, parameters: int, format: str) -> int:
    """Bytes of the kmodel, or of the weights alone in a format that no kmodel has."""
    if format == KPU_FORMAT:
        return kmodel_bytes(program)
    return parameters * BYTES_PER_WEIGHT[format]

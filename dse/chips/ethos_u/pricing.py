"""Prices by Vela's report on a network with weights that nobody trained."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from dse.chips.ethos_u.cost import FORMAT, EthosUCost
from dse.chips.ethos_u.int8_file import int8_file
from dse.chips.ethos_u.report import Operation, Report
from dse.chips.ethos_u.target import EthosUTarget
from dse.chips.ethos_u.vela import reports
from dse.errors import UnknownName
from dse.network.graph import CONVOLUTIONS, Graph
from dse.network.tflite_layers import unwritable
from dse.network.weight_formats import BYTES_PER_WEIGHT
from dse.space import FORMATS

__all__ = ["layer_of", "price", "price_all", "report_on"]

LEAST_BYTES_A_WEIGHT, MOST_BYTES_A_WEIGHT = 0.6, 1.1
"""Of compressed weights, biases with them. The package's, rounded to int8 channel by channel, take
0.61, 0.73 and 0.87 (plain, widths 1, 1.5 and 0.5) and 0.98 to 1.06 (MobileNetV2 cut at A)."""


def price(graph: Graph, format: str, target: EthosUTarget) -> EthosUCost:
    """The cost of `graph`. In another format than the chip's: time and SRAM as in that, and flash
    for the weights as the format stores them. Raises UnknownName for a format of nobody."""
    return price_all([graph], [format], target)[0, format]


def price_all(
    graphs: Sequence[Graph], formats: Iterable[str], target: EthosUTarget
) -> dict[tuple[int, str], EthosUCost]:
    """The cost of each of `graphs`, by its place, in each of `formats`."""
    wanted = list(formats)
    for format in wanted:
        if format not in FORMATS:
            raise UnknownName("format", format, FORMATS)
    told = [_untold(graph) for graph in graphs]
    found = iter(
        reports([int8_file(g) for g, no in zip(graphs, told, strict=True) if not no], target)
    )
    costs = {}
    for place, (graph, unknown) in enumerate(zip(graphs, told, strict=True)):
        report = None if unknown else next(found)
        for format in wanted:
            costs[place, format] = _cost(graph, format, target, report, unknown)
    return costs


def report_on(graph: Graph, target: EthosUTarget) -> Report | None:
    """Vela's report on `graph`; None for a network with layers that cannot be told to it."""
    return None if _untold(graph) else reports([int8_file(graph)], target)[0]


def layer_of(name: str, graph: Graph) -> str:
    """The layer that a tensor of `int8_file` belongs to; "" for one of none."""
    for known in (name, name.split("/")[0], name.rsplit("_", 1)[0]):
        if any(layer.name == known for layer in graph):
            return known
    return ""


def _untold(graph: Graph) -> tuple[tuple[str, str], ...]:
    """(layer, operation) of what has no int8 form here."""
    return tuple((layer.name, what) for layer in graph if (what := unwritable(layer)))


def _cost(
    graph: Graph,
    format: str,
    target: EthosUTarget,
    report: Report | None,
    unknown: tuple[tuple[str, str], ...],
) -> EthosUCost:
    stored = graph.parameters * BYTES_PER_WEIGHT[format]
    cycles, sram, flash, least, most = 0, 0, stored, stored, stored
    layer = graph.outputs[0]
    if report is not None:
        unknown = tuple((one.name, one.operator) for one in report.operations if not one.on_npu)
        cycles, sram = report.cycles, report.sram_bytes + target.runtime_sram_bytes
        layer = _most_sram(report.operations, graph)
        if format == FORMAT:
            beside = report.flash_bytes - report.encoded_bytes
            flash = report.flash_bytes
            least = min(flash, beside + round(LEAST_BYTES_A_WEIGHT * report.weight_bytes))
            most = max(flash, beside + round(MOST_BYTES_A_WEIGHT * report.weight_bytes))
    ms = cycles / target.npu_clock_hz * 1e3
    return EthosUCost(
        format=format,
        parameters=graph.parameters,
        macs=graph.macs,
        latency_ms=ms,
        latency_ms_low=ms * target.time_factor_low,
        latency_ms_high=ms * target.time_factor_high,
        energy_mj=ms * target.power_w if target.power_w else math.nan,
        deployable=format == FORMAT,
        unknown_ops=unknown,
        range_dependent=(),
        sram_bytes=sram,
        sram_layer=layer,
        flash_bytes=flash,
        flash_bytes_low=least,
        flash_bytes_high=most,
        flash_layer=_most_weights(graph),
        npu_cycles=cycles,
    )


def _most_sram(operations: Sequence[Operation], graph: Graph) -> str:
    most = max(operations, key=lambda one: one.sram_bytes)
    return layer_of(most.name, graph) or graph.outputs[0]


def _most_weights(graph: Graph) -> str:
    convolutions = [layer for layer in graph if layer.op in CONVOLUTIONS]
    return max(convolutions, key=graph.parameters_of).name if convolutions else graph.outputs[0]

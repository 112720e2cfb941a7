"""Pixels that a layer computes only to drop them.

The KPU has no strides: it computes every pixel and a pool picks every second one of every
second line, and behind a depthwise layer not even that, so that the pool comes after the 1x1
convolution that follows. What is dropped need not be computed to know the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dse.chips.k210.emulator.convolution import PICKS, Layer, Pick, prepare_layer
from dse.chips.k210.kmodel.kpu_layer import Convolution

__all__ = ["PlannedLayer", "prepare_layers"]


@dataclass(frozen=True)
class PlannedLayer:
    """A layer, its module's constants, and the numbers of the maps it reads and writes."""

    layer: Convolution
    rdata: bytes
    read: int
    written: int


def prepare_layers(layers: Sequence[PlannedLayer], others: Sequence[int]) -> dict[int, Layer]:
    """The layers by the map they write, each computing only pixels that are read.

    others: the maps that something else than a layer reads.
    """
    picks = {plan.written: PICKS.get(plan.layer.pool, Pick()) for plan in layers}
    readers = Counter([plan.read for plan in layers] + list(others))
    writers = {plan.written: plan for plan in layers}
    for plan in reversed(layers):
        source = writers.get(plan.read)
        if plan.layer.kernel != 1 or source is None:
            continue
        if readers[plan.read] == 1 and source.layer.pool == 0:
            picks[plan.read], picks[plan.written] = picks[plan.written], Pick()
    return {
        plan.written: prepare_layer(plan.layer, plan.rdata, picks[plan.written]) for plan in layers
    }

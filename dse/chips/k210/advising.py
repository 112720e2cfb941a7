"""What to change in a network for a K210, with the price after it."""

from __future__ import annotations

from dse.chips.advice import Advice, Judged, worth_it
from dse.chips.chip import Chip
from dse.chips.cost import Cost
from dse.chips.k210.cures import CURES
from dse.chips.target import Target
from dse.network.graph import Graph
from dse.network.operator_rebuilding import rebuilt

__all__ = ["advised"]


def advised(on: Chip, graph: Graph, format: str, target: Target) -> list[Advice]:
    """Changes that are worth it, each alone, the best first."""
    before = _judged(on, on.price(graph, format, target), target)
    found: dict[str, Advice] = {}
    for cure in CURES:
        cured = None if cure.cause in found else cure.apply(graph)
        if cured is None:
            continue
        changed = rebuilt(cured.graph, graph)
        after = _judged(on, on.price(changed, format, target), target)
        told = Advice(cure.cause, cure.why, cured.layers, cured.keras, cured.pytorch, before, after)
        found.update({one.cause: one for one in worth_it([told])})
    return worth_it(list(found.values()))


def _judged(on: Chip, cost: Cost, target: Target) -> Judged:
    return Judged(cost, tuple(on.uses(cost, target)), on.judge(cost, target))

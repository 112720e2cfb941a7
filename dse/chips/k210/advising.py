"""What to change in a network for a K210, with the price after it."""

from __future__ import annotations

from dse.chips.advice import MUCH_GAIN, Advice, Judged, worth_it
from dse.chips.chip import Chip
from dse.chips.cost import Cost
from dse.chips.k210.cures import CURES
from dse.chips.target import Target
from dse.network.graph import Graph
from dse.network.operator_rebuilding import rebuilt

__all__ = ["advised"]


def advised(on: Chip, graph: Graph, cost: Cost, target: Target, *, brief: bool) -> list[Advice]:
    """Changes that are worth it, each alone, the best first. cost: of `graph` as it is. brief: up
    to the first one that gains much; each takes as long as to price the network."""
    before = _judged(on, cost, target)
    found: dict[str, Advice] = {}
    for cure in CURES:
        cured = None if cure.cause in found else cure.apply(graph)
        if cured is None:
            continue
        changed = rebuilt(cured.graph, graph)
        after = _judged(on, on.price(changed, cost.format, target), target)
        told = Advice(cure.cause, cure.why, cured.layers, cured.keras, cured.pytorch, before, after)
        found.update({one.cause: one for one in worth_it([told])})
        if brief and cure.cause in found and told.gain >= MUCH_GAIN:
            break
    return worth_it(list(found.values()))


def _judged(on: Chip, cost: Cost, target: Target) -> Judged:
    return Judged(cost, tuple(on.uses(cost, target)), on.judge(cost, target))

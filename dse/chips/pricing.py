"""What networks cost, and whether a target can hold them, whatever its chip."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from dse.chips.cost import Cost
from dse.chips.registry import chip
from dse.chips.target import Target
from dse.chips.verdict import Verdict
from dse.network.detector import Network
from dse.network.graph import Graph
from dse.space import Candidate

__all__ = ["Priced", "judge", "price", "price_candidate", "price_space"]


@dataclass(frozen=True)
class Priced:
    """A candidate with its cost and verdict."""

    candidate: Candidate
    cost: Cost
    verdict: Verdict


def price(graph: Graph, format: str, target: Target) -> Cost:
    """The cost of `graph` in `format` on `target`. Raises UnknownName for another format."""
    return chip(target.chip).price(graph, format, target)


def judge(cost: Cost, target: Target) -> Verdict:
    """The first limit of `target` that `cost` passes, memory before anything else."""
    return chip(target.chip).judge(cost, target)


def price_candidate(candidate: Candidate, target: Target, classes: int = 1) -> Priced:
    """Cost and verdict of one candidate, for so many classes."""
    cost = _cost(Network.of(candidate.training, classes), candidate.format, target)
    return Priced(candidate, cost, judge(cost, target))


@lru_cache(maxsize=8192)
def _cost(network: Network, format: str, target: Target) -> Cost:
    return price(network.graph, format, target)


def price_space(space: Iterable[Candidate], target: Target, classes: int = 1) -> list[Priced]:
    """Cost and verdict of every candidate, in the order of the space, for so many classes."""
    on = chip(target.chip)
    candidates = [(one, Network.of(one.training, classes)) for one in space]
    formats = dict.fromkeys(candidate.format for candidate, _ in candidates)
    costs = on.price_many(dict.fromkeys(network for _, network in candidates), formats, target)
    verdicts = {key: on.judge(cost, target) for key, cost in costs.items()}
    return [
        Priced(one, costs[network, one.format], verdicts[network, one.format])
        for one, network in candidates
    ]

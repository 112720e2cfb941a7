"""Proposers: who chooses the next training. `make_proposer` makes one by its name."""

from __future__ import annotations

from collections.abc import Sequence

from dse.errors import UnknownName
from dse.search.proposers.base import DEFAULT_BUDGET, Design, Observation, Proposer
from dse.search.proposers.composite import CompositeProposer
from dse.search.proposers.optuna_samplers import GpProposer, Nsga2Proposer, TpeProposer
from dse.search.proposers.random import RandomProposer

__all__ = ["PROPOSERS", "Design", "Observation", "Proposer", "make_proposer"]

PROPOSERS: dict[str, type[Proposer]] = {
    proposer.name: proposer
    for proposer in (CompositeProposer, TpeProposer, Nsga2Proposer, GpProposer, RandomProposer)
}
"""Every proposer by its name; "composite" is the default of a search."""


def make_proposer(
    name: str, designs: Sequence[Design], seed: int, *, budget: int = DEFAULT_BUDGET
) -> Proposer:
    """The proposer called `name` for these feasible designs.

    budget: trainings the search will pay for; sizes NSGA-II's population and the random
    start of Optuna's samplers. Raises UnknownName, or DseError when a package is missing.
    """
    if name not in PROPOSERS:
        raise UnknownName("proposer", name, PROPOSERS)
    return PROPOSERS[name](designs, seed, budget)

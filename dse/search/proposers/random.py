"""Uniformly random trainings: the line that every other proposer has to beat."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dse.search.proposers.base import DEFAULT_BUDGET, Design, ObservationHistory, Places, Proposer

__all__ = ["RandomProposer"]


class RandomProposer(Proposer):
    """Walks through a shuffled list of the designs."""

    name = "random"

    def __init__(self, designs: Sequence[Design], seed: int, budget: int = DEFAULT_BUDGET) -> None:
        super().__init__(designs, seed, budget)
        # Each design gets its place in the shuffle once and for all, so that what is used
        # already does not change the order of the rest.
        order = random.Random(self.seed).sample(range(len(self.designs)), len(self.designs))
        self._rank = np.array(order, dtype=np.intp)

    def _choose(self, free: NDArray[np.bool_], history: ObservationHistory, running: Places) -> int:
        places = np.flatnonzero(free)
        return int(places[np.argmin(self._rank[places])])

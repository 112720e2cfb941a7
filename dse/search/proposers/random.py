"""Uniformly random trainings: the line that every other proposer has to beat."""

from __future__ import annotations

import random
from collections.abc import Sequence

from dse.search.proposers.base import Design, Observation, Proposer

__all__ = ["RandomProposer"]


class RandomProposer(Proposer):
    """Walks through a shuffled list of the designs."""

    name = "random"

    def _choose(
        self,
        free: Sequence[Design],
        finished: Sequence[Observation],
        running: Sequence[Design],
    ) -> Design:
        # Each design gets its place in the shuffle once and for all, so that what is used
        # already does not change the order of the rest.
        order = random.Random(self.seed).sample(range(len(self.designs)), len(self.designs))
        place = {design.training: rank for design, rank in zip(self.designs, order, strict=True)}
        return min(free, key=lambda design: place[design.training])

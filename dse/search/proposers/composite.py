"""The default proposer: costs are known, so only AP is modelled.

The next training is the one whose result is expected to add the most hypervolume to the
front of what is finished. The expectation is exact, and over every design that is left as long
as these are not many thousands (`dse.search.proposers.surrogate` says what happens then).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dse.pareto import ObjectiveBox
from dse.search.proposers.ap_model import LEARNABLE_FROM, ApModel
from dse.search.proposers.base import (
    DEFAULT_BUDGET,
    Design,
    Floats,
    Observation,
    ObservationHistory,
    Places,
    Proposer,
)
from dse.search.proposers.improvement import expected_improvement
from dse.search.proposers.surrogate import Surrogate
from dse.space import Training

__all__ = ["CompositeProposer"]

SPREAD = 3
"""Trainings spread over the range of costs before the model takes over. The prior knows enough to
choose by from then on: on recorded trainings (`benchmarks/search_contest.py`), 2 and 3 did better
than 4 and 6."""

FORESEEN = 64
"""Trainings that are looked ahead, each as dear as a proposal."""

USUAL = 18
"""Trainings after which a search ends: on recorded ones 10 to 36 (`benchmarks/search_time.py`)."""

BOX_MARGIN = 1.05
"""The model's reference point lies this much outside the slowest and largest design, so that
these two can add something, too."""


class CompositeProposer(Proposer):
    """Gaussian process over the logit of AP, expected hypervolume improvement over exact costs.

    Trainings under way are supposed to end at the model's median (the Kriging believer of
    Ginsbourger, Le Riche and Carraro, 2010), so that several workers do not crowd one spot.
    """

    name = "composite"

    def __init__(self, designs: Sequence[Design], seed: int, budget: int = DEFAULT_BUDGET) -> None:
        super().__init__(designs, seed, budget)
        costs = [(design.latency_ms, design.file_bytes) for design in self.designs]
        self._costs = np.asarray(costs, dtype=np.float64).reshape(-1, 2)
        self._model = ApModel([design.training for design in self.designs])
        self._fitted: tuple[ObservationHistory, Surrogate] | None = None

    def _choose(self, free: NDArray[np.bool_], history: ObservationHistory, running: Places) -> int:
        self.expected_gain = math.inf
        if len(history) + len(running) < SPREAD:
            first = next((at for at in self._spread() if free[at]), None)
            if first is not None:
                return first
        surrogate = self._surrogate(history)
        places = np.flatnonzero(free[surrogate.shortlist])
        if not len(places):  # so many are under way that the shortlist is used up
            return int(np.argmax(free))
        gains = self._gains(surrogate, running)[places]
        best = int(np.argmax(gains))
        self.expected_gain = float(gains[best])
        return int(surrogate.shortlist[places[best]])

    def forecast(
        self, finished: Sequence[Observation], running: Sequence[str], most: int, least_gain: float
    ) -> list[Training]:
        """See `Proposer`: what would be proposed if each training ended at the model's median."""
        history = self._taken_in(finished)
        if most > FORESEEN:
            return super().forecast(finished, running, most, least_gain)
        surrogate = self._surrogate(history)
        known = [self._place[id] for id in running if id in self._place]
        supposed = np.array([at for at in known if not history.used[at]], dtype=np.intp)
        free = ~history.used[surrogate.shortlist] & ~np.isin(surrogate.shortlist, supposed)
        # A model that has learnt no length scales yet believes too soon that all is known.
        few = USUAL - len(history) if len(history) < LEARNABLE_FROM else 0
        chosen: list[int] = []
        while len(chosen) < most and free.any():
            gains = np.where(free, self._gains(surrogate, supposed), -1.0)
            best = int(np.argmax(gains))
            if gains[best] < least_gain and len(chosen) >= few:
                break
            free[best] = False
            chosen.append(int(surrogate.shortlist[best]))
            supposed = np.append(supposed, chosen[-1])
        return [self.designs[at].training for at in chosen]

    def _surrogate(self, history: ObservationHistory) -> Surrogate:
        """The surrogate after `history`: that from the last time, taken further."""
        if self._fitted is None or self._fitted[0] is not history:
            self._fitted = history, Surrogate(self._model, self._costs, self._box, self.seed)
        surrogate = self._fitted[1]
        surrogate.take_in(history)
        return surrogate

    @cached_property
    def _box(self) -> ObjectiveBox:
        return ObjectiveBox.around(self.designs, BOX_MARGIN)

    def _gains(self, surrogate: Surrogate, running: Places) -> Floats:
        """(s,) expected hypervolume improvement of the designs on the shortlist, as shares of the
        box, if what is running ends at its median."""
        supposed = np.column_stack([surrogate.posterior.median_of(running), self._costs[running]])
        return expected_improvement(
            *surrogate.posterior.supposing(running).moments(),
            self._costs[surrogate.shortlist],
            np.vstack([surrogate.front.values, supposed]),
            self._box,
        )

    def _spread(self) -> list[int]:
        """Indices of the first trainings: one from each part of the cost range, all unlike.

        The designs are cut into equal parts by cost (the product of latency and size); the
        parts are visited from the middle outwards, and each gives the design least like those
        taken before. The seed decides the first, and between equals.
        """
        count = min(SPREAD, len(self.designs))
        generator = np.random.default_rng(self.seed)
        by_cost = np.argsort(self._costs.prod(axis=1), kind="stable")
        parts = np.array_split(by_cost, count)
        order = sorted(range(count), key=lambda part: (abs(part - count // 2), part))
        table = self._model.features
        chosen: list[int] = []
        for part in (generator.permutation(parts[place]) for place in order):
            away = table[part][:, None] - table[chosen]  # (part, chosen, features)
            distance = np.square(away).sum(axis=2).min(axis=1, initial=np.inf)
            chosen.append(int(part[np.argmax(distance)]))
        return chosen

"""The default proposer: costs are known, so only AP is modelled.

The next training is the one whose result is expected to add the most hypervolume to the
front of what is finished. The expectation is exact, and over every design that is left as long
as these are not many thousands (`dse.search.proposers.belief` says what happens then).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dse.pareto import ObjectiveBox
from dse.search.proposers.ap_model import ApModel
from dse.search.proposers.base import DEFAULT_BUDGET, Design, Past, Places, Proposer
from dse.search.proposers.belief import Belief
from dse.search.proposers.improvement import expected_improvement, improvement_bound

__all__ = ["CompositeProposer"]

Floats = NDArray[np.float64]

SPREAD = 3
"""Trainings spread over the range of costs before the model takes over. The prior knows enough to
choose by from then on: on recorded trainings (`benchmarks/search_contest.py`), 2 and 3 did better
than 4 and 6."""

BOX_MARGIN = 1.05
"""The model's reference point lies this much outside the slowest and largest design, so that
these two can add something, too."""

ROUNDING = 1e-9
AT_FIRST = 32
"""Designs whose improvement is computed before it is compared with the bounds of the others, which
count from where rounding cannot decide; then twice as many, and so on."""

COARSE = 24
"""Members of a long front that bounds are computed from."""


class CompositeProposer(Proposer):
    """Gaussian process over the logit of AP, expected hypervolume improvement over exact costs.

    Trainings under way are believed to end at the model's median (the Kriging believer of
    Ginsbourger, Le Riche and Carraro, 2010), so that several workers do not crowd one spot.
    """

    name = "composite"

    def __init__(self, designs: Sequence[Design], seed: int, budget: int = DEFAULT_BUDGET) -> None:
        super().__init__(designs, seed, budget)
        costs = [(design.latency_ms, design.kmodel_bytes) for design in self.designs]
        self._costs = np.asarray(costs, dtype=np.float64).reshape(-1, 2)
        self._model = ApModel([design.training for design in self.designs])
        self._believing: tuple[Past, Belief] | None = None

    def _choose(self, free: NDArray[np.bool_], past: Past, running: Places) -> int:
        self.expected_gain = math.inf
        if len(past) + len(running) < SPREAD:
            first = next((at for at in self._spread() if free[at]), None)
            if first is not None:
                return first
        belief = self._belief(past)
        places = np.flatnonzero(free[belief.shortlist])
        if not len(places):  # so many are under way that the shortlist is used up
            return int(np.argmax(free))
        self.expected_gain, best = self._outlook(belief, running).best(places)
        return int(belief.shortlist[best])

    def _belief(self, past: Past) -> Belief:
        """What is believed after `past`: that from the last time, taken further."""
        if self._believing is None or self._believing[0] is not past:
            self._believing = past, Belief(self._model, self._costs, self._box, self.seed)
        belief = self._believing[1]
        belief.take_in(past)
        return belief

    @cached_property
    def _box(self) -> ObjectiveBox:
        return ObjectiveBox.around(self.designs, BOX_MARGIN)

    def _outlook(self, belief: Belief, running: Places) -> _Outlook:
        """What can come of the designs on the shortlist, if what is running ends at its median."""
        believed = np.column_stack([belief.posterior.median_of(running), self._costs[running]])
        posterior = belief.posterior.supposing(running)
        return _Outlook(
            *posterior.moments(),
            self._costs[belief.shortlist],
            np.vstack([belief.front.values, believed]),
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


class _Outlook(NamedTuple):
    """What designs may add to a front: the arguments of `expected_improvement`."""

    mean: Floats
    deviation: Floats
    costs: Floats
    front: Floats
    box: ObjectiveBox

    def best(self, places: Places) -> tuple[float, int]:
        """The greatest expected improvement at `places`, and where it is: the first of equals.

        It is computed for designs in the order of its bound, until no bound is above the best.
        """
        bounds = self._bounds(places)
        order = np.argsort(-bounds, kind="stable")
        best = (math.inf, 0)  # the least of (-gain, place)
        for some in np.split(order, AT_FIRST * (2 ** np.arange(1, 12) - 1)):
            if not len(some) or bounds[some[0]] < -best[0] * (1 - ROUNDING):
                break
            gains = -self.gains(places[some])
            best = min(best, *zip(gains.tolist(), places[some].tolist(), strict=True))
        return -best[0], best[1]

    def _bounds(self, places: Places) -> Floats:
        """What the improvement of designs at `places` cannot exceed. With a part of the front it
        can only be greater."""
        bounds = improvement_bound(*self._at(places))
        if len(self.front) <= 2 * COARSE:
            return bounds
        by_ap = np.argsort(self.front[:, 0], kind="stable")
        some = by_ap[np.linspace(0, len(by_ap) - 1, COARSE).astype(np.intp)]
        return np.minimum(bounds, self._replace(front=self.front[some]).gains(places))

    def gains(self, places: Places) -> Floats:
        """Expected hypervolume improvement of designs at `places` (n,), as shares of the box."""
        return expected_improvement(*self._at(places))

    def _at(self, places: Places) -> _Outlook:
        return self._replace(
            mean=self.mean[places], deviation=self.deviation[places], costs=self.costs[places]
        )

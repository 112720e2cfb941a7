"""The default proposer: costs are known, so only AP is modelled.

The next training is the one whose result is expected to add the most hypervolume to the
front of what is finished. The expectation is exact, and over every design that is left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dse.pareto import ObjectiveBox
from dse.search.proposers.ap_model import ApModel, features
from dse.search.proposers.base import DEFAULT_BUDGET, Design, Observation, Proposer
from dse.search.proposers.improvement import expected_improvement

__all__ = ["CompositeProposer"]

Floats = NDArray[np.float64]

SPREAD = 3
"""Trainings spread over the range of costs before the model takes over. The prior knows enough to
choose by from then on: in `benchmarks/proposers.py`, 2 to 4 did better than 5 or 6."""

BOX_MARGIN = 1.05
"""The model's reference point lies this much outside the slowest and largest design, so that
these two can add something, too."""

STOPPED_SD = 0.04
"""Standard deviation given to the AP that a stopped training is believed to have had."""


class CompositeProposer(Proposer):
    """Gaussian process over AP, exact expected hypervolume improvement over exact costs.

    Trainings under way are believed to end at the model's mean (the Kriging believer of
    Ginsbourger, Le Riche and Carraro, 2010), so that several workers do not crowd one spot.

    A stopped training ended early because a finished design, no slower and no larger, was out
    of reach. Its AP therefore lies above its last validation AP (moved by the median difference
    between the two that finished trainings show) and below the best such design; it counts as
    the model's own mean clipped to that interval, with an extra deviation of `STOPPED_SD`.
    """

    name = "composite"

    def __init__(self, designs: Sequence[Design], seed: int, budget: int = DEFAULT_BUDGET) -> None:
        super().__init__(designs, seed, budget)
        self._index = {design.training: at for at, design in enumerate(self.designs)}
        costs = [(design.latency_ms, design.kmodel_bytes) for design in self.designs]
        self._costs = np.asarray(costs, dtype=np.float64).reshape(-1, 2)

    def _choose(
        self,
        free: Sequence[Design],
        finished: Sequence[Observation],
        running: Sequence[Design],
    ) -> Design:
        unused = {self._index[design.training] for design in free}
        if len(finished) + len(running) < SPREAD:
            first = next((at for at in self._spread() if at in unused), None)
            if first is not None:
                return self.designs[first]
        at = np.array(sorted(unused))
        return self.designs[int(at[np.argmax(self._gains(at, finished, running))])]

    def _gains(
        self,
        at: NDArray[np.intp],
        finished: Sequence[Observation],
        running: Sequence[Design],
    ) -> Floats:
        """Expected hypervolume improvement of designs `at` (n,), as shares of the box."""
        whole = [seen for seen in finished if seen.is_finished]
        ended, busy = self._indices(whole), self._indices(running)
        aps = np.array([seen.ap for seen in whole], dtype=np.float64)
        model = ApModel([design.training for design in self.designs])
        model.fit(ended, aps)
        cut, imputed = self._stopped(model, whole, finished)
        believed = model.predict(busy)[0]
        model.believe(
            np.concatenate([ended, cut, busy]),
            np.concatenate([aps, imputed, believed]),
            np.concatenate([0.0 * aps, np.full(len(cut), STOPPED_SD), 0.0 * believed]),
        )
        mean, deviation = model.predict(at)
        reached = np.concatenate([aps, believed])
        front = np.column_stack([reached, self._costs[np.concatenate([ended, busy])]])
        box = ObjectiveBox.around(self.designs, BOX_MARGIN)
        return expected_improvement(mean, deviation, self._costs[at], front, box)

    def _stopped(
        self, model: ApModel, whole: Sequence[Observation], finished: Sequence[Observation]
    ) -> tuple[NDArray[np.intp], Floats]:
        """Indices (s,) of stopped trainings and the AP (s,) each is believed to have had."""
        stopped = [seen for seen in finished if seen.stopped and math.isfinite(seen.val_ap)]
        at = self._indices(stopped)
        differences = [seen.ap - seen.val_ap for seen in whole if math.isfinite(seen.val_ap)]
        shift = float(np.median(differences)) if differences else 0.0
        low = np.clip([seen.val_ap + shift for seen in stopped], 0.0, 1.0)
        ended = self._indices(whole)
        aps = np.array([seen.ap for seen in whole], dtype=np.float64)
        no_larger = (self._costs[ended] <= self._costs[at][:, None]).all(axis=2)  # (s, whole)
        high = np.where(no_larger, aps, -np.inf).max(axis=1, initial=-np.inf)
        return at, np.clip(model.predict(at)[0], low, np.maximum(low, high))

    def _indices(self, things: Sequence[Observation] | Sequence[Design]) -> NDArray[np.intp]:
        return np.array([self._index[thing.training] for thing in things], dtype=np.intp)

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
        table = features([design.training for design in self.designs])
        chosen: list[int] = []
        for part in (generator.permutation(parts[place]) for place in order):
            away = table[part][:, None] - table[chosen]  # (part, chosen, features)
            distance = np.square(away).sum(axis=2).min(axis=1, initial=np.inf)
            chosen.append(int(part[np.argmax(distance)]))
        return chosen

"""The default proposer's surrogate: AP of the designs that are left, after any number of trainings.

A decision must not cost more for having been preceded by ten thousand others, or for being one
among a million candidates. So, once there are many trainings,

- trend and kernel are learnt anew only at some numbers of ended trainings (`learnt_at`); in
  between, each training that ends is one more observation of the process;
- the process then starts from `KEPT` of the observations: the nearest to the front and, so that
  not only lucky ones speak, as many drawn of the rest; the kernel from `LEARNT_FROM` of these;
- of many thousand designs a sample is drawn, and those of it that are expected to improve the
  front the most are the shortlist from which the next trainings come.

Below these numbers nothing is left out. All of it depends on the seed and the observations alone,
so that a resumed search has the surrogate that the killed one had.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dse.pareto import Front, ObjectiveBox
from dse.search.proposers.ap_model import ApModel
from dse.search.proposers.base import Floats, Observation, ObservationHistory, Places
from dse.search.proposers.improvement import best_at_cost, expected_improvement
from dse.search.proposers.posterior import Posterior

__all__ = ["Surrogate", "learnt_at"]

STOPPED_SD = 0.04
"""Standard deviation given to the AP that a stopped training is supposed to have had."""

KEPT = 256
LEARNT_FROM = 128
DRAWN = 4096
SHORTLIST = 320

STEPS = ((50, 1), (200, 5), (1000, 50), (math.inf, 150))
"""Trainings from one learning to the next, up to so many. A shortlist outlasts the longest."""


def learnt_at(ended: int) -> int:
    """After how many of `ended` trainings trend, kernel and shortlist were made last."""
    step = next(step for limit, step in STEPS if ended <= limit)
    return int(ended // step * step)


class Surrogate:
    """The AP of the designs on `shortlist`, given what ended.

    Lifetime: `take_in` a history as it grows; then `posterior`, `shortlist` and `front` are those
    after all of it.

    A stopped training ended early because a finished design, no slower and no larger, was out
    of reach. Its AP therefore lies above its last validation AP (moved by the median difference
    between the two that finished trainings show) and below the best such design; it counts as
    the model's own median clipped to that interval, with an extra deviation of `STOPPED_SD`.

    shortlist: (s,) designs; posterior: of their AP. front: of what is finished.
    """

    shortlist: Places
    posterior: Posterior

    def __init__(self, model: ApModel, costs: Floats, box: ObjectiveBox, seed: int) -> None:
        """costs: (designs, 2) latency_ms and file_bytes."""
        self.front = Front()
        self._model, self._costs, self._box, self._seed = model, costs, box, seed
        self._shifts: list[float] = []  # AP less validation AP, ascending
        self._taken = 0
        self._learn([], np.empty(0, dtype=np.intp))

    def take_in(self, history: ObservationHistory) -> None:
        """What `history` holds beyond what was taken in before."""
        last = learnt_at(len(history))
        for place in range(self._taken, len(history)):
            seen, ended = history.observations[place], place + 1
            self._note(seen, history.at[place])
            if ended == last:
                self._learn(history.observations[:last], np.array(history.at[:last], dtype=np.intp))
            elif ended > last:
                self._condition([seen], np.array([history.at[place]]))
        self._taken = len(history)

    def _note(self, seen: Observation, at: int) -> None:
        if seen.is_finished:
            self.front.add((seen.ap, *self._costs[at]))
            if math.isfinite(seen.val_ap):
                insort(self._shifts, seen.ap - seen.val_ap)

    def _learn(self, history: Sequence[Observation], at: Places) -> None:
        """Trend, kernel and shortlist from `history`, observed of designs `at`."""
        generator = np.random.default_rng((self._seed, len(history)))
        whole = np.flatnonzero([seen.is_finished for seen in history])
        aps = np.array([history[place].ap for place in whole])
        some = self._thinned(history, at, generator)
        learnt_from = np.flatnonzero(np.isin(whole, some))
        if len(learnt_from) > LEARNT_FROM:
            learnt_from = np.sort(generator.choice(learnt_from, LEARNT_FROM, replace=False))
        self._model.fit(at[whole], aps, learnt_from)
        left = np.setdiff1d(np.arange(len(self._costs)), at, assume_unique=False)
        if len(left) > DRAWN:
            left = np.sort(generator.choice(left, DRAWN, replace=False))
        self.shortlist, self.posterior = left, self._model.posterior(left)
        self._condition([history[place] for place in some], at[some])
        if len(left) > SHORTLIST:
            self._shorten()

    def _thinned(
        self, history: Sequence[Observation], at: Places, generator: np.random.Generator
    ) -> NDArray[np.intp]:
        """Places in `history` of at most `KEPT` observations that say something of an AP."""
        aps = np.array([seen.val_ap + self._shift if seen.stopped else seen.ap for seen in history])
        some = np.flatnonzero(np.isfinite(aps))
        if len(some) <= KEPT:
            return some
        behind = best_at_cost(self._costs[at[some]], self.front.values) - aps[some]
        nearest = np.argsort(behind, kind="stable")
        drawn = generator.choice(nearest[KEPT // 2 :], KEPT - KEPT // 2, replace=False)
        kept = np.sort(np.concatenate([nearest[: KEPT // 2], drawn]))
        return np.asarray(some[kept], dtype=np.intp)

    def _shorten(self) -> None:
        """Leaves on the shortlist the designs that are expected to improve the front the most."""
        surrogate, costs = self.posterior, self._costs[self.shortlist]
        gains = expected_improvement(*surrogate.moments(), costs, self.front.values, self._box)
        best = np.sort(np.argsort(-gains, kind="stable")[:SHORTLIST])
        self.shortlist, self.posterior = self.shortlist[best], surrogate.only(best)

    def _condition(self, seen: Sequence[Observation], at: Places) -> None:
        """Takes observations of designs `at` into the posterior, the finished ones first."""
        whole = np.array([one.is_finished for one in seen], dtype=bool)
        cut = np.array([one.stopped and math.isfinite(one.val_ap) for one in seen], dtype=bool)
        self.posterior.condition(at[whole], np.array([one.ap for one in seen])[whole])
        val_aps = np.array([one.val_ap for one in seen])[cut]
        self.posterior.condition(at[cut], self._imputed(at[cut], val_aps), STOPPED_SD)

    def _imputed(self, at: Places, val_aps: Floats) -> Floats:
        """The AP (s,) that stopped trainings of designs `at` are supposed to have had."""
        low = np.clip(val_aps + self._shift, 0.0, 1.0)
        high = best_at_cost(self._costs[at], self.front.values)
        return np.clip(self.posterior.median_of(at), low, np.maximum(low, high))

    @property
    def _shift(self) -> float:
        """The median difference of AP and validation AP."""
        ordered, middle = self._shifts, len(self._shifts) // 2
        if not ordered:
            return 0.0
        return (ordered[middle] + ordered[-1 - middle]) / 2

"""Gaussian scores of some designs, conditioned on what is known of others, one by one perhaps.

A score is the logit of AP: a step of a design's size that gains 0.4 where AP is 0.3 gains 0.02
where it is 0.95. What comes in and goes out is AP.
"""

from __future__ import annotations

import math
from copy import copy
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dse.search.proposers.base import Floats

__all__ = ["NOISE_SD", "Matern", "Posterior", "Trend", "score", "unscored"]

NOISE_SD = 0.07
"""Of one training repeated with another seed, as small detectors show it; deviation of a score."""

SOFTNESS = 0.01
"""Added to AP and to what it lacks to 1, so that 0 and 1 have a score."""

NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
NODE_WEIGHTS = NODE_WEIGHTS / NODE_WEIGHTS.sum()
"""Gauss and Hermite's, over a standard Gaussian."""


class Trend(Protocol):
    """What a posterior needs to know of a model before any observation.

    features: (designs, f), standardised.
    """

    features: Floats

    def trend(self, at: NDArray[np.intp]) -> Floats:
        """(n,) score of designs `at` (n,)."""


def score(ap: Floats) -> Floats:
    """Logit of AP (n,), softened at both ends."""
    inside = np.clip(ap, 0.0, 1.0)
    return np.asarray(np.log((inside + SOFTNESS) / (1.0 - inside + SOFTNESS)))


def unscored(score: Floats) -> Floats:
    """AP 0..1 of scores of any shape; inverse of `score`."""
    odds = np.exp(-np.abs(score))  # never too large for a float
    upper = (1.0 + SOFTNESS - SOFTNESS * odds) / (1.0 + odds)
    return np.clip(np.where(score >= 0, upper, 1.0 - upper), 0.0, 1.0)


@dataclass(frozen=True)
class Matern:
    """Covariance of residuals: Matern 5/2 with a length scale per feature.

    variance: of a residual's score. scales: (features,).
    """

    variance: float
    scales: Floats

    def __call__(self, some: Floats, others: Floats) -> Floats:
        """(n, m) between designs with features `some` (n, f) and `others` (m, f)."""
        from scipy.spatial.distance import cdist

        away = math.sqrt(5.0) * cdist(some / self.scales, others / self.scales)
        return np.asarray(self.variance * (1.0 + away + away**2 / 3.0) * np.exp(-away))


class Posterior:
    """Score of some designs, a Gaussian, given the AP of others, one by one perhaps.

    Lifetime: made by `ApModel.posterior`; `condition` as often as there is news. The inverse of
    Cholesky's factor (Rasmussen and Williams, 2006, algorithm 2.1) grows by the rows of what is
    new, so that one more observation costs products with those before and no factorisation.

    mean: (n,) of the score of the designs asked for.
    """

    def __init__(self, model: Trend, kernel: Matern, at: NDArray[np.intp]) -> None:
        self._model, self._kernel, self._at = model, kernel, at
        self._seen: NDArray[np.intp] = np.empty(0, dtype=np.intp)
        self._white: Floats = np.empty(0)  # (seen,) the inverse times the residuals
        self._inverse: Floats = np.empty((0, 0))  # (room, room), of the factor
        self._reach: Floats = np.empty((0, len(at)))  # (room, n) the same times covariances
        self.mean = model.trend(at)
        self._variance: Floats = np.full(len(at), kernel.variance)

    @property
    def deviation(self) -> Floats:
        """(n,) standard deviation of the score."""
        return np.asarray(np.sqrt(np.maximum(self._variance, 0.0)))

    def moments(self) -> tuple[Floats, Floats]:
        """(mean, standard deviation) of the AP of the designs asked for, both (n,)."""
        aps = unscored(self.mean[:, None] + self.deviation[:, None] * NODES)
        mean = aps @ NODE_WEIGHTS
        return mean, np.sqrt(np.square(aps - mean[:, None]) @ NODE_WEIGHTS)

    def median_of(self, at: NDArray[np.intp]) -> Floats:
        """(k,) median of the AP of any designs `at` (k,)."""
        return unscored(self._model.trend(at) + self._white @ self._whitened(at))

    def condition(self, at: NDArray[np.intp], aps: Floats, noise: float = 0.0) -> Posterior:
        """Takes in `aps` (k,) of designs `at` (k,). Returns itself.

        noise: standard deviation of each AP beyond that of a measured one.
        """
        if not len(at):
            return self
        # As a deviation of the score: by the slope of the logit where the AP lies.
        slope = 1.0 / (SOFTNESS + aps) + 1.0 / (SOFTNESS + 1.0 - aps)
        return self._condition_scores(at, score(aps), noise * slope)

    def _condition_scores(self, at: NDArray[np.intp], scores: Floats, noise: Floats) -> Posterior:
        """Takes in `scores` (k,), each with a `noise` (k,) of its own."""
        from scipy.linalg import solve_triangular

        before, after = len(self._seen), len(self._seen) + len(at)
        features = self._model.features
        cross = self._whitened(at)  # (before, k)
        own = self._kernel(features[at], features[at]) + np.diag(NOISE_SD**2 + noise**2)
        factor = np.linalg.cholesky(own - cross.T @ cross)
        root = solve_triangular(factor, np.eye(len(at)), lower=True)
        white = root @ (scores - self._model.trend(at) - self._white @ cross)
        covariance = self._kernel(features[at], features[self._at])
        reach = root @ (covariance - cross.T @ self._reach[:before])
        self._make_room(after)
        self._inverse[before:after, :before] = -root @ (cross.T @ self._inverse[:before, :before])
        self._inverse[before:after, before:after] = root
        self._reach[before:after] = reach
        self._seen, self._white = np.append(self._seen, at), np.append(self._white, white)
        self.mean = self.mean + white @ reach
        self._variance = self._variance - np.square(reach).sum(axis=0)
        return self

    def only(self, places: NDArray[np.intp]) -> Posterior:
        """The same surrogate about the designs at `places` of those asked for."""
        return copy(self).keep(places)

    def keep(self, places: NDArray[np.intp]) -> Posterior:
        """Forgets the other designs. Returns itself."""
        self._at, self.mean = self._at[places], self.mean[places]
        self._variance, self._reach = self._variance[places], self._reach[:, places]
        self._inverse = self._inverse.copy()
        return self

    def supposing(self, at: NDArray[np.intp]) -> Posterior:
        """The posterior if designs `at` (k,) ended at their median; `self` stays.

        (The Kriging believer: only doubt goes away.) Good until `self` takes in something new.
        """
        return copy(self).condition(at, self.median_of(at))

    def _whitened(self, at: NDArray[np.intp]) -> Floats:
        """(seen, k) the inverse times covariances with designs `at` (k,)."""
        count, features = len(self._seen), self._model.features
        if not count or not len(at):
            return np.empty((count, len(at)))
        covariance = self._kernel(features[self._seen], features[at])
        return np.asarray(self._inverse[:count, :count] @ covariance)

    def _make_room(self, count: int) -> None:
        """For `count` observations; doubled, so that this is rare."""
        room = len(self._inverse)
        if count <= room:
            return
        more = max(count, 2 * room) - room
        self._inverse = np.pad(self._inverse, (0, more))
        self._reach = np.pad(self._reach, ((0, more), (0, 0)))

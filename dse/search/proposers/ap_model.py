"""What the AP of an untrained design may be: a prior, and a Gaussian process over it.

The prior says what anybody would bet on: more pixels and more channels, more AP. The
process (Rasmussen and Williams, 2006, chapter 2) learns the trend and what departs from it.

It lives on the logit of AP, its score: a step of a design's size that gains 0.4 where AP is 0.3
gains 0.02 where it is 0.95. What comes in and goes out is AP.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.search.proposers.base import Floats
from dse.space import Training

__all__ = ["ApModel", "Posterior", "features"]

PRIOR_MEAN = 1.8
PRIOR_SLOPE = 3.0
"""Score expected of the middle of a space, and gained from its weakest to its strongest design."""

PRIOR_WEIGHT = (0.1, 0.2)
"""How many trainings the prior's mean and slope are worth when the trend is fitted: the mean
is soon known better, the slope leans on the prior for longer."""

RESIDUAL_SD = 0.5
RESIDUAL_BOUNDS = (0.12, 1.8)
NOISE_SD = 0.07
"""Around the trend, before anything is known; and of one training repeated with another seed.
The last is what small detectors show between seeds. Deviations of a score."""

SOFTNESS = 0.01
"""Added to AP and to what it lacks to 1, so that 0 and 1 have a score."""

NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
NODE_WEIGHTS = NODE_WEIGHTS / NODE_WEIGHTS.sum()
"""Gauss and Hermite's, over a standard Gaussian."""

SCALE_BOUNDS = (0.7, 20.0)
"""Of length scales: what few trainings can tell."""

LEARNABLE_FROM = 6
"""Length scales are fitted from this many trainings on; before, they would fit the noise."""

FIT_ITERATIONS = 12
"""Steps of the hyperparameter search: enough to move, few enough to stay quick."""


def features(trainings: Sequence[Training]) -> Floats:
    """(n, b + 3) standardised: one of b breakpoints, lambda, log alpha, log input size.

    Lambda counts from 0 to 1 among those of its breakpoint: the backbones number their layers
    differently. Columns have mean 0 and deviation 1 over `trainings`; one that does not vary
    is 0.
    """
    letters = sorted({training.breakpoint for training in trainings})
    depths = {
        letter: sorted({one.frozen_until for one in trainings if one.breakpoint == letter})
        for letter in letters
    }
    rows = [
        (
            *(float(training.breakpoint == letter) for letter in letters),
            depths[training.breakpoint].index(training.frozen_until)
            / max(1, len(depths[training.breakpoint]) - 1),
            math.log(training.width),
            math.log(training.input_size),
        )
        for training in trainings
    ]
    if not rows:
        return np.empty((0, 3))
    table = np.asarray(rows, dtype=np.float64)
    deviation = table.std(axis=0)
    return np.asarray((table - table.mean(axis=0)) / np.where(deviation > 1e-9, deviation, 1.0))


def score(ap: Floats) -> Floats:
    """Logit of AP (n,), softened at both ends."""
    inside = np.clip(ap, 0.0, 1.0)
    return np.asarray(np.log((inside + SOFTNESS) / (1.0 - inside + SOFTNESS)))


def unscored(score: Floats) -> Floats:
    """AP 0..1 of scores of any shape; inverse of `score`."""
    odds = np.exp(-np.abs(score))  # never too large for a float
    upper = (1.0 + SOFTNESS - SOFTNESS * odds) / (1.0 + odds)
    return np.clip(np.where(score >= 0, upper, 1.0 - upper), 0.0, 1.0)


class ApModel:
    """AP over a fixed list of trainings: what `fit` learnt of a few of them.

    Its inputs are indices into that list. Call `fit` first, then `predict`; or condition a
    `posterior`, step by step, on whatever is to be believed.
    """

    def __init__(self, trainings: Sequence[Training]) -> None:
        """trainings: (n,) every design of the search."""
        self.features = features(trainings)
        # The trend runs over size and width, as a share: -0.5 the weakest, 0.5 the strongest.
        strength = self.features[:, -2] + self.features[:, -1]
        span = float(np.ptp(strength)) if len(strength) else 0.0
        self._strength = (strength - strength.min()) / span - 0.5 if span else 0.0 * strength
        self._trend = np.array([PRIOR_MEAN, PRIOR_SLOPE])
        self._kernel: Matern | None = None
        self._known: tuple[NDArray[np.intp], Floats] | None = None

    def fit(
        self, seen: NDArray[np.intp], aps: Floats, among: NDArray[np.intp] | None = None
    ) -> None:
        """Learn trend and length scales from the measured AP `aps` (m,) of designs `seen` (m,).

        among: places in `seen` that the length scales are learnt from; all by default.
        """
        scores = score(aps)
        self._trend = self._fitted_trend(seen, scores)
        self._known = seen, aps
        at = np.arange(len(seen)) if among is None else among
        self._kernel = self._learnt(seen[at], scores[at])

    def predict(self, at: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """(mean, standard deviation) of the AP of designs `at` (n,), both (n,)."""
        posterior = self.posterior(at)
        if self._known:
            posterior.believe(*self._known)
        return posterior.moments()

    def posterior(self, at: NDArray[np.intp]) -> Posterior:
        """What is believed of the AP of designs `at` (n,) before any is known, by what was fitted.

        Before `fit`, that of a kernel nobody has learnt.
        """
        return Posterior(self, self._kernel or _first_kernel(self.features.shape[1]), at)

    def trend(self, at: NDArray[np.intp]) -> Floats:
        """(n,) score of designs `at` by their size and width alone."""
        return np.asarray(self._trend[0] + self._trend[1] * self._strength[at])

    def _fitted_trend(self, seen: NDArray[np.intp], scores: Floats) -> Floats:
        """Ridge regression of scores on strength, towards the prior; its slope is never below 0."""
        prior = np.array([PRIOR_MEAN, PRIOR_SLOPE])
        design = np.column_stack([np.ones(len(seen)), self._strength[seen]])
        normal = design.T @ design + np.diag(PRIOR_WEIGHT)
        trend = prior + np.linalg.solve(normal, design.T @ (scores - design @ prior))
        return np.array([trend[0], max(0.0, trend[1])])

    def _learnt(self, seen: NDArray[np.intp], scores: Floats) -> Matern:
        """The kernel that explains best what is left of `scores` when the trend is taken away."""
        first = _first_kernel(self.features.shape[1])
        if len(seen) < LEARNABLE_FROM:
            return first
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.gaussian_process import GaussianProcessRegressor, kernels
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        variance = kernels.ConstantKernel(first.variance, np.square(RESIDUAL_BOUNDS))
        kernel = variance * kernels.Matern(first.scales, SCALE_BOUNDS, nu=2.5)
        process = GaussianProcessRegressor(kernel, alpha=NOISE_SD**2, optimizer=_few_steps)
        with warnings.catch_warnings(), threadpool_limits(1, "blas"):  # the cores are at work
            warnings.simplefilter("ignore", ConvergenceWarning)  # bounds reached: they are meant
            process.fit(self.features[seen], scores - self.trend(seen))
        learnt = process.kernel_
        return Matern(learnt.k1.constant_value, learnt.k2.length_scale)


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
    """Score of some designs, a Gaussian, given what is believed of others, one by one perhaps.

    Lifetime: made by `ApModel.posterior`; `believe` as often as there is news. The inverse of
    Cholesky's factor (Rasmussen and Williams, 2006, algorithm 2.1) grows by the rows of what is
    new, so that one more observation costs products with those before and no factorisation.

    mean: (n,) of the score of the designs asked for.
    """

    def __init__(self, model: ApModel, kernel: Matern, at: NDArray[np.intp]) -> None:
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

    def believe(self, at: NDArray[np.intp], aps: Floats, noise: float = 0.0) -> Posterior:
        """Takes in `aps` (k,) of designs `at` (k,). Returns itself.

        noise: standard deviation of each AP beyond that of a measured one.
        """
        if not len(at):
            return self
        # As a deviation of the score: by the slope of the logit where the AP lies.
        slope = 1.0 / (SOFTNESS + aps) + 1.0 / (SOFTNESS + 1.0 - aps)
        return self._believe_scores(at, score(aps), noise * slope)

    def _believe_scores(self, at: NDArray[np.intp], scores: Floats, noise: Floats) -> Posterior:
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
        """The same belief about the designs at `places` of those asked for."""
        return copy(self).keep(places)

    def keep(self, places: NDArray[np.intp]) -> Posterior:
        """Forgets the other designs. Returns itself."""
        self._at, self.mean = self._at[places], self.mean[places]
        self._variance, self._reach = self._variance[places], self._reach[:, places]
        self._inverse = self._inverse.copy()
        return self

    def supposing(self, at: NDArray[np.intp]) -> Posterior:
        """What would be believed if designs `at` (k,) ended at their median; `self` stays.

        (The Kriging believer: only doubt goes away.) Good until `self` believes something new.
        """
        return copy(self).believe(at, self.median_of(at))

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


def _first_kernel(features: int) -> Matern:
    """Of so many features, before there is anything to learn from."""
    return Matern(RESIDUAL_SD**2, np.array([3.0] * (features - 2) + [2.0, 2.0]))


def _few_steps(objective: Any, start: Floats, bounds: Floats) -> tuple[Floats, float]:
    """A short L-BFGS-B search; `objective` returns the value and its gradient."""
    from scipy.optimize import minimize

    found = minimize(
        objective,
        start,
        jac=True,
        bounds=bounds,
        method="L-BFGS-B",
        options={"maxiter": FIT_ITERATIONS},
    )
    return found.x, float(found.fun)

"""What the AP of an untrained design may be: a prior, and a Gaussian process over it.

The prior says what anybody would bet on: more pixels and more channels, more AP. The
process (Rasmussen and Williams, 2006, chapter 2) learns the trend and what departs from it.

It lives on the score of `dse.search.proposers.posterior`, the logit of AP.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.search.proposers.base import Floats
from dse.search.proposers.posterior import NOISE_SD, Matern, Posterior, score
from dse.space import Training

__all__ = ["ApModel", "features"]

PRIOR_MEAN = 1.8
PRIOR_SLOPE = 3.0
"""Score expected of the middle of a space, and gained from its weakest to its strongest design."""

PRIOR_WEIGHT = (0.1, 0.2)
"""How many trainings the prior's mean and slope are worth when the trend is fitted: the mean
is soon known better, the slope leans on the prior for longer."""

RESIDUAL_SD = 0.5
RESIDUAL_BOUNDS = (0.12, 1.8)
"""Around the trend, before anything is known, and what can be learnt. Deviations of a score."""

SCALE_BOUNDS = (0.7, 20.0)
"""Of length scales: what few trainings can tell."""

LEARNABLE_FROM = 6
"""Length scales are fitted from this many trainings on; before, they would fit the noise."""

FIT_ITERATIONS = 12
"""Steps of the hyperparameter search: enough to move, few enough to stay quick."""


def features(trainings: Sequence[Training]) -> Floats:
    """(n, b + h + 3) standardised: one of b breakpoints, one of h heads, lambda, log alpha, log
    input size (the side of a square of as many pixels).

    Lambda counts from 0 to 1 among those of its breakpoint: the backbones number their layers
    differently. Columns have mean 0 and deviation 1 over `trainings`; one that does not vary
    is 0; h is 0 where all have one head.
    """
    letters = sorted({training.breakpoint for training in trainings})
    heads = sorted({training.head for training in trainings})
    heads = heads if len(heads) > 1 else []
    depths = {
        letter: sorted({one.frozen_until for one in trainings if one.breakpoint == letter})
        for letter in letters
    }
    rows = [
        (
            *(float(training.breakpoint == letter) for letter in letters),
            *(float(training.head == head) for head in heads),
            depths[training.breakpoint].index(training.frozen_until)
            / max(1, len(depths[training.breakpoint]) - 1),
            math.log(training.width),
            math.log(math.sqrt(training.canvas.area)),
        )
        for training in trainings
    ]
    if not rows:
        return np.empty((0, 3))
    table = np.asarray(rows, dtype=np.float64)
    deviation = table.std(axis=0)
    return np.asarray((table - table.mean(axis=0)) / np.where(deviation > 1e-9, deviation, 1.0))


class ApModel:
    """AP over a fixed list of trainings: what `fit` learnt of a few of them.

    Its inputs are indices into that list. Call `fit` first, then `predict`; or condition a
    `posterior`, step by step, on whatever is known.
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
            posterior.condition(*self._known)
        return posterior.moments()

    def posterior(self, at: NDArray[np.intp]) -> Posterior:
        """The AP of designs `at` (n,) before any is known, by what was fitted.

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

"""What the AP of an untrained design may be: a prior, and a Gaussian process over it.

The prior says what anybody would bet on: more pixels and more channels, more AP. The
process (Rasmussen and Williams, 2006, chapter 2) learns the trend and what departs from it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.space import Training

__all__ = ["ApModel", "features"]

Floats = NDArray[np.float64]

PRIOR_MEAN = 0.5
PRIOR_SLOPE = 0.3
"""AP expected of the middle of a space, and gained from its weakest to its strongest design."""

PRIOR_WEIGHT = (0.1, 0.2)
"""How many trainings the prior's mean and slope are worth when the trend is fitted: the mean
is soon known better, the slope leans on the prior for longer."""

RESIDUAL_SD = 0.08
NOISE_SD = 0.012
"""Around the trend, before anything is known; and of one training repeated with another seed.
The second is what small detectors show between seeds."""

LEARNABLE_FROM = 6
"""Length scales are fitted from this many trainings on; before, they would fit the noise."""

FIT_ITERATIONS = 12
"""Steps of the hyperparameter search: enough to move, few enough to stay quick."""


def features(trainings: Sequence[Training]) -> Floats:
    """(n, b + 3) standardised: one of b breakpoints, lambda, log alpha, log input size.

    Columns have mean 0 and deviation 1 over `trainings`; one that does not vary is 0.
    """
    letters = sorted({training.breakpoint for training in trainings})
    rows = [
        (
            *(float(training.breakpoint == letter) for letter in letters),
            float(training.frozen_until),
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


class ApModel:
    """AP over a fixed list of trainings, conditioned on a few of them.

    Its inputs are indices into that list. Call `fit` first, then `predict`.
    """

    def __init__(self, trainings: Sequence[Training]) -> None:
        """trainings: (n,) every design of the search."""
        self._features = features(trainings)
        # The trend runs over size and width, as a share: -0.5 the weakest, 0.5 the strongest.
        strength = self._features[:, -2] + self._features[:, -1]
        span = float(np.ptp(strength)) if len(strength) else 0.0
        self._strength = (strength - strength.min()) / span - 0.5 if span else 0.0 * strength
        self._trend = np.array([PRIOR_MEAN, PRIOR_SLOPE])
        self._process: Any = None

    def fit(self, seen: NDArray[np.intp], aps: Floats) -> None:
        """Learn trend and length scales from the measured AP `aps` (m,) of designs `seen` (m,)."""
        self._trend = self._fitted_trend(seen, aps)
        self._process = None
        if len(seen):
            self._condition(seen, aps, 0.0 * aps, learn=len(seen) >= LEARNABLE_FROM)

    def believe(self, seen: NDArray[np.intp], aps: Floats, noise: Floats) -> None:
        """Condition on `aps` (m,) at `seen` (m,), with the trend and scales that `fit` found.

        noise: (m,) standard deviation of each AP beyond that of a measured one.
        """
        if len(seen):
            self._condition(seen, aps, noise, learn=False)

    def predict(self, at: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """(mean, standard deviation) of the AP of designs `at` (n,), both (n,)."""
        trend = self._trend_at(at)
        if self._process is None or not len(at):
            return trend, np.full(len(at), RESIDUAL_SD)
        mean, deviation = self._process.predict(self._features[at], return_std=True)
        return trend + mean, np.asarray(deviation)

    def _trend_at(self, at: NDArray[np.intp]) -> Floats:
        return np.asarray(self._trend[0] + self._trend[1] * self._strength[at])

    def _fitted_trend(self, seen: NDArray[np.intp], aps: Floats) -> Floats:
        """Ridge regression of AP on strength, towards the prior; its slope is never below 0."""
        prior = np.array([PRIOR_MEAN, PRIOR_SLOPE])
        design = np.column_stack([np.ones(len(seen)), self._strength[seen]])
        normal = design.T @ design + np.diag(PRIOR_WEIGHT)
        trend = prior + np.linalg.solve(normal, design.T @ (aps - design @ prior))
        return np.array([trend[0], max(0.0, trend[1])])

    def _condition(self, seen: NDArray[np.intp], aps: Floats, noise: Floats, learn: bool) -> None:
        """Fit the process to what is left of `aps` when the trend is taken away."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.gaussian_process import GaussianProcessRegressor

        known = self._process.kernel_ if self._process is not None else None
        process = GaussianProcessRegressor(
            kernel=known or _first_kernel(self._features.shape[1]),
            alpha=NOISE_SD**2 + noise**2,
            optimizer=_few_steps if learn else None,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # bounds reached: they are meant
            process.fit(self._features[seen], aps - self._trend_at(seen))
        self._process = process


def _first_kernel(features: int) -> Any:
    """Matern 5/2 with a length scale per feature, bounded to what few trainings can tell."""
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern

    scales = np.array([3.0] * (features - 2) + [2.0, 2.0])
    variance = ConstantKernel(RESIDUAL_SD**2, (0.02**2, 0.3**2))
    return variance * Matern(scales, (0.7, 20.0), nu=2.5)


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

"""What a target says of its constants before anybody measures: a normal distribution.

A constant's band is two standard deviations to each side, and half of the variance is shared by
all constants of the KPU, or of the CPU: another toolchain or memory clock moves them together.
How far a log contradicts the bands, and how much its times scatter around the model, is read off
the log itself, where the evidence is largest (MacKay, Bayesian interpolation, Neural Computation
4, 1992).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

__all__ = ["Belief", "believe", "covariance_of"]

Matrix = npt.NDArray[np.float64]

SHARED = 0.5
"""Part of the variance that the constants of one processor have in common; a choice."""

WIDER = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Times by which the bands of a processor may be too narrow."""

NOISES = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32)
"""Standard deviations of measured times around the model, as parts of the time."""

USUAL_NOISE = 0.02
"""The shipped constants meet the layers that they were fitted to within 1 to 4 %."""


@dataclass(frozen=True)
class Belief:
    """A normal distribution of k constants, and the scatter of measured times.

    mean: k, in cycles. covariance: k x k. noise: standard deviation of a time, as a part of it.
    """

    mean: Matrix
    covariance: Matrix
    noise: float

    @property
    def free(self) -> npt.NDArray[np.bool_]:
        """k: which constants may move; one of zero cycles may not."""
        return np.diag(self.covariance) > 0

    def equations(self, needed: list[int]) -> tuple[Matrix, Matrix]:
        """Rows for least squares that hold the constants `needed` near the mean.

        They weigh as much as rows of measured times in relative error do.
        """
        inverse = np.linalg.inv(self.covariance[np.ix_(needed, needed)])
        rows = self.noise * np.linalg.cholesky(inverse).T
        return rows, rows @ self.mean[needed]

    def after(self, work: Matrix) -> Matrix:
        """k x k: the covariance once times were measured; work: n x k, `fit.amounts`."""
        root = _root(self.covariance)
        seen = work @ root / self.noise
        rest: Matrix = root @ np.linalg.solve(seen.T @ seen + np.eye(len(root)), root.T)
        return rest


def covariance_of(deviation: Matrix, on_kpu: Matrix) -> Matrix:
    """k x k: of constants with these standard deviations, half shared by each processor's."""
    alike = np.equal.outer(on_kpu, on_kpu)
    correlation = np.where(alike, SHARED, 0.0) + (1 - SHARED) * np.eye(len(deviation))
    covariance: Matrix = correlation * np.outer(deviation, deviation)
    return covariance


def believe(mean: Matrix, deviation: Matrix, on_kpu: Matrix, work: Matrix) -> Belief:
    """The belief under which the measured times are likeliest. Raises FloatingPointError where
    numbers overflow.

    mean, deviation: k, in cycles, of the bands. on_kpu: k, true for constants of the KPU.
    work: n x k, the part of each measured time that one cycle of a constant makes.
    """
    best, found = -np.inf, None
    for kpu, cpu in product(WIDER, WIDER):
        covariance = covariance_of(deviation * np.where(on_kpu, kpu, cpu), on_kpu)
        # of n directions only k can be explained by constants: a long log costs no n x n matrix
        directions, spread, _ = np.linalg.svd(work @ _root(covariance), full_matrices=False)
        off = 1 - work @ mean
        missed = directions.T @ off
        rest = max(0.0, float(off @ off - missed @ missed))
        for noise in NOISES:
            variances = spread**2 + noise**2
            evidence = -0.5 * float(np.sum(missed**2 / variances + np.log(variances)))
            evidence -= 0.5 * rest / noise**2
            evidence -= (len(work) - len(spread)) * math.log(noise)
            evidence += _rare(kpu, 4) + _rare(cpu, 4) + _rare(noise / USUAL_NOISE, 2)
            if evidence > best:
                best, found = evidence, Belief(mean, covariance, noise)
    if found is None:
        raise FloatingPointError("no evidence is finite")
    return found


def _root(covariance: Matrix) -> Matrix:
    """k x k: R with R R' = `covariance`, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    root: Matrix = vectors * np.sqrt(values.clip(min=0))
    return root


def _rare(factor: float, usual: float) -> float:
    """Logarithm of how likely `factor` is, when `usual` is off by one standard deviation.

    Bands are off more often than times scatter: both published times of runtime 1.x are missed,
    by 1.3 and 2.9 times (docs/latency.md), while a chip that computes alone repeats itself.
    """
    return -0.5 * float(np.log(factor) / np.log(usual)) ** 2

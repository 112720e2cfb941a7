"""How far constants may be from their likely values: as bands say it, and after a fit."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dse.chips.k210.calibration.fit import FITTED, constants, likely_cycles
from dse.chips.k210.target import K210Target
from dse.chips.target import Cycles

__all__ = ["FACTORS", "ON_KPU", "Bands", "band_deviations", "four_digits"]

Matrix = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

FACTORS = ("kpu_time_factor_low", "kpu_time_factor_high")
"""The band of all constants of the KPU together."""

ON_KPU = np.array([name.startswith("kpu") for name in FITTED])

MARGIN = 1.5
"""A band reaches half as far again as the worst time that was left out, as the shipped ones do."""

OWN = 0.5
"""A time says how wrong a constant is when the constant makes at least this part of it."""

NARROWEST = 0.01
"""No band is believed to be narrower, to each side."""


def band_deviations(target: K210Target) -> Matrix:
    """k: standard deviation of each constant in cycles; two of them reach to the band's edge."""
    reach = np.array([sum(_sides(target, name)) / 2 for name in FITTED])
    deviations: Matrix = constants(target) * reach.clip(min=NARROWEST) / 2
    return deviations


@dataclass(frozen=True)
class Bands:
    """The bands of constants that were fitted to n times.

    They are as wide as the constants are still uncertain, and as times that were left out were
    wrong; a band keeps its ratio of down to up. What a single shape was timed of does not get a
    narrower band: it cannot say how wrong another shape would be.

    before, found: the target and its constants after the fit. work: n x k, amounts.
    known, covariance: k x k, of the constants by the bands of `before`, and after the fit.
    errors: n, of the times left out, as parts of them. shapes: n, equal for equal work.
    """

    before: K210Target
    found: K210Target
    work: Matrix
    known: Matrix
    covariance: Matrix
    errors: Matrix
    shapes: Sequence[Hashable]

    def cpu_cycles(self, name: str) -> Cycles:
        """A constant of the CPU with its band."""
        index, likely = FITTED.index(name), likely_cycles(self.found, name)
        own = self.work[:, index] * likely > OWN
        unsure = float(self._unsure(np.eye(len(FITTED))[[index]])[0])
        unsure *= likely_cycles(self.before, name)
        low, high = (
            max(side * unsure, self._least(own, side) * likely)
            for side in _sides(self.before, name)
        )
        edges = (max(likely - low, 0.0), likely, likely + high)
        return four_digits(edges[0]), four_digits(edges[1]), four_digits(edges[2])

    def kpu_factors(self) -> tuple[float, float]:
        """What the time of a convolution may be, as parts of the likely one."""
        work = np.where(ON_KPU, self.work, 0.0)
        parts = work @ constants(self.found)
        busy = parts > 0
        unsure = self._unsure(work[busy]) * (work[busy] @ constants(self.before)) / parts[busy]
        low, high = (
            max(side * float(unsure.max(initial=0.0)), self._least(parts > OWN, side))
            for side in _sides(self.before, "kpu")
        )
        return four_digits(max(1 - low, 0.0)), four_digits(1 + high)

    def _unsure(self, work: Matrix) -> Matrix:
        """m: how uncertain times made of `work`, m x k, are after the fit; 1 as before it."""
        after, before = (
            np.einsum("ij,jk,ik->i", work, spread, work).clip(min=0)
            for spread in (self.covariance, self.known)
        )
        ratio: Matrix = np.sqrt(after / before)
        return ratio

    def _least(self, own: Mask, side: float) -> float:
        """How far a band must reach that reached `side`, when the times `own` support it."""
        shapes = {shape for shape, mine in zip(self.shapes, own, strict=True) if mine}
        return max(side if len(shapes) == 1 else 0.0, self._missed(own), NARROWEST)

    def _missed(self, own: Mask) -> float:
        """The worst error of the times `own`, and half as much again."""
        return MARGIN * float(self.errors[own].max(initial=0.0))


def _sides(target: K210Target, name: str) -> tuple[float, float]:
    """How far the band of a constant reaches down and up, as parts of it."""
    if name.startswith("kpu"):
        return 1 - target.kpu_time_factor_low, target.kpu_time_factor_high - 1
    low, likely, high = getattr(target, name)
    return (1 - low / likely, high / likely - 1) if likely else (0.0, 0.0)


def four_digits(value: float) -> float:
    """`value` to four significant digits, as profiles have it."""
    return float(f"{value:.4g}")

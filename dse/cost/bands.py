"""How far constants may be from their likely values: as bands say it, and after a fit."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dse.cost.calibration import FITTED, constants, likely_cycles
from dse.cost.target import Cycles, Target

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


def band_deviations(target: Target) -> Matrix:
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
    covariance: k x k, of the constants. errors: n, of the times left out, as parts of them.
    shapes: n, equal for equal work.
    """

    before: Target
    found: Target
    work: Matrix
    covariance: Matrix
    errors: Matrix
    shapes: Sequence[Hashable]

    def cpu_cycles(self, name: str) -> Cycles:
        """A constant of the CPU with its band."""
        index, likely = FITTED.index(name), likely_cycles(self.found, name)
        own = self.work[:, index] * likely > OWN
        sides = _sides(self.before, name)
        missed = self._missed(own) * likely
        reach = max(2 * float(np.sqrt(self.covariance[index, index].clip(min=0))), missed)
        low, high = (
            max(
                2 * reach * side / sum(sides) if sum(sides) else reach,
                missed,
                self._least(own, side) * likely,
            )
            for side in sides
        )
        edges = (max(likely - low, 0.0), likely, likely + high)
        return four_digits(edges[0]), four_digits(edges[1]), four_digits(edges[2])

    def kpu_factors(self) -> tuple[float, float]:
        """What the time of a convolution may be, as parts of the likely one."""
        work = self.work[:, ON_KPU]
        parts = work @ constants(self.found)[ON_KPU]
        variances = ((work @ self.covariance[np.ix_(ON_KPU, ON_KPU)]) * work).sum(axis=1)
        busy = parts > 0
        unsure = 2 * np.sqrt(variances[busy].clip(min=0)) / parts[busy]
        own = parts > OWN
        uncertain = max(float(unsure.max(initial=0.0)), self._missed(own))
        low, high = (max(uncertain, self._least(own, side)) for side in _sides(self.before, "kpu"))
        return four_digits(max(1 - low, 0.0)), four_digits(1 + high)

    def _missed(self, own: Mask) -> float:
        """The worst error of the times `own`, and half as much again."""
        return MARGIN * float(self.errors[own].max(initial=0.0))

    def _least(self, own: Mask, side: float) -> float:
        """How far a band reaches at the least, when it reached `side` and `own` support it."""
        shapes = {shape for shape, mine in zip(self.shapes, own, strict=True) if mine}
        return max(side if len(shapes) == 1 else 0.0, NARROWEST)


def _sides(target: Target, name: str) -> tuple[float, float]:
    """How far the band of a constant reaches down and up, as parts of it."""
    if name.startswith("kpu"):
        return 1 - target.kpu_time_factor_low, target.kpu_time_factor_high - 1
    low, likely, high = getattr(target, name)
    return (1 - low / likely, high / likely - 1) if likely else (0.0, 0.0)


def four_digits(value: float) -> float:
    """`value` to four significant digits, as profiles have it."""
    return float(f"{value:.4g}")

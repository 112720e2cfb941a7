"""The integral of `dse.search.proposers.improvement`, design by design, in machine code."""

from __future__ import annotations

import math

import numpy as np

from dse.machine_code import compiled
from dse.search.proposers.base import Floats

__all__ = ["integrated"]

NOTHING = 1e-12
"""An area that rounding may have left."""

FAR = 8.0
"""Deviations from the mean beyond which a Gaussian has next to nothing."""


@compiled
def _expected_excess(mean: float, deviation: float, level: float) -> float:
    """E[max(Y - level, 0)] of a Gaussian Y; far out, the limit that it reaches to rounding."""
    score = (mean - level) / deviation
    if abs(score) > FAR:
        return max(mean - level, 0.0)
    density = math.exp(-0.5 * score**2) / math.sqrt(2.0 * math.pi)
    return deviation * density + (mean - level) * 0.5 * math.erfc(-score / math.sqrt(2.0))


@compiled
def integrated(
    mean: Floats, deviation: Floats, costs: Floats, levels: Floats, owners: Floats, sides: Floats
) -> Floats:
    """(n,) `expected_improvement`, of scaled costs, from the highest level of AP down to 0.

    levels: (m,) AP of the front, ascending. Between two of them a design adds, per unit of AP,
    the area that it would be the first to dominate: less and less, as one member after the other
    takes its rectangles away.
    """
    gains = np.zeros(len(mean))
    for design in range(len(mean)):
        x, y = costs[design]
        free = max(1.0 - x, 0.0) * max(1.0 - y, 0.0)
        gain, beyond, place = 0.0, 0.0, len(owners) - 1
        for member in range(len(levels) - 1, -2, -1):  # the last is the level 0, nobody's
            if free < NOTHING:
                break
            level = levels[member] if member >= 0 else 0.0
            excess = _expected_excess(mean[design], deviation[design], level)
            gain += free * max(excess - beyond, 0.0)
            beyond = excess
            while place >= 0 and owners[place] == member:
                left, right, low, high = sides[place]
                width, height = right - max(left, x), high - max(low, y)
                if width > 0.0 and height > 0.0:
                    free -= width * height
                place -= 1
        gains[design] = gain
    return gains

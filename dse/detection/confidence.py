"""How far an average precision can be trusted: other pictures would have given another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dse.detection.average_precision import Ranked, area

__all__ = ["ap_interval"]

LEVEL = 0.95
RESAMPLES = 400
"""Ends of the interval then scatter by a tenth of its width."""


def ap_interval(
    ranked: Sequence[Ranked], level: float = LEVEL, seed: int = 0
) -> tuple[float, float]:
    """The interval, of average precisions in 0..1, that holds `level` of the resampled ones.

    ranked: of each class, on the same pictures; of several it is their mean that is resampled,
    over the classes that have objects in the pictures drawn.
    A percentile bootstrap over pictures (Efron and Tibshirani 1993, section 13.3): objects of
    one picture are hit or missed together, so pictures are drawn and not objects. It says what
    another choice of pictures would change, not what another training would.
    """
    pictures = len(ranked[0].faces)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(pictures, np.full(pictures, 1 / pictures), RESAMPLES)
    values = [
        np.mean(found)
        for times in drawn
        if (found := [_ap(one, times) for one in ranked if (times * one.faces).any()])
    ]
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _ap(ranked: Ranked, times: NDArray[np.int64]) -> float:
    """Average precision where picture i counts `times[i]` times."""
    weight = times[ranked.picture]
    hits = np.cumsum(weight * ranked.correct)
    precision = hits / np.maximum(np.cumsum(weight), 1)
    return area(hits / (times * ranked.faces).sum(), precision)

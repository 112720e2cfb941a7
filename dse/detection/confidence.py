"""How far an average precision can be trusted: other pictures would have given another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dse.detection.average_precision import Ranked, area

__all__ = ["RESAMPLES", "Sample", "interval_of", "is_higher", "resampled_ap"]

LEVEL = 0.95
RESAMPLES = 400
"""Ends of the interval then scatter by a tenth of its width."""

Sample = NDArray[np.float64]
"""AP in 0..1, a number a draw."""


def interval_of(resampled: Sample, level: float = LEVEL) -> tuple[float, float]:
    """The middle `level` of what `resampled_ap` gave."""
    low, high = np.nanquantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def resampled_ap(ranked: Sequence[Ranked], seed: int = 0) -> Sample:
    """Average precisions (RESAMPLES,) on pictures drawn anew; NaN for a draw without an object.

    ranked: of each class, on the same pictures; of several it is their mean that is resampled,
    over the classes that have objects in the pictures drawn.
    A percentile bootstrap over pictures (Efron and Tibshirani 1993, section 13.3): objects of
    one picture are hit or missed together, so pictures are drawn and not objects. It says what
    another choice of pictures would change, not what another training would. The draws depend on
    the seed and the number of pictures alone: those of two detectors on one set are pairs.
    """
    pictures = len(ranked[0].faces)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(pictures, np.full(pictures, 1 / pictures), RESAMPLES)
    found = ([_ap(one, times) for one in ranked if (times * one.faces).any()] for times in drawn)
    return np.array([np.mean(each) if each else np.nan for each in found])


def is_higher(one: Sample, other: Sample, level: float = LEVEL) -> bool:
    """Whether the AP of `one` can be told from that of `other`, which was judged on the same
    draws: the middle `level` of the differences, draw by draw, lies above 0."""
    low, _ = interval_of(one - other, level)
    return low > 0


def _ap(ranked: Ranked, times: NDArray[np.int64]) -> float:
    """Average precision where picture i counts `times[i]` times."""
    weight = times[ranked.picture]
    hits = np.cumsum(weight * ranked.correct)
    precision = hits / np.maximum(np.cumsum(weight), 1)
    return area(hits / (times * ranked.faces).sum(), precision)

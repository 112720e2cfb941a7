"""How well an exported detector finds its objects, and from which score on to believe it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dse.detection.average_precision import operating_point
from dse.detection.classes import mean_of, pooled
from dse.detection.head import FACE_HEAD, Head
from dse.evaluation import Prepared
from dse.evaluation.evaluate import judged
from dse.network.arrays import Predict

__all__ = [
    "MIN_CORRELATION",
    "MOST_AP_LOST",
    "Accuracy",
    "agreement",
    "correlation",
    "measure_accuracy",
]

MOST_AP_LOST = 0.1
"""A file whose AP is this far below its float network is broken, not quantized."""

MIN_CORRELATION = 0.9
"""Of output maps, file against float. Sound ones have 0.995 and more."""


@dataclass(frozen=True)
class Accuracy:
    """AP at IoU 0.5, and the operating point with the best F1 score.

    ap: of several classes the mean of theirs. ap_square: against FDDB's square boxes, None where
    the data has none. score, precision, recall: of that point, all classes with one threshold;
    score is in 0..1. classes: AP of each, as of `Evaluation`; scores: threshold of each with its
    best F1; both empty where there is one class.
    """

    ap: float
    ap_square: float | None
    score: float
    precision: float
    recall: float
    classes: Mapping[str, float | None] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)


def measure_accuracy(predict: Predict, prepared: Prepared, head: Head = FACE_HEAD) -> Accuracy:
    """Runs `predict` once over `prepared`. Raises DataError where it holds no object."""
    findings = judged(predict, prepared, head)
    ranked = findings.ranked()
    points = findings.operating_points() if findings.several else {}
    return Accuracy(
        mean_of(ranked),
        findings.ap_square(),
        *operating_point(pooled(ranked).curve()),
        findings.ap_by_class(ranked),
        {name: point.score for name, point in points.items()},
    )


def agreement(first: Predict, second: Predict, canvases: NDArray[np.uint8]) -> float:
    """`correlation` of two detectors' maps on `canvases`."""
    return correlation(first(canvases), second(canvases))


def correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Of two sets of maps, -1..1; 0 where one is constant, not finite, or of another shape."""
    one, other = (maps.astype(np.float64).ravel() for maps in (first, second))
    if one.shape != other.shape or not (np.isfinite(one).all() and np.isfinite(other).all()):
        return 0.0
    if one.std() == 0 or other.std() == 0:
        return float(np.array_equal(one, other))
    return float(np.corrcoef(one, other)[0, 1])

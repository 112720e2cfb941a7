"""How well an exported detector finds faces, and from which score on to believe it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dse.evaluation import Prepared, average_precision, operating_point, precision_recall
from dse.evaluation.evaluate import detect
from dse.network.keras_inference import Predict

__all__ = ["Accuracy", "agreement", "measure_accuracy"]


@dataclass(frozen=True)
class Accuracy:
    """AP at IoU 0.5, and the operating point with the best F1 score.

    ap_square: against FDDB's square boxes, None where the data has none.
    score, precision, recall: of that point; score is in 0..1.
    """

    ap: float
    ap_square: float | None
    score: float
    precision: float
    recall: float


def measure_accuracy(predict: Predict, prepared: Prepared) -> Accuracy:
    """Runs `predict` once over `prepared`. Raises DataError where it holds no face."""
    found = detect(predict, prepared)
    ap = average_precision(found, prepared.truth, prepared.ignored)
    square = None
    if prepared.truth_square is not None:
        square = average_precision(found, prepared.truth_square, prepared.ignored)
    curve = precision_recall(found, prepared.truth, prepared.ignored)
    return Accuracy(ap, square, *operating_point(curve))


def agreement(first: Predict, second: Predict, canvases: NDArray[np.uint8]) -> float:
    """Correlation (-1..1) of two detectors' maps on `canvases`; 0 where one is constant."""
    one, other = (predict(canvases).astype(np.float64).ravel() for predict in (first, second))
    if one.shape != other.shape or not (np.isfinite(one).all() and np.isfinite(other).all()):
        return 0.0
    if one.std() == 0 or other.std() == 0:
        return float(np.array_equal(one, other))
    return float(np.corrcoef(one, other)[0, 1])

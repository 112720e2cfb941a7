"""Average precision of one class: the area under precision over recall.

Detections are judged as in `matching`. The area is taken under every step of the interpolated
curve (Everingham et al. 2015, "all points"), not at 101 samples of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dse.detection.detections import Detections
from dse.detection.geometry import Boxes
from dse.detection.matching import FOUND_IOU, judge
from dse.errors import DataError

__all__ = [
    "OperatingPoint",
    "PrecisionRecall",
    "Ranked",
    "area",
    "average_precision",
    "operating_point",
    "precision_recall",
    "rank",
]

Curve = NDArray[np.float64]

HALF = 0.5
"""The threshold of a detector that finds nothing at any."""


class PrecisionRecall(NamedTuple):
    """Recall, precision and score, (k,) each in 0..1, after each detection that counts.

    The best score comes first, so that recall never falls.
    """

    recall: Curve
    precision: Curve
    score: Curve


@dataclass(frozen=True)
class Ranked:
    """Every detection that counts, best score first, over a whole set of pictures.

    score, correct, picture (k,): its score, whether it found an object, where it lies.
    faces (n,): labelled objects of each picture.
    """

    score: Curve
    correct: NDArray[np.bool_]
    picture: NDArray[np.int64]
    faces: NDArray[np.int64]

    @property
    def objects(self) -> int:
        """Labelled objects in all."""
        return int(self.faces.sum())

    @property
    def ap(self) -> float:
        """Average precision, 0..1. Raises what `curve` raises."""
        recall, precision, _ = self.curve()
        return area(recall, precision)

    def curve(self) -> PrecisionRecall:
        """The whole curve. Raises DataError where there is nothing to find."""
        if not self.objects:
            raise DataError(
                "no labelled object to find", "evaluate on pictures with objects in them"
            )
        hits = np.cumsum(self.correct)
        precision = hits / np.arange(1, len(hits) + 1)
        return PrecisionRecall(hits / self.objects, precision, self.score)


class OperatingPoint(NamedTuple):
    """What a detector does that believes scores from `score` on; all three in 0..1."""

    score: float
    precision: float
    recall: float


def average_precision(
    detections: Sequence[Detections],
    truth: Sequence[Boxes],
    ignored: Sequence[Boxes] | None = None,
    iou: float = FOUND_IOU,
) -> float:
    """AP in 0..1 of one `Detections` a picture against the true boxes (m, 4) of each.

    ignored: boxes per picture on which a detection is neither right nor wrong.
    iou: overlap from which a detection has found an object.
    Raises DataError where there is none to find: AP has no meaning then.
    """
    return rank(detections, truth, ignored, iou).ap


def area(recall: Curve, precision: Curve) -> float:
    """Area under the interpolated curve (k,), of which recall never falls."""
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * best_from_here))


def precision_recall(
    detections: Sequence[Detections],
    truth: Sequence[Boxes],
    ignored: Sequence[Boxes] | None = None,
    iou: float = FOUND_IOU,
) -> PrecisionRecall:
    """The whole curve. Arguments and errors as of `average_precision`."""
    return rank(detections, truth, ignored, iou).curve()


def rank(
    detections: Sequence[Detections],
    truth: Sequence[Boxes],
    ignored: Sequence[Boxes] | None = None,
    iou: float = FOUND_IOU,
) -> Ranked:
    """All detections in one order. Arguments as of `average_precision`."""
    faces = np.array([len(boxes) for boxes in truth], np.int64)
    ignored = ignored if ignored is not None else [boxes[:0] for boxes in truth]
    scores: list[NDArray[np.float32]] = [np.zeros(0, np.float32)]  # there may be no picture
    correct: list[NDArray[np.bool_]] = [np.zeros(0, bool)]
    for found, boxes, left_out in zip(detections, truth, ignored, strict=True):
        judged = judge(found, boxes, left_out, iou)
        scores.append(found.scores[~judged.left_out])
        correct.append(judged.true[~judged.left_out])
    score, hit = np.concatenate(scores), np.concatenate(correct)
    picture = np.repeat(np.arange(len(faces)), [len(some) for some in scores[1:]])
    order = np.argsort(-score, kind="stable")
    return Ranked(score[order].astype(np.float64), hit[order], picture[order], faces)


def operating_point(curve: PrecisionRecall, score: float | None = None) -> OperatingPoint:
    """Where the detector stands that is run at the threshold `score`.

    Without `score`: at the threshold with the best F1, the harmonic mean of precision and
    recall. Precision counts as 0 where no score reaches the threshold.
    """
    if score is None:
        score = _best_score(curve)
    count = int(np.count_nonzero(curve.score >= np.float32(score)))
    if not count:
        return OperatingPoint(score, 0.0, 0.0)
    return OperatingPoint(score, float(curve.precision[count - 1]), float(curve.recall[count - 1]))


def _best_score(curve: PrecisionRecall) -> float:
    """The score at which F1 is best; equal scores are all believed, or none of them."""
    if not len(curve.score):
        return HALF
    f1 = 2 * curve.recall * curve.precision / np.maximum(curve.recall + curve.precision, 1e-12)
    last_of_equals = np.append(curve.score[:-1] > curve.score[1:], True)
    return float(curve.score[np.argmax(np.where(last_of_equals, f1, -1.0))])

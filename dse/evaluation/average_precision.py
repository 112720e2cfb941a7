"""Average precision: the area under precision over recall.

Matching is COCO's (Lin et al., arXiv 1405.0312), as in pycocotools: detections take their
turn by descending score, each takes the free face that it overlaps most, and a detection
that lies on an ignored face counts neither way. The area is taken under every step of the
interpolated curve (Everingham et al. 2015, "all points"), not at 101 samples of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dse.data.geometry import intersection_matrix, iou_matrix
from dse.data.pictures import Boxes
from dse.errors import DataError
from dse.evaluation.detections import Detections

__all__ = ["Judged", "area", "average_precision", "judge", "precision_recall"]

Curve = NDArray[np.float64]

IGNORED_SHARE = 0.5
"""A detection with this share of its area on an ignored face is left out."""


@dataclass(frozen=True)
class Judged:
    """Every detection that counts, best score first, over a whole set of pictures.

    scores, correct, picture (k,): its score, whether it found a face, where it lies.
    faces (n,): labelled faces of each picture.
    """

    scores: NDArray[np.float64]
    correct: NDArray[np.bool_]
    picture: NDArray[np.int64]
    faces: NDArray[np.int64]

    def precision_recall(self) -> tuple[Curve, Curve, Curve]:
        """Recall, precision and score (k,) after each detection."""
        hits = np.cumsum(self.correct)
        precision = hits / np.arange(1, len(hits) + 1)
        return hits / self.faces.sum(), precision, self.scores


def average_precision(
    detections: Sequence[Detections],
    truth: Sequence[Boxes],
    ignored: Sequence[Boxes] | None = None,
    iou: float = 0.5,
) -> float:
    """AP in 0..1 of one `Detections` a picture against the true boxes (m, 4) of each.

    ignored: boxes per picture on which a detection is neither right nor wrong.
    iou: overlap from which a detection has found a face.
    Raises DataError where there is no face to find: AP has no meaning then.
    """
    recall, precision, _ = precision_recall(detections, truth, ignored, iou)
    return area(recall, precision)


def area(recall: Curve, precision: Curve) -> float:
    """Area under the interpolated curve (k,), of which recall never falls."""
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * best_from_here))


def precision_recall(
    detections: Sequence[Detections],
    truth: Sequence[Boxes],
    ignored: Sequence[Boxes] | None = None,
    iou: float = 0.5,
) -> tuple[Curve, Curve, Curve]:
    """Recall, precision and score (k,) after each detection that counts, best score first.

    Arguments and errors as of `average_precision`.
    """
    return judge(detections, truth, ignored, iou).precision_recall()


def judge(
    detections: Sequence[Detections],
    truth: Sequence[Boxes],
    ignored: Sequence[Boxes] | None = None,
    iou: float = 0.5,
) -> Judged:
    """Which detections found a face. Arguments and errors as of `average_precision`."""
    faces = np.array([len(boxes) for boxes in truth], np.int64)
    if not faces.sum():
        raise DataError("no labelled face to find", "evaluate on pictures with faces in them")
    ignored = ignored if ignored is not None else [boxes[:0] for boxes in truth]
    judged = [
        _judge(found, boxes, left_out, iou)
        for found, boxes, left_out in zip(detections, truth, ignored, strict=True)
    ]
    scores = np.concatenate([scores for scores, _ in judged])
    correct = np.concatenate([correct for _, correct in judged])
    picture = np.repeat(np.arange(len(judged)), [len(scores) for scores, _ in judged])
    order = np.argsort(-scores, kind="stable")
    return Judged(scores[order].astype(np.float64), correct[order], picture[order], faces)


def _judge(
    found: Detections, truth: Boxes, ignored: Boxes, iou: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Scores (k,) of one picture's detections that count, and which of them found a face."""
    order = np.argsort(-found.scores, kind="stable")
    boxes, scores = found.boxes[order], found.scores[order]
    correct = _match(iou_matrix(boxes, truth), iou)
    counts = correct | ~_on_ignored(boxes, ignored)
    return scores[counts], correct[counts]


def _match(overlap: NDArray[np.float32], iou: float) -> NDArray[np.bool_]:
    """Which detections (rows of overlap (k, m), best first) take a face of their own (k,)."""
    taken = np.zeros(len(overlap), bool)
    free = overlap.copy()
    for row in np.flatnonzero((overlap >= iou).any(axis=1)):
        face = len(free[row]) - 1 - int(np.argmax(free[row][::-1]))  # the last of equals
        if free[row, face] >= iou:
            taken[row] = True
            free[:, face] = -1.0
    return taken


def _on_ignored(boxes: Boxes, ignored: Boxes) -> NDArray[np.bool_]:
    """Which boxes (k, 4) lie on a box of ignored (m, 4) with half their area or more (k,)."""
    if not len(ignored):
        return np.zeros(len(boxes), bool)
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0.0)
    area = sides[:, 0] * sides[:, 1]
    common = intersection_matrix(boxes, ignored).max(axis=1)
    lies: NDArray[np.bool_] = (common >= IGNORED_SHARE * area) & (area > 0)
    return lies

"""What costs a detector its average precision: what it would be without each kind of error.

Kinds, their order and how each is mended are TIDE's (Bolya et al. 2020, arXiv 2008.08115,
section 2): each kind is mended alone, by an oracle, and AP measured again. The gains do not add
up to what is missing from 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dse.detection.average_precision import Ranked
from dse.detection.classes import mean_of, rank_classes
from dse.detection.detections import Detections
from dse.detection.geometry import iou_matrix
from dse.detection.matching import FOUND_IOU, Labels, judge_classes

__all__ = ["ERRORS", "lost_ap"]

TOUCHING_IOU = 0.1
"""TIDE's background threshold: a detection that overlaps objects less has nothing to do with
any."""

ERRORS: Mapping[str, str] = {
    "localisation": "the right class, loosely placed",
    "classification": "an object of another class",
    "duplicate": "an object that a better detection has found",
    "background": "no object",
    "both": "an object of another class, loosely placed",
    "missed": "objects without a detection",
}
"""Kind of error -> what it is, in the order in which a detection is tried for them."""

LOCALISATION, CLASSIFICATION, DUPLICATE, BACKGROUND, BOTH, MISSED = range(len(ERRORS))
NONE = -1
"""No error: it has found an object. Of targets: no object."""

NOTHING = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Explained:
    """Every detection of a set of pictures that counts, and every object.

    score, kind, target (k,): of each detection its score, its error or `NONE`, and the number of
    the object that it has found, or would, mended. given (k,): its class.
    classes (n,), found (n,): of each object its class, and whether a detection has found it.
    """

    score: NDArray[np.float64]
    kind: NDArray[np.int64]
    target: NDArray[np.int64]
    given: NDArray[np.int64]
    classes: NDArray[np.int64]
    found: NDArray[np.bool_]

    def without(self, error: int, count: int) -> float:
        """AP where errors of one kind are mended; `count` classes."""
        correct, counted, given = self.kind == NONE, np.ones(len(self.kind), bool), self.given
        objects = np.ones(len(self.classes), bool)
        if error == MISSED:
            claimed = np.isin(np.arange(len(objects)), self.target)
            objects[~self.found & ~claimed] = False
        elif error in (LOCALISATION, CLASSIFICATION):
            wrong = self.kind == error
            first = self._first_of_each_target(wrong)
            correct, counted = correct | first, ~wrong | first
            given = np.where(first, self.classes[self.target], given)
        else:
            counted = self.kind != error
        return _mean_ap(self.score, correct, counted, given, self.classes[objects], count)

    def _first_of_each_target(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Of the chosen detections the best one of each object that nobody has found (k,)."""
        free = chosen.copy()
        free[chosen] = ~self.found[self.target[chosen]]
        places = np.flatnonzero(free)
        places = places[np.argsort(-self.score[places], kind="stable")]
        _, first = np.unique(self.target[places], return_index=True)
        best = np.zeros(len(chosen), bool)
        best[places[first]] = True
        return best


def lost_ap(
    detections: Sequence[Detections], labels: Sequence[Labels], classes: int
) -> dict[str, float]:
    """Kind of error -> how much higher AP at IoU 0.5 would be without it, 0..1, largest first.

    detections, labels: one a picture. classes: how many the detector has. Kinds that a detector
    of one class cannot make are left out. Raises DataError where there is no object.
    """
    (ranked,) = rank_classes(detections, labels, classes)
    ap = mean_of(ranked)
    explained = _explained(detections, labels)
    possible = [
        (number, name)
        for number, name in enumerate(ERRORS)
        if classes > 1 or number not in (CLASSIFICATION, BOTH)
    ]
    lost = {name: explained.without(number, classes) - ap for number, name in possible}
    return dict(sorted(lost.items(), key=lambda one: -one[1]))


def _explained(detections: Sequence[Detections], labels: Sequence[Labels]) -> Explained:
    score: list[NDArray[np.float32]] = [np.zeros(0, np.float32)]  # there may be no picture
    found: list[NDArray[np.bool_]] = [np.zeros(0, bool)]
    kind, target, given, classes = (list[NDArray[np.int64]]([NOTHING]) for _ in range(4))
    objects = 0
    for some, truth in zip(detections, labels, strict=True):
        judged = judge_classes(some, truth)
        counts = ~judged.left_out
        error, near = _kinds(some, truth, judged.true)
        score.append(some.scores[counts])
        kind.append(error[counts])
        target.append(np.where(near == NONE, NONE, near + objects)[counts])
        given.append(some.classes[counts].astype(np.int64))
        classes.append(truth.classes.astype(np.int64))
        found.append(~judged.missed)
        objects += len(truth.boxes)
    return Explained(
        np.concatenate(score).astype(np.float64),
        np.concatenate(kind),
        np.concatenate(target),
        np.concatenate(given),
        np.concatenate(classes),
        np.concatenate(found),
    )


def _kinds(
    some: Detections, truth: Labels, right: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The error of each detection on one picture, and its object there (k,), or `NONE`."""
    kind = np.full(len(some), BACKGROUND)
    target = np.full(len(some), NONE)
    if not len(truth.boxes):
        kind[right] = NONE
        return kind, target
    overlap = iou_matrix(some.boxes, truth.boxes)
    same = some.classes[:, None] == truth.classes[None, :]
    own, other = np.where(same, overlap, 0.0), np.where(same, 0.0, overlap)
    nearest, most = own.argmax(axis=1), own.max(axis=1)
    kind[overlap.max(axis=1) > TOUCHING_IOU] = BOTH
    kind[most >= FOUND_IOU] = DUPLICATE
    mistaken = other.max(axis=1) >= FOUND_IOU
    kind[mistaken] = CLASSIFICATION
    target[mistaken] = other.argmax(axis=1)[mistaken]
    loose = (most >= TOUCHING_IOU) & (most < FOUND_IOU)
    kind[loose] = LOCALISATION
    target[loose] = nearest[loose]
    kind[right], target[right] = NONE, NONE
    return kind, target


def _mean_ap(
    score: NDArray[np.float64],
    correct: NDArray[np.bool_],
    counted: NDArray[np.bool_],
    given: NDArray[np.int64],
    objects: NDArray[np.int64],
    count: int,
) -> float:
    """Mean AP of classes that have objects left; 1 where nothing is left to be found."""
    ranked = []
    for number in range(count):
        mine = counted & (given == number)
        order = np.argsort(-score[mine], kind="stable")
        faces = np.array([np.count_nonzero(objects == number)])
        nowhere = np.zeros(len(order), np.int64)  # the picture, of which AP asks nothing
        ranked.append(Ranked(score[mine][order], correct[mine][order], nowhere, faces))
    return mean_of(ranked) if len(objects) else 1.0

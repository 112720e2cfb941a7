"""Average precision of several classes: each is ranked by itself, and their mean is the detector's.

A class of which a set of pictures has no object tells nothing, and is left out of the mean, as
pycocotools leaves it out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dse.detection.average_precision import Ranked, rank
from dse.detection.detections import Detections
from dse.detection.matching import FOUND_IOU, Labels, judge_classes, partners
from dse.errors import DataError

__all__ = ["COCO_IOUS", "confusion", "mean_average_precision", "mean_of", "pooled", "rank_classes"]

COCO_IOUS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""Overlaps over which COCO's own figure is the mean (Lin et al., arXiv 1405.0312)."""


def rank_classes(
    detections: Sequence[Detections],
    labels: Sequence[Labels],
    classes: int,
    ious: Sequence[float] = (FOUND_IOU,),
) -> list[list[Ranked]]:
    """The detections of each class in one order: for every overlap of `ious`, one `Ranked` a class.

    detections, labels: one a picture.
    """
    ranked: list[list[Ranked]] = [[] for _ in ious]
    for number in range(classes):
        found, sides = detections, [one.of(number) for one in labels]
        if classes > 1:
            found = [one[one.classes == number] for one in detections]
        truth, ignored = [boxes for boxes, _ in sides], [left_out for _, left_out in sides]
        for place, iou in enumerate(ious):
            ranked[place].append(rank(found, truth, ignored, iou))
    return ranked


def mean_of(ranked: Sequence[Ranked]) -> float:
    """Mean AP, 0..1, of the classes that have objects. Raises DataError where none has any."""
    known = [one.ap for one in ranked if one.objects]
    if not known and len(ranked) > 1:
        raise DataError("no labelled object to find", "evaluate on pictures with objects in them")
    return float(np.mean(known)) if known else ranked[0].ap


def mean_average_precision(
    detections: Sequence[Detections],
    labels: Sequence[Labels],
    classes: int,
    ious: Sequence[float] = (FOUND_IOU,),
) -> float:
    """Mean AP over classes, and over `ious`. Arguments and errors as of the functions above."""
    return float(np.mean([mean_of(one) for one in rank_classes(detections, labels, classes, ious)]))


def pooled(ranked: Sequence[Ranked]) -> Ranked:
    """All classes in one order, for a threshold that is the same for all of them."""
    if len(ranked) == 1:
        return ranked[0]
    score = np.concatenate([one.score for one in ranked])
    order = np.argsort(-score, kind="stable")
    correct = np.concatenate([one.correct for one in ranked])[order]
    picture = np.concatenate([one.picture for one in ranked])[order]
    return Ranked(score[order], correct, picture, np.sum([one.faces for one in ranked], axis=0))


def confusion(
    believed: Sequence[Detections], labels: Sequence[Labels], classes: int
) -> NDArray[np.int64]:
    """Objects (rows) by the class that a detector gave them (columns), (classes + 1, classes + 1).

    The last row is of detections where there is no object, the last column of objects that
    nobody found. Each detection first looks for an object of its own class, as average
    precision does; the objects and the detections that are left are then matched whatever their
    class. Detections on ignored boxes are left out.
    """
    table = np.zeros((classes + 1, classes + 1), np.int64)
    for found, truth in zip(believed, labels, strict=True):
        right = judge_classes(found, truth)
        np.add.at(table, (found.classes[right.true],) * 2, 1)
        rest, kinds = found[right.false], truth.classes[right.missed]
        taken = partners(rest, truth.boxes[right.missed])
        np.add.at(table, (np.append(kinds, classes)[taken], rest.classes), 1)
        missed = np.delete(kinds, taken[taken >= 0])
        np.add.at(table, (missed, np.full(len(missed), classes)), 1)
    return table

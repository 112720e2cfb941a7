"""Which detections have found an object, which are wrong, and which objects nobody found.

As COCO does it (Lin et al., arXiv 1405.0312), and pycocotools: detections take their turn by
descending score, each takes the free object that it overlaps most, and a detection that lies on
an ignored box counts neither way. Each class is judged by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dse.detection.detections import Detections
from dse.detection.geometry import SMALLEST_AREA, Boxes, intersection_matrix, iou_matrix

__all__ = ["FOUND_IOU", "Judged", "Labels", "judge", "judge_classes", "partners"]

FOUND_IOU = 0.5
"""Overlap from which a detection has found an object."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Labels:
    """What is on one picture: boxes (m, 4) to find and ignored ones (l, 4), with their classes.

    classes (m,), ignored_classes (l,): as of `Detections`; an ignored box of a class below 0 is
    one for all classes.
    """

    boxes: Boxes
    ignored: Boxes
    classes: NDArray[np.int32]
    ignored_classes: NDArray[np.int32]

    def of(self, number: int) -> tuple[Boxes, Boxes]:
        """The boxes of one class, and those that are ignored when it is judged."""
        either = (self.ignored_classes == number) | (self.ignored_classes < 0)
        return self.boxes[self.classes == number], self.ignored[either]


@dataclass(frozen=True)
class Judged:
    """What one picture's k detections and m objects came to.

    true: (k,) has found an object of its own. left_out: (k,) counts neither way.
    missed: (m,) nobody found this object.
    """

    true: Flags
    left_out: Flags
    missed: Flags

    @property
    def false(self) -> Flags:
        """(k,) detections of what is no object, or of one that a better detection has found."""
        return ~(self.true | self.left_out)


def judge(found: Detections, truth: Boxes, ignored: Boxes, iou: float = FOUND_IOU) -> Judged:
    """`found` against the objects `truth` (m, 4) and `ignored` (l, 4) of the same picture.

    All are of one class, whatever they say; `judge_classes` is for several. A detection is left
    out where an ignored box covers the share `iou` of it.

    Better detections choose first, so that leaving out those below a score changes nothing
    about the others.
    """
    objects = partners(found, truth, iou)
    true = objects >= 0
    missed = np.ones(len(truth), bool)
    missed[objects[true]] = False
    return Judged(true, ~true & _on_ignored(found.boxes, ignored, iou), missed)


def judge_classes(found: Detections, labels: Labels, iou: float = FOUND_IOU) -> Judged:
    """`judge` class by class, the flags in the order of `found` and of `labels`."""
    flags = np.zeros((2, len(found)), bool)
    missed = np.ones(len(labels.boxes), bool)
    for number in np.unique(found.classes):
        mine, ours = found.classes == number, labels.classes == number
        judged = judge(found[mine], *labels.of(number), iou)
        flags[:, mine] = judged.true, judged.left_out
        missed[ours] = judged.missed
    return Judged(flags[0], flags[1], missed)


def partners(found: Detections, truth: Boxes, iou: float = FOUND_IOU) -> NDArray[np.intp]:
    """The place in `truth` (m, 4) of the object that each detection has found (k,), or -1."""
    objects = np.full(len(found), -1)
    order = np.argsort(-found.scores, kind="stable")
    objects[order] = _match(iou_matrix(found.boxes[order], truth), iou)
    return objects


def _match(overlap: NDArray[np.float32], iou: float) -> NDArray[np.intp]:
    """The object (column of overlap (k, m)) that each detection (row, best first) takes, or -1."""
    objects = np.full(len(overlap), -1)
    free = overlap.copy()
    for row in np.flatnonzero((overlap >= iou).any(axis=1)):
        place = len(free[row]) - 1 - int(np.argmax(free[row][::-1]))  # the last of equals
        if free[row, place] >= iou:
            objects[row] = place
            free[:, place] = -1.0
    return objects


def _on_ignored(boxes: Boxes, ignored: Boxes, share: float) -> Flags:
    """Which boxes (k, 4) lie on a box of ignored (m, 4) with that share of their area (k,)."""
    if not len(ignored):
        return np.zeros(len(boxes), bool)
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0.0)
    area = sides[:, 0] * sides[:, 1]
    common = intersection_matrix(boxes, ignored).max(axis=1)
    # divided, as COCO does: 30 of 50 pixels are 0.6, but 0.6 * 50 may be more than 30
    covered = common.astype(np.float64) / np.maximum(area, SMALLEST_AREA)
    lies: Flags = (covered >= share) & (area > 0)
    return lies

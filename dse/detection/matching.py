"""Which detections have found a face, which are wrong, and which faces nobody found.

As COCO does it (Lin et al., arXiv 1405.0312), and pycocotools: detections take their turn by
descending score, each takes the free face that it overlaps most, and a detection that lies on
an ignored face counts neither way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dse.detection.detections import Detections
from dse.detection.geometry import Boxes, intersection_matrix, iou_matrix

__all__ = ["FOUND_IOU", "Judged", "judge"]

FOUND_IOU = 0.5
"""Overlap from which a detection has found a face."""

IGNORED_SHARE = 0.5
"""A detection with this share of its area on an ignored face is left out."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Judged:
    """What one picture's k detections and m faces came to.

    true: (k,) has found a face of its own. left_out: (k,) counts neither way.
    missed: (m,) nobody found this face.
    """

    true: Flags
    left_out: Flags
    missed: Flags

    @property
    def false(self) -> Flags:
        """(k,) detections of what is no face, or of a face that a better one has found."""
        return ~(self.true | self.left_out)


def judge(found: Detections, truth: Boxes, ignored: Boxes, iou: float = FOUND_IOU) -> Judged:
    """`found` against the faces `truth` (m, 4) and `ignored` (l, 4) of the same picture.

    Better detections choose first, so that leaving out those below a score changes nothing
    about the others.
    """
    faces = np.full(len(found), -1)
    order = np.argsort(-found.scores, kind="stable")
    faces[order] = _match(iou_matrix(found.boxes[order], truth), iou)
    true = faces >= 0
    missed = np.ones(len(truth), bool)
    missed[faces[true]] = False
    return Judged(true, ~true & _on_ignored(found.boxes, ignored), missed)


def _match(overlap: NDArray[np.float32], iou: float) -> NDArray[np.intp]:
    """The face (column of overlap (k, m)) that each detection (row, best first) takes, or -1."""
    faces = np.full(len(overlap), -1)
    free = overlap.copy()
    for row in np.flatnonzero((overlap >= iou).any(axis=1)):
        face = len(free[row]) - 1 - int(np.argmax(free[row][::-1]))  # the last of equals
        if free[row, face] >= iou:
            faces[row] = face
            free[:, face] = -1.0
    return faces


def _on_ignored(boxes: Boxes, ignored: Boxes) -> Flags:
    """Which boxes (k, 4) lie on a box of ignored (m, 4) with half their area or more (k,)."""
    if not len(ignored):
        return np.zeros(len(boxes), bool)
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0.0)
    area = sides[:, 0] * sides[:, 1]
    common = intersection_matrix(boxes, ignored).max(axis=1)
    lies: Flags = (common >= IGNORED_SHARE * area) & (area > 0)
    return lies

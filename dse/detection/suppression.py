"""Greedy non-maximum suppression."""

from __future__ import annotations

import numpy as np

from dse.detection.detections import Detections
from dse.detection.geometry import iou_matrix

__all__ = ["suppress"]


def suppress(found: Detections, iou_threshold: float, max_boxes: int) -> Detections:
    """The best box, then the best that overlaps no better one by more than `iou_threshold`, ...

    found: n boxes in any order; those of different classes leave each other alone. Returns at
    most `max_boxes` in all, best first; equal scores keep their order. Quadratic in n: hand it
    a few hundred boxes.
    """
    order = np.argsort(-found.scores, kind="stable")
    boxes, scores, classes = found.boxes[order], found.scores[order], found.classes[order]
    free_of = iou_matrix(boxes, boxes) <= iou_threshold  # (n, n)
    if classes.any():
        free_of |= classes[:, None] != classes
    alive = np.ones(len(boxes), bool)
    kept: list[int] = []
    place = 0
    while len(kept) < max_boxes:
        place += int(np.argmax(alive[place:])) if place < len(boxes) else 0
        if place >= len(boxes) or not alive[place]:
            break
        kept.append(place)
        alive &= free_of[place]
        place += 1
    return Detections(boxes[kept], scores[kept], classes[kept])

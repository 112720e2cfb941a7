"""Greedy non-maximum suppression."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dse.detection.detections import Detections
from dse.detection.geometry import Boxes, iou_matrix

__all__ = ["suppress"]


def suppress(
    boxes: Boxes, scores: NDArray[np.float32], iou_threshold: float, max_boxes: int
) -> Detections:
    """The best box, then the best that overlaps no better one by more than `iou_threshold`, ...

    boxes (n, 4), scores (n,): in any order. Returns at most `max_boxes`, best first; equal
    scores keep their order. Quadratic in n: hand it a few hundred boxes.
    """
    order = np.argsort(-scores, kind="stable")
    boxes, scores = boxes[order], scores[order]
    free_of = iou_matrix(boxes, boxes) <= iou_threshold  # (n, n)
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
    return Detections(boxes[kept], scores[kept])

"""From output maps to boxes."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dse.detection.geometry import anchor_grid, decode
from dse.evaluation.detections import Detections
from dse.evaluation.suppression import suppress

__all__ = ["CANDIDATES", "IOU_THRESHOLD", "MAX_BOXES", "SCORE_THRESHOLD", "decode_maps"]

SCORE_THRESHOLD = 0.05
"""Boxes below never change a precision that anybody would run a detector at."""

IOU_THRESHOLD = 0.4
MAX_BOXES = 200

CANDIDATES = 400
"""Boxes that enter suppression, best scores first: bounds the time of a crowded picture.

Of equal scores the first in the map comes first, here and in suppression; a box with a number
that is none (NaN) is no box. The board's decoders (`dse/export/templates`) follow.
"""


def decode_maps(
    maps: NDArray[np.float32],
    input_size: int,
    score_threshold: float = SCORE_THRESHOLD,
    iou_threshold: float = IOU_THRESHOLD,
    max_boxes: int = MAX_BOXES,
    *,
    anchor_size: int | None = None,
) -> list[Detections]:
    """The faces that output maps (n, h, w, 125) show, canvas pixels, one entry a picture.

    A cell holds 25 times (score logit, tx, ty, tw, th). input_size: side of the canvas.
    anchor_size: side of the canvas that the network was trained for, where it differs
    (a pyramid's other levels): canonical boxes keep the size in pixels that they have there.
    """
    anchors = _anchors(input_size, maps.shape[1], maps.shape[2], anchor_size or input_size)
    logit = math.log(score_threshold / (1.0 - score_threshold))
    found = []
    for cells in maps.reshape(len(maps), -1, 5):
        chosen = _best(cells, logit)
        boxes = np.clip(decode(cells[chosen, 1:], anchors[chosen]), 0.0, input_size)
        best = suppress(boxes.astype(np.float32), cells[chosen, 0], iou_threshold, max_boxes)
        scores = 1.0 / (1.0 + np.exp(-best.scores))
        found.append(Detections(best.boxes, scores.astype(np.float32, copy=False)))
    return found


def _best(cells: NDArray[np.float32], threshold: float) -> NDArray[np.intp]:
    """Indices of the cells (n, 5) with a logit above `threshold`: all, or the best `CANDIDATES`."""
    above = np.flatnonzero(cells[:, 0] > threshold)
    above = above[~np.isnan(cells[above]).any(axis=1)]
    if len(above) > CANDIDATES:
        above = above[np.argsort(-cells[above, 0], kind="stable")[:CANDIDATES]]
        above.sort()
    return above


@lru_cache(maxsize=16)
def _anchors(
    input_size: int, map_height: int, map_width: int, anchor_size: int
) -> NDArray[np.float32]:
    anchors = anchor_grid(input_size, map_height, map_width)
    anchors[:, 2:] *= anchor_size / input_size
    return anchors

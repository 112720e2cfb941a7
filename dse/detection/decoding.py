"""From output maps to boxes."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dse.canvas import Canvas, InputSize
from dse.detection.detections import Detections
from dse.detection.head import FACE_HEAD, Head
from dse.detection.suppression import suppress

__all__ = ["CANDIDATES", "IOU_THRESHOLD", "MAX_BOXES", "SCORE_THRESHOLD", "decode_maps"]

SCORE_THRESHOLD = 0.05
"""Boxes below never change a precision that anybody would run a detector at."""

IOU_THRESHOLD = 0.4
MAX_BOXES = 200

CANDIDATES = 400
"""Boxes that enter suppression, best scores first: bounds the time of a crowded picture.

Of equal scores the first in the map comes first, here and in suppression; a box with a number
that is none (NaN) is no box. The board's decoders (`dse/chips/k210/bundle/templates`) follow.
"""


def decode_maps(
    maps: NDArray[np.float32],
    input_size: InputSize,
    score_threshold: float = SCORE_THRESHOLD,
    iou_threshold: float = IOU_THRESHOLD,
    max_boxes: int = MAX_BOXES,
    *,
    anchor_size: InputSize | None = None,
    head: Head = FACE_HEAD,
    class_index: int = 0,
) -> list[Detections]:
    """The objects that output maps (n, h, w, channels) show, canvas pixels, one entry a picture.

    input_size: names the canvas. anchor_size: as of `Head.grid`. head: what the channels
    mean. class_index: of the objects wanted; those of other classes neither show nor suppress.
    """
    grid = _grid(head, input_size, maps.shape[1], maps.shape[2], anchor_size)
    canvas = Canvas.of(input_size)
    edges = (canvas.width, canvas.height) * 2
    logit = math.log(score_threshold / (1.0 - score_threshold))
    found = []
    for rows in head.rows(maps):
        scores, offsets = head.numbers(rows)
        logits = scores[:, class_index]
        chosen = _best(rows, logits, logit)
        boxes = np.clip(head.decode(offsets[chosen], grid[chosen]), 0.0, edges)
        best = suppress(boxes.astype(np.float32), logits[chosen], iou_threshold, max_boxes)
        probabilities = 1.0 / (1.0 + np.exp(-best.scores))
        found.append(Detections(best.boxes, probabilities.astype(np.float32, copy=False)))
    return found


def _best(
    rows: NDArray[np.float32], logits: NDArray[np.float32], threshold: float
) -> NDArray[np.intp]:
    """Places of rows (k, numbers) whose logit (k,) is above: all, or the best `CANDIDATES`."""
    above = np.flatnonzero(logits > threshold)
    above = above[~np.isnan(rows[above]).any(axis=1)]
    if len(above) > CANDIDATES:
        above = above[np.argsort(-logits[above], kind="stable")[:CANDIDATES]]
        above.sort()
    return above


@lru_cache(maxsize=16)
def _grid(
    head: Head,
    input_size: InputSize,
    map_height: int,
    map_width: int,
    anchor_size: InputSize | None,
) -> NDArray[np.float32]:
    return head.grid(input_size, map_height, map_width, anchor_size)

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

A box counts once for each class that it may hold; the limit, as `MAX_BOXES`, is one for all
classes together. Of equal scores the first in the map comes first, and of one box the first
class, here and in suppression; a box with a number that is none (NaN) is no box. The board's
decoders (`dse/chips/k210/bundle/templates`) follow.
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
) -> list[Detections]:
    """The objects that output maps (n, h, w, channels) show, canvas pixels, one entry a picture.

    input_size: names the canvas. anchor_size: as of `Head.grid`. head: what the channels
    mean. Objects of one class suppress none of another.
    """
    grid = _grid(head, input_size, maps.shape[1], maps.shape[2], anchor_size)
    canvas = Canvas.of(input_size)
    edges = (canvas.width, canvas.height) * 2
    logit = math.log(score_threshold / (1.0 - score_threshold))
    found = []
    for rows in head.rows(maps):
        logits = head.logits(rows)
        chosen, classes = _best(rows, logits, logit)
        offsets = head.numbers(rows[chosen]).offsets
        boxes = head.decode(offsets, grid[chosen])
        if not head.as_darknet:
            boxes = np.clip(boxes, 0.0, edges)
        candidates = Detections(boxes.astype(np.float32), logits[chosen, classes], classes)
        best = suppress(candidates, iou_threshold, max_boxes)
        if head.as_darknet:
            best = _likeliest(best, edges)
        probabilities = 1.0 / (1.0 + np.exp(-best.scores))
        scores = probabilities.astype(np.float32, copy=False)
        found.append(Detections(best.boxes, scores, best.classes))
    return found


def _likeliest(best: Detections, edges: tuple[int, ...]) -> Detections:
    """Each box of `best` (best first) once, clipped. Two rows of a map give no equal boxes."""
    _, first = np.unique(best.boxes, axis=0, return_index=True)
    once = best[np.sort(first)]
    return Detections(np.clip(once.boxes, 0.0, edges), once.scores, once.classes)


def _best(
    rows: NDArray[np.float32], logits: NDArray[np.float32], threshold: float
) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Places of rows (k, numbers) and classes whose logit (k, classes) is above the threshold.

    All of them, or the best `CANDIDATES`; in the order of the map.
    """
    flat = logits.ravel()
    above = np.flatnonzero(flat > threshold)
    above = above[~np.isnan(rows[above // logits.shape[1]]).any(axis=1)]
    if len(above) > CANDIDATES:
        above = above[np.argsort(-flat[above], kind="stable")[:CANDIDATES]]
        above.sort()
    places, classes = np.divmod(above, logits.shape[1])
    return places, classes.astype(np.int32)


@lru_cache(maxsize=16)
def _grid(
    head: Head,
    input_size: InputSize,
    map_height: int,
    map_width: int,
    anchor_size: InputSize | None,
) -> NDArray[np.float32]:
    return head.grid(input_size, map_height, map_width, anchor_size)

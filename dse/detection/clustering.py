"""Anchors made from the boxes that a detector shall find."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dse.detection.head import Anchors
from dse.errors import DataError

__all__ = ["cluster_anchors"]

Float64s = NDArray[np.float64]

ROUNDS = 100
"""Of Lloyd's, at most: on our sets it settles in 10 to 40."""

RESTARTS = 5
SMALLEST_SIDE = 0.01
"""Pixels; a box without a side is like no other."""


def cluster_anchors(sizes: Float64s, count: int, seed: int = 0) -> Anchors:
    """`count` anchors for boxes of `sizes` (n, 2), widths and heights; by area, the smallest first.

    k-means with 1 - IoU for the distance, of boxes laid onto one centre (Redmon and Farhadi, arXiv
    1612.08242, section 2), the best of five starts as of k-means++. The same boxes give the same
    anchors. Fewer different boxes than anchors: larger and smaller ones of theirs are added.
    Raises DataError where there is no box.
    """
    boxes = np.maximum(np.asarray(sizes, np.float64), SMALLEST_SIDE)
    if not len(boxes):
        raise DataError("no training picture holds a box", "label some: anchors are made of them")
    kinds = np.unique(boxes.round(2), axis=0)
    if len(kinds) <= count:
        return _listed(_spread(kinds, count))
    rng = np.random.default_rng(seed)
    tries = [_settled(boxes, _spaced(boxes, count, rng)) for _ in range(RESTARTS)]
    return _listed(max(tries, key=lambda anchors: float(_alike(boxes, anchors).max(1).mean())))


def _alike(boxes: Float64s, anchors: Float64s) -> Float64s:
    """(n, k) IoU of sizes (n, 2) and (k, 2) laid onto one centre."""
    common = np.minimum(boxes[:, None], anchors).prod(axis=-1)
    union = boxes.prod(axis=-1)[:, None] + anchors.prod(axis=-1) - common
    return np.asarray(common / union)


def _spaced(boxes: Float64s, count: int, rng: np.random.Generator) -> Float64s:
    """`count` of the boxes, each drawn where those before it are unlike."""
    chosen = [int(rng.integers(len(boxes)))]
    while len(chosen) < count:
        unlike = (1.0 - _alike(boxes, boxes[chosen]).max(axis=1)) ** 2
        chosen.append(int(rng.choice(len(boxes), p=unlike / unlike.sum())))
    return boxes[chosen]


def _settled(boxes: Float64s, anchors: Float64s) -> Float64s:
    """Lloyd's rounds, with the median of a cluster's sizes: the mean leans to a few large ones."""
    nearest = np.full(len(boxes), -1)
    for _ in range(ROUNDS):
        before, nearest = nearest, _alike(boxes, anchors).argmax(axis=1)
        if np.array_equal(before, nearest):
            break
        anchors = np.array([
            np.median(boxes[nearest == at], axis=0) if (nearest == at).any() else old
            for at, old in enumerate(anchors)
        ])  # fmt: skip
    return anchors


def _spread(kinds: Float64s, count: int) -> Float64s:
    """Few kinds of boxes as `count` anchors: in turn as they are, larger and smaller."""
    factors = (1.25**step for step in (0, *(s for n in range(1, count) for s in (n, -n))))
    rows = [kind * factor for factor in factors for kind in kinds]
    return np.array(rows[:count])


def _listed(anchors: Float64s) -> Anchors:
    """To a hundredth of a pixel, so that a file holds them exactly."""
    ordered = sorted(anchors.round(2).tolist(), key=lambda size: (size[0] * size[1], size))
    return tuple((max(w, SMALLEST_SIDE), max(h, SMALLEST_SIDE)) for w, h in ordered)

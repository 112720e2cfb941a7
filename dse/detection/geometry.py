"""Boxes and anchors: how much they overlap.

Boxes are corners x0, y0, x1, y1; anchors are centres and sizes cx, cy, w, h; both in pixels
of the network's input canvas, float32.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["SMALLEST_AREA", "Boxes", "corners", "intersection_matrix", "iou_matrix"]

Float32s = NDArray[np.float32]

Boxes = NDArray[np.float32]
"""(n, 4) float32: x0, y0, x1, y1 in pixels."""

SMALLEST_AREA = np.float32(1e-9)
"""Square pixels; stands for an empty union, so that 0 / 0 is 0."""


def intersection_matrix(a: Float32s, b: Float32s) -> Float32s:
    """Areas that boxes a (n, 4) and b (m, 4) have in common, (n, m), square pixels."""
    left, top, right, bottom = np.ascontiguousarray(np.asarray(b, np.float32).T)  # (m,) each
    mine = np.asarray(a, np.float32)[:, :, None]  # (n, 4, 1)
    common = _common_length(mine[:, 0], mine[:, 2], left, right)
    common *= _common_length(mine[:, 1], mine[:, 3], top, bottom)
    return common


def _common_length(start: Float32s, end: Float32s, starts: Float32s, ends: Float32s) -> Float32s:
    """Overlap of intervals (n, 1) and (m,), (n, m); in place, which halves the time."""
    common: Float32s = np.minimum(end, ends)
    common -= np.maximum(start, starts)
    np.maximum(common, 0.0, out=common)
    return common


def iou_matrix(a: Float32s, b: Float32s) -> Float32s:
    """Intersection over union of boxes a (n, 4) and b (m, 4), (n, m) in 0..1.

    Boxes without area overlap nothing, not even themselves.
    """
    iou = intersection_matrix(a, b)
    union = np.add.outer(_areas(a), _areas(b))
    union -= iou
    np.maximum(union, SMALLEST_AREA, out=union)
    iou /= union
    np.minimum(iou, 1.0, out=iou)
    return iou


def _areas(boxes: Float32s) -> Float32s:
    sides = np.maximum(np.asarray(boxes, np.float32)[:, 2:] - boxes[:, :2], np.float32(0.0))
    areas: Float32s = sides[:, 0] * sides[:, 1]
    return areas


def corners(anchors: Float32s) -> Float32s:
    """Anchors (..., 4) cx, cy, w, h as boxes (..., 4) x0, y0, x1, y1."""
    boxes = np.empty(anchors.shape, np.float32)
    for axis in (0, 1):  # column by column: numpy is slow along a last axis of 2
        half = anchors[..., axis + 2] * np.float32(0.5)
        boxes[..., axis] = anchors[..., axis] - half
        boxes[..., axis + 2] = anchors[..., axis] + half
    return boxes

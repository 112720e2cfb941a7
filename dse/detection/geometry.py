"""Boxes and anchors: overlap, the grid of anchors of an output map, and the coding of boxes.

Boxes are corners x0, y0, x1, y1; anchors are centres and sizes cx, cy, w, h; both in pixels
of the network's input canvas, float32.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dse.detection.canonical_boxes import canonical_boxes

__all__ = ["anchor_grid", "corners", "decode", "encode", "intersection_matrix", "iou_matrix"]

Float32s = NDArray[np.float32]

MAX_LOG_RATIO = 8.0
"""`decode` clips log(w/w_a) here: e^8 = 2981 anchors wide, so that rubbish stays finite."""

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


def anchor_grid(input_size: int, map_height: int, map_width: int) -> Float32s:
    """All anchors of an output map, (map_height * map_width * 25, 4) cx, cy, w, h.

    Row-major over rows i, columns j, canonical boxes, as the output map reshaped to
    (h, w, 25, 5) has them. The centre of cell (i, j) is ((j + 0.5) * input_size / map_width,
    (i + 0.5) * input_size / map_height).
    """
    sizes = canonical_boxes(input_size)
    grid = np.empty((map_height, map_width, len(sizes), 4), np.float32)
    grid[..., 0] = ((np.arange(map_width) + 0.5) * (input_size / map_width))[None, :, None]
    grid[..., 1] = ((np.arange(map_height) + 0.5) * (input_size / map_height))[:, None, None]
    grid[..., 2:] = sizes
    return grid.reshape(-1, 4)


def corners(anchors: Float32s) -> Float32s:
    """Anchors (..., 4) cx, cy, w, h as boxes (..., 4) x0, y0, x1, y1."""
    boxes = np.empty(anchors.shape, np.float32)
    for axis in (0, 1):  # column by column: numpy is slow along a last axis of 2
        half = anchors[..., axis + 2] * np.float32(0.5)
        boxes[..., axis] = anchors[..., axis] - half
        boxes[..., axis + 2] = anchors[..., axis] + half
    return boxes


def encode(boxes: Float32s, anchors: Float32s) -> Float32s:
    """Offsets (n, 4) that turn anchors (n, 4) into boxes (n, 4).

    tx = (cx - cx_a) / w_a, ty = (cy - cy_a) / h_a, tw = log(w / w_a), th = log(h / h_a)
    (Narduzzi et al., arXiv 2208.11011, section III, after Faster R-CNN). Boxes need area.
    """
    centres = (boxes[..., :2] + boxes[..., 2:]) * np.float32(0.5)
    shift = (centres - anchors[..., :2]) / anchors[..., 2:]
    stretch = np.log((boxes[..., 2:] - boxes[..., :2]) / anchors[..., 2:])
    offsets: Float32s = np.concatenate((shift, stretch), axis=-1).astype(np.float32, copy=False)
    return offsets


def decode(offsets: Float32s, anchors: Float32s) -> Float32s:
    """Boxes (..., 4) that offsets (..., 4) make of anchors (..., 4): the inverse of `encode`.

    Both arguments broadcast. Sizes are clipped at e^8 times the anchor's, either way.
    """
    centres = offsets[..., :2] * anchors[..., 2:] + anchors[..., :2]
    stretch = np.exp(np.clip(offsets[..., 2:], -MAX_LOG_RATIO, MAX_LOG_RATIO))
    return corners(np.concatenate((centres, stretch * anchors[..., 2:]), axis=-1))

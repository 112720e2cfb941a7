"""Which anchors a network is taught to fire on, and which are left out of the loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dse.detection.geometry import corners, intersection_matrix, iou_matrix

__all__ = ["Assignment", "assign", "assign_by_centre"]

Float32s = NDArray[np.float32]

POSITIVE_IOU = 0.5
"""Overlap from which an anchor is a face: what average precision asks of a detection, too."""

NEGATIVE_IOU = 0.35
"""Overlap below which an anchor is background; between the two it is left out."""

IGNORED_SHARE = 0.5
"""An anchor with this share of its area inside an ignored face is left out."""

FACES_AT_ONCE = 16
"""Overlaps of so many faces stay in a core's cache: three times quicker in a crowd of 95."""


@dataclass(frozen=True)
class Assignment:
    """Anchors of one picture, as ascending indices; those in neither list are background.

    positive: (p,) int32, anchors that are a face.
    faces: (p,) int32, which face each of them is.
    ignored: (q,) int32, anchors without a loss.
    """

    positive: NDArray[np.int32]
    faces: NDArray[np.int32]
    ignored: NDArray[np.int32]


def assign(
    boxes: Float32s, ignored: Float32s, anchors: Float32s, *, least_iou: float = 0.0
) -> Assignment:
    """Targets for faces `boxes` (n, 4) and `ignored` (m, 4) on the canvas, pixels.

    anchors: (k, 4) cx, cy, w, h. An anchor with IoU >= 0.5 is positive for the face it
    overlaps most; so is the best anchor of every face, however little it overlaps (if two
    faces share their best anchor, the one that overlaps it more gets it). Ignored are
    anchors of IoU 0.35..0.5, and those over an ignored face.

    least_iou: a face that its best anchor overlaps no more than this is too small for the
    map: that anchor is ignored instead. In a 14 x 14 map at 224 pixels, one face in ten of
    our training photographs is below 0.2.
    """
    anchor_boxes = corners(anchors)
    face_of, is_positive, is_left_out = _match(boxes, anchor_boxes, least_iou)
    if len(ignored):
        is_left_out |= _over_ignored(ignored, anchor_boxes)
    positive = np.flatnonzero(is_positive).astype(np.int32)
    left_out = np.flatnonzero(is_left_out & ~is_positive).astype(np.int32)
    return Assignment(positive, face_of[positive].astype(np.int32), left_out)


def assign_by_centre(
    boxes: Float32s, ignored: Float32s, rows: Float32s, *, least_iou: float = 0.0
) -> Assignment:
    """Targets where only the cell that holds a box's centre can say it, as in YOLOv2.

    rows: (k, 6) cx, cy, w, h of anchors, and width and height of their cells. Of the anchors in
    the cell, the one whose size overlaps the box most is positive (Redmon and Farhadi, arXiv
    1612.08242), and every other of IoU >= 0.5 in size that no box wants more. Of two boxes that
    want one anchor, the less alike takes the next. Ignored are anchors elsewhere whose IoU with a
    box is 0.5 or more, and those over an ignored box.

    least_iou: a box that is no more like any anchor than this is found by none.
    """
    anchor_boxes = corners(rows[:, :4])
    alike = _alike_in_cell(boxes, rows)
    row_of: dict[int, int] = {}  # row -> box
    for box in np.argsort(-alike.max(axis=1, initial=0.0), kind="stable").tolist():
        wanted = np.argsort(-alike[box], kind="stable")
        free = (row for row in wanted.tolist() if row not in row_of)
        row = next(free, -1)
        if row >= 0 and alike[box, row] > least_iou:
            row_of[row] = box
    most = alike.max(axis=0, initial=0.0)
    for row in np.flatnonzero(most >= POSITIVE_IOU).tolist():
        row_of.setdefault(row, int(alike[:, row].argmax()))
    near = iou_matrix(boxes, anchor_boxes).max(axis=0, initial=0.0) >= POSITIVE_IOU
    if len(ignored):
        near |= _over_ignored(ignored, anchor_boxes)
    positive = np.array(sorted(row_of), np.int32)
    near[positive] = False
    found = np.array([row_of[row] for row in positive.tolist()], np.int32)
    return Assignment(positive, found, np.flatnonzero(near).astype(np.int32))


def _alike_in_cell(boxes: Float32s, rows: Float32s) -> Float32s:
    """(n, k) IoU of boxes and anchors laid onto one centre; 0 outside the cell of the centre."""
    sizes = boxes[:, None, 2:] - boxes[:, None, :2]
    common = np.minimum(sizes, rows[:, 2:4]).prod(axis=-1)
    union = sizes.prod(axis=-1) + rows[:, 2:4].prod(axis=-1) - common
    cells = np.round(rows[:, :2] / rows[:, 4:6] - 0.5)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    last = cells.max(axis=0) if len(cells) else np.zeros(2)
    place = np.clip(np.floor(centres[:, None] / rows[:, 4:6]), 0, last)
    alike: Float32s = np.where((place == cells).all(axis=-1), common / union, 0.0)
    return alike


def _match(
    boxes: Float32s, anchor_boxes: Float32s, least_iou: float
) -> tuple[NDArray[np.intp], NDArray[np.bool_], NDArray[np.bool_]]:
    """Per anchor: the face it overlaps most, whether it is positive, whether to leave it out."""
    count = len(anchor_boxes)
    if not len(boxes) or not count:
        none = np.zeros(count, bool)
        return np.zeros(count, np.intp), none, none.copy()
    most, face_of, best, best_anchor = _overlaps(boxes, anchor_boxes)
    is_positive = most >= POSITIVE_IOU
    is_left_out = most >= NEGATIVE_IOU
    is_left_out[best_anchor[(best > 0) & (best <= least_iou)]] = True
    seen = np.flatnonzero(best > least_iou)
    for face in seen[np.argsort(best[seen], kind="stable")]:  # the largest overlap comes last
        face_of[best_anchor[face]] = face
        is_positive[best_anchor[face]] = True
    return face_of, is_positive, is_left_out


def _overlaps(
    boxes: Float32s, anchor_boxes: Float32s
) -> tuple[Float32s, NDArray[np.intp], Float32s, NDArray[np.intp]]:
    """Per anchor the largest IoU and with which face; per face the same with which anchor."""
    count = len(anchor_boxes)
    most, face_of = np.zeros(count, np.float32), np.zeros(count, np.intp)
    best, best_anchor = np.zeros(len(boxes), np.float32), np.zeros(len(boxes), np.intp)
    for start in range(0, len(boxes), FACES_AT_ONCE):
        faces = slice(start, start + FACES_AT_ONCE)
        overlap = iou_matrix(boxes[faces], anchor_boxes)
        largest = overlap.max(axis=0)
        is_more = largest > most
        face_of[is_more] = start + overlap.argmax(axis=0)[is_more]
        np.maximum(most, largest, out=most)
        best_anchor[faces] = overlap.argmax(axis=1)
        best[faces] = overlap.max(axis=1)
    return most, face_of, best, best_anchor


def _over_ignored(ignored: Float32s, anchor_boxes: Float32s) -> NDArray[np.bool_]:
    """Anchors that look like an ignored face, or lie mostly inside one."""
    areas = np.maximum(np.prod(anchor_boxes[:, 2:] - anchor_boxes[:, :2], axis=1), 1e-9)
    inside = intersection_matrix(ignored, anchor_boxes) >= IGNORED_SHARE * areas
    alike = iou_matrix(ignored, anchor_boxes) >= NEGATIVE_IOU
    over: NDArray[np.bool_] = (inside | alike).any(axis=0)
    return over

"""Suppression against the textbook's loop."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dse.detection.detections import Detections
from dse.detection.geometry import iou_matrix
from dse.detection.suppression import suppress


def random_boxes(count: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 30, (count, 2))
    boxes = np.concatenate([start, start + rng.integers(1, 25, (count, 2))], axis=1)
    return boxes.astype(np.float32), np.array(rng.integers(0, 9, count) / 8, np.float32)


def textbook(boxes: NDArray[np.float32], scores: NDArray[np.float32], limit: float) -> list[int]:
    left = sorted(range(len(boxes)), key=lambda i: (-scores[i], i))
    kept = []
    while left:
        best = left.pop(0)
        kept.append(best)
        left = [i for i in left if iou_matrix(boxes[[best]], boxes[[i]])[0, 0] <= limit]
    return kept


@given(count=st.integers(0, 25), seed=st.integers(0, 999), limit=st.sampled_from([0.0, 0.3, 0.5]))
def test_keeps_what_the_textbook_keeps(count: int, seed: int, limit: float) -> None:
    boxes, scores = random_boxes(count, seed)
    kept = textbook(boxes, scores, limit)
    found = suppress(Detections(boxes, scores), limit, 100)
    np.testing.assert_array_equal(found.boxes, boxes[kept].reshape(-1, 4))
    np.testing.assert_array_equal(found.scores, scores[kept])


def test_at_most_so_many_boxes() -> None:
    boxes = np.array([[i * 10, 0, i * 10 + 5, 5] for i in range(6)], np.float32)
    scores = np.linspace(0.1, 0.9, 6).astype(np.float32)
    found = suppress(Detections(boxes, scores), 0.5, 2)
    np.testing.assert_array_equal(found.boxes, boxes[[5, 4]])


@given(count=st.integers(0, 25), seed=st.integers(0, 999))
def test_classes_leave_each_other_alone(count: int, seed: int) -> None:
    boxes, scores = random_boxes(count, seed)
    classes = np.random.default_rng(seed + 1).integers(0, 3, count).astype(np.int32)
    found = suppress(Detections(boxes, scores, classes), 0.3, 100)
    assert (np.diff(found.scores) <= 0).all()
    for one in range(3):
        alone = suppress(Detections(boxes[classes == one], scores[classes == one]), 0.3, 100)
        np.testing.assert_array_equal(found.boxes[found.classes == one], alone.boxes)

"""Overlap of boxes and anchors."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dse.detection.geometry import corners, intersection_matrix, iou_matrix
from dse.detection.head import FACE_HEAD

Float32s = NDArray[np.float32]


@st.composite
def boxes(draw: st.DrawFn, least: int = 0, most: int = 6, least_side: float = 1.0) -> Float32s:
    """Boxes with area on a canvas of a few hundred pixels, some partly outside."""
    place = st.floats(-50, 300, width=32)
    side = st.floats(least_side, 250, width=32)
    rows = draw(st.lists(st.tuples(place, place, side, side), min_size=least, max_size=most))
    given_boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in rows], np.float32)
    return given_boxes.reshape(-1, 4)


def plain_iou(a: Float32s, b: Float32s) -> float:
    """The definition, for one pair, in float64."""
    x0, y0, x1, y1 = (float(value) for value in a)
    u0, v0, u1, v1 = (float(value) for value in b)
    common = max(0.0, min(x1, u1) - max(x0, u0)) * max(0.0, min(y1, v1) - max(y0, v0))
    return common / ((x1 - x0) * (y1 - y0) + (u1 - u0) * (v1 - v0) - common)


@given(boxes(), boxes())
@settings(max_examples=60, deadline=None)
def test_iou_is_symmetric_bounded_and_what_its_definition_says(a: Float32s, b: Float32s) -> None:
    overlap = iou_matrix(a, b)
    assert overlap.shape == (len(a), len(b))
    assert overlap.dtype == np.float32
    assert ((overlap >= 0) & (overlap <= 1)).all()
    np.testing.assert_allclose(overlap, iou_matrix(b, a).T, atol=1e-6)
    expected = [[plain_iou(one, other) for other in b] for one in a]
    np.testing.assert_allclose(overlap, np.reshape(expected, overlap.shape), atol=1e-4)


@given(boxes(least=1))
@settings(max_examples=30, deadline=None)
def test_a_box_overlaps_itself_wholly(a: Float32s) -> None:
    np.testing.assert_allclose(np.diag(iou_matrix(a, a)), 1.0, atol=1e-4)


def test_iou_by_hand() -> None:
    a = np.array([[0, 0, 10, 10]], np.float32)
    b = np.array([[5, 0, 15, 10], [10, 10, 20, 20], [2, 2, 4, 7]], np.float32)
    np.testing.assert_allclose(intersection_matrix(a, b), [[50, 0, 10]])
    np.testing.assert_allclose(iou_matrix(a, b), [[1 / 3, 0, 0.1]], rtol=1e-6)


def test_boxes_without_area_overlap_nothing() -> None:
    flat = np.array([[5, 5, 5, 9], [7, 7, 3, 3], [0, 0, 0, 0]], np.float32)
    whole = np.array([[0, 0, 10, 10]], np.float32)
    assert not iou_matrix(flat, flat).any()
    assert not iou_matrix(flat, whole).any()


def test_many_boxes_give_the_same_as_one_by_one() -> None:
    random = np.random.default_rng(0)
    corner = random.uniform(0, 200, (40, 2))
    many = np.hstack((corner, corner + random.uniform(5, 50, (40, 2)))).astype(np.float32)
    anchors = corners(FACE_HEAD.grid(224, 14, 14))
    single = np.vstack([iou_matrix(many[i : i + 1], anchors) for i in range(len(many))])
    np.testing.assert_array_equal(iou_matrix(many, anchors), single)

"""Overlap, anchors and the coding of boxes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dse.detection.canonical_boxes import canonical_boxes
from dse.detection.geometry import (
    anchor_grid,
    corners,
    decode,
    encode,
    intersection_matrix,
    iou_matrix,
)

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
    anchors = corners(anchor_grid(224, 14, 14))
    single = np.vstack([iou_matrix(many[i : i + 1], anchors) for i in range(len(many))])
    np.testing.assert_array_equal(iou_matrix(many, anchors), single)


@given(boxes(least=1), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_decode_undoes_encode(truth: Float32s, random: object) -> None:
    grid = anchor_grid(224, 14, 14)
    anchors = grid[[random.randrange(len(grid)) for _ in truth]]  # type: ignore[attr-defined]
    np.testing.assert_allclose(decode(encode(truth, anchors), anchors), truth, atol=2e-3)


def test_encode_by_hand() -> None:
    anchor = np.array([[50, 40, 20, 10]], np.float32)
    box = np.array([[50, 35, 90, 55]], np.float32)  # centre (70, 45), 40 x 20
    expected = [[1.0, 0.5, np.log(2), np.log(2)]]
    np.testing.assert_allclose(encode(box, anchor), expected, rtol=1e-6)
    np.testing.assert_allclose(encode(corners(anchor), anchor), np.zeros((1, 4)), atol=1e-6)


def test_decode_broadcasts_over_pictures_and_stays_finite() -> None:
    anchors = anchor_grid(96, 3, 3)
    wild = np.full((2, len(anchors), 4), 1e4, np.float32)
    wild[1] = -1e4
    decoded = decode(wild, anchors)
    assert decoded.shape == (2, 225, 4)
    assert np.isfinite(decoded).all()


@pytest.mark.parametrize(("size", "height", "width"), [(224, 14, 14), (96, 6, 3), (500, 32, 32)])
def test_anchors_are_ordered_as_the_output_map(size: int, height: int, width: int) -> None:
    grid = anchor_grid(size, height, width)
    assert grid.shape == (height * width * 25, 4)
    assert grid.dtype == np.float32
    by_cell = grid.reshape(height, width, 25, 4)
    np.testing.assert_allclose(by_cell[0, 0, :, 2:], canonical_boxes(size))
    i, j = height - 1, 1
    centre = ((j + 0.5) * size / width, (i + 0.5) * size / height)
    np.testing.assert_allclose(by_cell[i, j, 7, :2], centre)

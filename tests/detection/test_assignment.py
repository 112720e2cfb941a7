"""Which anchors become faces, and which leave the loss."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dse.detection.assignment import assign
from dse.detection.geometry import corners, iou_matrix
from dse.detection.head import FACE_HEAD

Float32s = NDArray[np.float32]
NOTHING = np.zeros((0, 4), np.float32)
ANCHORS = FACE_HEAD.grid(224, 14, 14)


@st.composite
def faces(draw: st.DrawFn, most: int = 5) -> Float32s:
    side = st.floats(4, 180, width=32)
    place = st.floats(0, 180, width=32)
    rows = draw(st.lists(st.tuples(place, place, side, st.floats(0.8, 1.6)), max_size=most))
    some = [(x, y, x + w, y + w * ratio) for x, y, w, ratio in rows]
    return np.array(some, np.float32).reshape(-1, 4)


@given(faces(), faces(2))
@settings(max_examples=60, deadline=None)
def test_invariants(boxes: Float32s, ignored: Float32s) -> None:
    result = assign(boxes, ignored, ANCHORS)
    assert result.positive.dtype == result.ignored.dtype == np.int32
    assert result.faces.dtype == np.int32
    assert result.faces.shape == result.positive.shape
    assert ((result.faces >= 0) & (result.faces < len(boxes))).all()
    for indices in (result.positive, result.ignored):
        assert (np.diff(indices) > 0).all()
        assert ((indices >= 0) & (indices < len(ANCHORS))).all()
    assert not np.intersect1d(result.positive, result.ignored).size


@given(faces())
@settings(max_examples=60, deadline=None)
def test_thresholds(boxes: Float32s) -> None:
    result = assign(boxes, NOTHING, ANCHORS)
    most = iou_matrix(boxes, corners(ANCHORS)).max(axis=0, initial=0)
    is_positive = np.isin(np.arange(len(ANCHORS)), result.positive)
    is_ignored = np.isin(np.arange(len(ANCHORS)), result.ignored)
    assert is_positive[most >= 0.5].all()
    assert (is_positive | is_ignored)[most >= 0.35].all()
    assert not is_ignored[most < 0.35].any()
    assert (is_positive & (most < 0.5)).sum() <= len(boxes)  # only a face's best anchor


@given(faces())
@settings(max_examples=60, deadline=None)
def test_a_positive_anchor_is_a_face_that_it_overlaps_most_or_is_the_best_for(
    boxes: Float32s,
) -> None:
    result = assign(boxes, NOTHING, ANCHORS)
    overlap = iou_matrix(boxes, corners(ANCHORS))
    own = overlap[result.faces, result.positive]
    is_most = own >= overlap[:, result.positive].max(axis=0, initial=0)
    is_best = own >= overlap[result.faces].max(axis=1, initial=0)
    assert (is_most | is_best).all()


def test_a_crowd_is_assigned_as_the_definition_says() -> None:
    random = np.random.default_rng(3)
    corner = random.uniform(0, 190, (60, 2))
    crowd = np.hstack((corner, corner + random.uniform(8, 40, (60, 2)))).astype(np.float32)
    result = assign(crowd, NOTHING, ANCHORS)
    overlap = iou_matrix(crowd, corners(ANCHORS))
    expected = set(np.flatnonzero(overlap.max(axis=0) >= 0.5)) | set(overlap.argmax(axis=1))
    assert set(result.positive.tolist()) == expected
    is_own = result.faces == overlap[:, result.positive].argmax(axis=0)
    forced = np.isin(result.positive, overlap.argmax(axis=1))
    assert is_own[~forced].all()
    assert is_own.mean() > 0.9


def test_every_face_gets_an_anchor_even_a_poor_one() -> None:
    small_between_centres = np.array([[14, 14, 18, 18], [93, 93, 99, 99]], np.float32)
    assert iou_matrix(small_between_centres, corners(ANCHORS)).max() < 0.5
    result = assign(small_between_centres, NOTHING, ANCHORS)
    assert set(result.faces.tolist()) == {0, 1}


def test_a_face_too_small_for_the_map_can_be_left_out() -> None:
    small_between_centres = np.array([[14, 14, 18, 18]], np.float32)
    best = iou_matrix(small_between_centres, corners(ANCHORS)).argmax()
    result = assign(small_between_centres, NOTHING, ANCHORS, least_iou=0.2)
    assert not len(result.positive)
    assert result.ignored.tolist() == [best]


def test_a_face_that_no_anchor_touches_is_left_alone() -> None:
    result = assign(np.array([[900, 900, 950, 950]], np.float32), NOTHING, ANCHORS)
    assert not len(result.positive)
    assert not len(result.ignored)


def test_the_better_of_two_faces_gets_the_anchor_they_share() -> None:
    anchor = np.array([[50, 50, 40, 40]], np.float32)
    boxes = np.array([[32, 32, 72, 72], [31, 31, 71, 71], [10, 10, 34, 34]], np.float32)
    result = assign(boxes, NOTHING, anchor)
    assert result.positive.tolist() == [0]
    assert result.faces.tolist() == [1]


def test_anchors_over_an_ignored_face_leave_the_loss() -> None:
    face = np.array([[40, 40, 100, 110]], np.float32)
    crowd = np.array([[120, 0, 224, 224]], np.float32)
    result = assign(face, crowd, ANCHORS)
    small = (ANCHORS[:, 2] < 20) & (ANCHORS[:, 0] > 140)
    assert np.isin(np.flatnonzero(small), result.ignored).all()
    np.testing.assert_array_equal(result.positive, assign(face, NOTHING, ANCHORS).positive)


def test_a_small_ignored_face_takes_only_anchors_of_its_size() -> None:
    ignored = np.array([[102, 101, 114, 115]], np.float32)
    result = assign(NOTHING, ignored, ANCHORS)
    overlap = iou_matrix(ignored, corners(ANCHORS))[0]
    assert len(result.ignored)
    assert ANCHORS[result.ignored, 2].max() < 25
    assert overlap[result.ignored].min() > 0


def test_no_faces_no_targets() -> None:
    result = assign(NOTHING, NOTHING, ANCHORS)
    assert result.positive.shape == result.faces.shape == result.ignored.shape == (0,)
    assert assign(NOTHING, NOTHING, NOTHING).faces.shape == (0,)

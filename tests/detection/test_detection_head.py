"""A head says what channels mean, for any number of classes and anchors."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dse.detection.canonical_boxes import canonical_boxes
from dse.detection.geometry import corners
from dse.detection.head import FACE_HEAD, Head
from dse.errors import DseError

Float32s = NDArray[np.float32]
FACE_TABLE = FACE_HEAD.to_json()


@st.composite
def heads(draw: st.DrawFn) -> Head:
    side = st.floats(1, 500)
    anchors = draw(st.lists(st.tuples(side, side), min_size=1, max_size=30))
    names = st.text("abcdeé 日", min_size=1, max_size=8)
    classes = draw(st.lists(names, min_size=1, max_size=20, unique=True))
    return Head(tuple(anchors), tuple(classes))


@st.composite
def boxes(draw: st.DrawFn) -> Float32s:
    """Boxes with area on a canvas of a few hundred pixels, some partly outside."""
    place, side = st.floats(-50, 300, width=32), st.floats(1, 250, width=32)
    rows = draw(st.lists(st.tuples(place, place, side, side), min_size=1, max_size=6))
    return np.array([(x, y, x + w, y + h) for x, y, w, h in rows], np.float32)


def maps_of(head: Head, seed: int = 0) -> Float32s:
    return np.random.default_rng(seed).normal(size=(2, 3, 4, head.channels)).astype(np.float32)


@given(heads())
def test_a_box_has_a_score_for_each_class_and_four_numbers(head: Head) -> None:
    assert head.numbers_per_box == len(head.classes) + 4
    assert head.channels == len(head.anchors) * (len(head.classes) + 4)
    assert len(head.number_names) == head.numbers_per_box
    assert head.number_names[head.first_offset :] == ("tx", "ty", "tw", "th")
    assert len(set(head.number_names)) == head.numbers_per_box


def test_the_papers_head_is_one_of_them() -> None:
    assert FACE_HEAD.anchors == canonical_boxes()
    assert (FACE_HEAD.channels, FACE_HEAD.numbers_per_box, FACE_HEAD.first_offset) == (125, 5, 1)
    assert FACE_HEAD.number_names == ("score", "tx", "ty", "tw", "th")
    maps = maps_of(FACE_HEAD)
    cells = maps.reshape(2, 3, 4, 25, 5)
    scores, offsets = FACE_HEAD.split(maps)
    np.testing.assert_array_equal(scores[..., 0], cells[..., 0])
    np.testing.assert_array_equal(offsets, cells[..., 1:])


@given(heads(), st.integers(0, 99))
def test_every_channel_means_one_thing(head: Head, seed: int) -> None:
    maps = maps_of(head, seed)
    scores, offsets = head.split(maps)
    assert scores.shape == (2, 3, 4, len(head.anchors), len(head.classes))
    assert offsets.shape == (2, 3, 4, len(head.anchors), 4)
    again = np.concatenate((scores, offsets), axis=-1).reshape(maps.shape)
    np.testing.assert_array_equal(again, maps)
    rows = head.numbers(head.rows(maps))
    np.testing.assert_array_equal(rows.scores.reshape(scores.shape), scores)
    np.testing.assert_array_equal(rows.offsets.reshape(offsets.shape), offsets)


def test_keras_tensors_split_the_same() -> None:
    ops = pytest.importorskip("keras").ops
    head = Head(((10, 20), (30, 5)), ("cat", "dog", "cow"))
    maps = maps_of(head)
    for found, expected in zip(
        head.split(ops.convert_to_tensor(maps), ops), head.split(maps), strict=True
    ):
        np.testing.assert_array_equal(np.asarray(found), expected)


@given(heads())
def test_a_number_for_each_channel(head: Head) -> None:
    scores, offsets = head.split(head.per_channel(score=1.0, offset=4.0))
    assert (scores == 1).all() and (offsets == 4).all()
    assert head.per_channel(0, 0).dtype == np.float32


@given(heads(), boxes(), st.integers(0, 999))
@settings(max_examples=60, deadline=None)
def test_decode_undoes_encode(head: Head, truth: Float32s, seed: int) -> None:
    grid = head.grid(224, 14, 14)
    grid = grid[np.random.default_rng(seed).integers(len(grid), size=len(truth))]
    ratios = (truth[:, 2:] - truth[:, :2]) / grid[:, 2:]
    found = head.decode(head.encode(truth, grid), grid)
    inside = (np.abs(np.log(ratios)) < 7.9).all(axis=1)
    np.testing.assert_allclose(found[inside], truth[inside], atol=5e-3)


def test_encode_by_hand() -> None:
    anchor = np.array([[50, 40, 20, 10]], np.float32)
    box = np.array([[50, 35, 90, 55]], np.float32)  # centre (70, 45), 40 x 20
    expected = [[1.0, 0.5, np.log(2), np.log(2)]]
    np.testing.assert_allclose(FACE_HEAD.encode(box, anchor), expected, rtol=1e-6)
    np.testing.assert_allclose(FACE_HEAD.encode(corners(anchor), anchor), [[0] * 4], atol=1e-6)


def test_decode_broadcasts_over_pictures_and_stays_finite() -> None:
    grid = FACE_HEAD.grid(96, 3, 3)
    wild = np.full((2, len(grid), 4), 1e4, np.float32)
    wild[1] = -1e4
    decoded = FACE_HEAD.decode(wild, grid)
    assert decoded.shape == (2, 225, 4)
    assert np.isfinite(decoded).all()


@given(heads(), st.sampled_from([(224, 14, 14), (96, 6, 3), (500, 32, 32)]))
@settings(max_examples=30, deadline=None)
def test_anchors_are_ordered_as_the_output_map(head: Head, shape: tuple[int, int, int]) -> None:
    size, height, width = shape
    grid = head.grid(*shape)
    assert grid.dtype == np.float32
    by_cell = grid.reshape(height, width, len(head.anchors), 4)
    np.testing.assert_array_equal(by_cell[0, 0, :, 2:], head.sizes(size))
    i, j = height - 1, 1
    centre = ((j + 0.5) * size / width, (i + 0.5) * size / height)
    np.testing.assert_allclose(by_cell[i, j, -1, :2], centre)


def test_anchors_grow_with_the_canvas_unless_they_are_of_another() -> None:
    np.testing.assert_array_equal(FACE_HEAD.sizes(500), np.array(canonical_boxes(), np.float32))
    np.testing.assert_allclose(FACE_HEAD.sizes(224), FACE_HEAD.sizes(500) * 0.448, rtol=1e-6)
    kept = FACE_HEAD.grid(448, 28, 28, anchor_size=224)
    np.testing.assert_allclose(kept[:25, 2:], FACE_HEAD.sizes(224), rtol=1e-6)


def test_nobody_can_change_the_sizes_of_the_next_caller() -> None:
    FACE_HEAD.sizes(500)[:] = 0
    assert FACE_HEAD.sizes(500).min() > 9


@given(heads(), st.data())
def test_truth_says_which_class_is_where(head: Head, data: st.DataObject) -> None:
    rows = np.zeros((50, head.numbers_per_box), np.float32)
    places = data.draw(st.lists(st.integers(0, 49), unique=True, max_size=9))
    half = len(places) // 2
    positive, ignored = (np.array(part, np.int32) for part in (places[:half], places[half:]))
    which = st.integers(0, len(head.classes) - 1)
    classes = np.array(data.draw(st.lists(which, min_size=half, max_size=half)), np.int32)
    offsets = np.random.default_rng(half).normal(size=(half, 4)).astype(np.float32)
    head.write_truth(rows, positive, classes, offsets, ignored)
    scores, found = head.numbers(rows)
    np.testing.assert_array_equal(found[positive], offsets)
    assert (scores[ignored] == -1).all()
    assert (scores[positive, classes] == 1).all()
    assert (scores == 1).sum() == half and (scores == -1).sum() == len(ignored) * scores.shape[1]


@given(heads())
def test_a_file_holds_all_of_it(head: Head) -> None:
    again = Head.from_json(json.loads(json.dumps(head.to_json())))
    assert again == head and hash(again) == hash(head)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"kind": "circles"}, "a kind: offsets"),
        ({"kind": ["offsets"]}, "a kind"),
        ({"reference_size_pixels": 416}, "500 pixels"),
        ({"classes": "face"}, "list of names"),
        ({"classes": [1]}, "list of names"),
        ({"classes": []}, "1 to 1000 classes"),
        ({"classes": ["cat", "cat"]}, "names that differ"),
        ({"classes": ["\x1b[2J"]}, "names that differ"),
        ({"classes": ["x" * 101]}, "names that differ"),
        ({"anchors_pixels": None}, "list of pairs"),
        ({"anchors_pixels": [[1, 2, 3]]}, "list of pairs"),
        ({"anchors_pixels": [[True, 2]]}, "list of pairs"),
        ({"anchors_pixels": [[10**400, 2]]}, "list of pairs"),
        ({"anchors_pixels": [[float("nan"), 2]]}, "list of pairs"),
        ({"anchors_pixels": []}, "1 to 1000 anchors"),
        ({"anchors_pixels": [[0, 2]]}, "above 0"),
        ({"anchors_pixels": [[1, 2]] * 1001}, "1 to 1000 anchors"),
    ],
)
def test_a_table_that_is_no_head_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(DseError, match=why):
        Head.from_json({**FACE_TABLE, **change})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=5), part),
    max_leaves=8,
)


@given(JSON, st.dictionaries(st.sampled_from(sorted(FACE_TABLE)), JSON, max_size=4))
def test_whatever_a_file_holds_it_is_a_head_or_an_error(table: object, change: Any) -> None:
    for one in (table, {**FACE_TABLE, **change}):
        try:
            assert Head.from_json(one).channels > 0
        except DseError as error:
            assert str(error)


def test_another_kind_comes_back_as_itself() -> None:
    @dataclass(frozen=True)
    class Other(Head):
        kind: ClassVar[str] = "other"

    other = Other(((1.0, 2.0),), ("cat", "dog"))
    assert type(Head.from_json(other.to_json())) is Other
    assert Head.from_json(other.to_json()) == other
    assert Head(other.anchors, other.classes) != other


def test_a_price_does_not_wait_for_numpy() -> None:
    """`dse check` starts in an eighth of a second, of which NumPy would be as much again."""
    program = "import sys, dse.network.detector; sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)

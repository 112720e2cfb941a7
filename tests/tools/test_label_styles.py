"""Styles that were shifted on purpose are found again, and nothing is added on top of a label."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from dse.data.pictures import Picture
from dse.detection.detections import Detections
from dse.detection.geometry import iou_matrix
from tools.label_styles import (
    LEAST_MATCHES,
    SAME_FACE_IOU,
    Seen,
    Styles,
    event,
    moved,
    offsets,
    reconciled,
    styles,
)

SIZE = (400, 300)

SEEDS = st.integers(0, 10_000)
SHIFTS = st.tuples(*[st.floats(-0.1, 0.1)] * 2, *[st.floats(-0.2, 0.2)] * 2).map(np.array)
"""Offsets as they occur between sources; boxes still overlap by more than 0.3."""


def _boxes(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Boxes of 20 to 60 pixels, well inside a picture of `SIZE`."""
    centres = rng.uniform(100, np.array(SIZE) - 100, (count, 2))
    halves = rng.uniform(10, 30, (count, 2))
    return np.hstack((centres - halves, centres + halves)).astype(np.float32)


def _seen(
    source: str,
    labels: ArrayLike,
    found: ArrayLike,
    scores: ArrayLike,
    *,
    ignored: ArrayLike = (),
    scale: float = 1.0,
) -> Seen:
    def picture_boxes(some: ArrayLike) -> NDArray[np.float32]:
        return np.asarray(some, np.float32).reshape(-1, 4)

    def load() -> NDArray[np.uint8]:
        raise AssertionError("styles need no pixels")

    picture = Picture(f"{source}/one.jpg", picture_boxes(labels), load, picture_boxes(ignored))
    detections = Detections(picture_boxes(found), np.asarray(scores, np.float32))
    return Seen(picture, detections, scale, SIZE)


def _portraits(
    source: str, count: int, seed: int, label_shift: NDArray[np.float64], **seen_options: float
) -> list[Seen]:
    """Pictures of one face where the label lies off the detection by `label_shift`."""
    faces = _boxes(np.random.default_rng(seed), count)
    return [
        _seen(source, moved(face[None], label_shift), [face], [0.9], **seen_options)
        for face in faces
    ]


def test_the_event_is_the_first_folder() -> None:
    assert event(_seen("2--heads", [], [], []).picture) == "2--heads"


def test_offsets_of_boxes_worked_out_by_hand() -> None:
    found = offsets(np.array([[0, 0, 10, 20]], np.float32), np.array([[5, 0, 45, 20]], np.float32))
    np.testing.assert_allclose(found, [[20 / np.sqrt(10 * 40), 0, np.log(4), 0]])


@given(SEEDS, SHIFTS)
def test_moving_there_and_back_is_the_identity(seed: int, shift: NDArray[np.float64]) -> None:
    boxes = _boxes(np.random.default_rng(seed), 5)
    np.testing.assert_allclose(moved(moved(boxes, shift), -shift), boxes, atol=1e-3)


@given(SEEDS, SHIFTS)
def test_offsets_measure_what_moved_moves(seed: int, shift: NDArray[np.float64]) -> None:
    boxes = _boxes(np.random.default_rng(seed), 5)
    there = moved(boxes, shift)
    np.testing.assert_allclose(offsets(boxes, there), np.tile(shift, (5, 1)), atol=1e-4)
    np.testing.assert_allclose(offsets(there, boxes), -offsets(boxes, there), atol=1e-12)


@pytest.mark.slow
@settings(max_examples=20)
@given(SEEDS, st.lists(SHIFTS, min_size=1, max_size=4))
def test_shifted_styles_are_found_and_become_one(
    seed: int, shifts: list[NDArray[np.float64]]
) -> None:
    pictures = [
        seen
        for number, shift in enumerate(shifts)
        for seen in _portraits(f"{number}--s", LEAST_MATCHES, seed + number, shift)
    ]
    drawn = styles(pictures)
    for number, shift in enumerate(shifts):
        assert drawn.matches[f"{number}--s"] == LEAST_MATCHES
        np.testing.assert_allclose(drawn.medians[f"{number}--s"], -shift, atol=1e-3)
    for seen in pictures:
        new = reconciled(seen, drawn)
        expected = moved(seen.found.boxes, -drawn.mean)
        np.testing.assert_allclose(new.boxes, expected, atol=0.1)
        assert len(new.ignored) == 0


@pytest.mark.slow
@settings(max_examples=20)
@given(SEEDS, SHIFTS)
def test_a_detector_that_draws_all_boxes_larger_changes_nothing(
    seed: int, own: NDArray[np.float64]
) -> None:
    """With one source its median is the mean, and its labels stay where they are."""
    pictures = _portraits("0--s", LEAST_MATCHES, seed, own)
    drawn = styles(pictures)
    for seen in pictures:
        np.testing.assert_allclose(reconciled(seen, drawn).boxes, seen.picture.boxes, atol=0.05)


def test_a_source_with_few_faces_keeps_its_labels() -> None:
    shift = np.array([0.05, 0.0, 0.2, 0.1])
    few = _portraits("1--few", LEAST_MATCHES - 1, 1, shift)
    drawn = styles([*_portraits("0--many", LEAST_MATCHES, 0, -shift), *few])
    assert set(drawn.medians) == {"0--many"}
    assert drawn.matches == {"0--many": LEAST_MATCHES, "1--few": LEAST_MATCHES - 1}
    np.testing.assert_array_equal(reconciled(few[0], drawn).boxes, few[0].picture.boxes)


def test_the_mean_counts_sources_not_pictures() -> None:
    shift = np.array([0.0, 0.0, 0.2, 0.2])
    small = _portraits("0--s", LEAST_MATCHES, 0, shift)
    large = _portraits("1--l", LEAST_MATCHES * 4, 1, -shift)
    np.testing.assert_allclose(styles([*small, *large]).mean, np.zeros(4), atol=1e-4)


@pytest.mark.parametrize(
    ("label", "found", "score", "scale"),
    [
        ([100, 100, 140, 140], [300, 100, 340, 140], 0.9, 1.0),  # of another face
        ([100, 100, 140, 140], [100, 100, 140, 140], 0.3, 1.0),  # too vague
        ([100, 100, 140, 140], [100, 100, 140, 140], 0.9, 0.35),  # 14 pixels on the canvas
        ([100, 100, 114, 140], [100, 100, 114, 140], 0.9, 1.0),  # 14 pixels wide
    ],
)
def test_pairs_that_tell_no_style(
    label: list[float], found: list[float], score: float, scale: float
) -> None:
    drawn = styles([_seen("0--s", [label], [found], [score], scale=scale)])
    assert drawn.matches == {"0--s": 0}
    np.testing.assert_array_equal(drawn.mean, np.zeros(4))


def test_a_vague_detection_that_fits_better_does_not_hide_the_clear_one() -> None:
    loose, tight = [100.0, 100.0, 160.0, 160.0], [110.0, 110.0, 150.0, 150.0]
    seen = _seen("0--s", [loose], [tight, loose], [0.9, 0.2])
    drawn = styles([seen] * LEAST_MATCHES)
    np.testing.assert_allclose(drawn.medians["0--s"], [0, 0, *[np.log(2 / 3)] * 2], atol=1e-6)


def test_pictures_without_labels_or_detections_are_no_obstacle() -> None:
    face = [100.0, 100.0, 140.0, 140.0]
    pictures = [
        _seen("0--s", [], [face], [0.9]),
        _seen("0--s", [face], [], []),
        _seen("0--s", [], [], []),
        _seen("0--s", [face], [face], [0.9]),
    ]
    assert styles(pictures).matches == {"0--s": 1}


@pytest.mark.parametrize(
    ("score", "in_complete", "in_incomplete"),
    [
        (0.24, (0, 0), (0, 0)),
        (0.26, (0, 0), (0, 1)),
        (0.44, (0, 0), (0, 1)),
        (0.46, (0, 1), (0, 1)),
        (0.50, (0, 1), (0, 1)),
        (0.51, (0, 1), (1, 0)),
    ],
)
def test_what_a_score_makes_of_a_face_without_label(
    score: float, in_complete: tuple[int, int], in_incomplete: tuple[int, int]
) -> None:
    """Counts of faces and ignored boxes that come of one detection."""
    seen = _seen("0--s", [], [[100, 100, 140, 140]], [score])
    for incomplete, expected in (((), in_complete), (("0--s",), in_incomplete)):
        new = reconciled(seen, Styles({}, {}), incomplete)
        assert (len(new.boxes), len(new.ignored)) == expected


def test_without_additions_the_labels_alone_are_moved() -> None:
    seen = _seen("0--s", [[0, 0, 20, 20]], [[100, 100, 140, 140]], [0.9])
    shifted = Styles({}, {"0--s": np.array([0.0, 0.0, 0.2, 0.2]), "1--t": np.zeros(4)})
    alone = reconciled(seen, shifted, ["0--s"], additions=False)
    np.testing.assert_array_equal(alone.boxes, reconciled(seen, shifted, ["0--s"]).boxes[:1])
    assert len(alone.boxes) == 1
    assert not len(alone.ignored)


def test_detections_on_ignored_boxes_are_not_added() -> None:
    face = [100.0, 100.0, 140.0, 140.0]
    seen = _seen("0--s", [], [face], [0.9], ignored=[face])
    new = reconciled(seen, Styles({}, {}), ["0--s"])
    assert len(new.boxes) == 0
    np.testing.assert_array_equal(new.ignored, [face])


@given(SEEDS, SHIFTS, SHIFTS, st.booleans())
def test_nothing_is_added_on_top_of_a_label(
    seed: int, own: NDArray[np.float64], other: NDArray[np.float64], is_incomplete: bool
) -> None:
    rng = np.random.default_rng(seed)
    labels, ignored = _boxes(rng, 6), _boxes(rng, 3)
    found = np.concatenate((moved(labels, own), _boxes(rng, 8)))
    seen = _seen("0--s", labels, found, rng.uniform(0, 1, len(found)), ignored=ignored)
    drawn = Styles({"0--s": 30, "1--t": 30}, {"0--s": own, "1--t": other})
    new = reconciled(seen, drawn, ["0--s"] if is_incomplete else [])
    labelled = np.concatenate((new.boxes[:6], new.ignored[:3]))
    added = np.concatenate((new.boxes[6:], new.ignored[3:]))
    assert iou_matrix(added, labelled).max(initial=0.0) < SAME_FACE_IOU
    for boxes in (new.boxes, new.ignored):
        assert boxes.dtype == np.float32
        assert (boxes >= 0).all()
        assert (boxes <= [*SIZE, *SIZE]).all()


def test_boxes_are_cut_at_the_border_of_the_picture() -> None:
    seen = _seen("0--s", [[0, 0, 40, 40]], [], [])
    drawn = Styles({}, {"0--s": np.array([0, 0, 0.4, 0]), "1--t": np.zeros(4)})
    (box,) = reconciled(seen, drawn).boxes
    np.testing.assert_allclose(box, [0, 0, 20 + 20 * np.exp(0.2), 40], atol=1e-3)

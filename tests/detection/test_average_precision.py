"""Average precision: small cases by hand, random ones against pycocotools."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.data.pictures import no_boxes
from dse.detection.average_precision import average_precision, precision_recall
from dse.detection.detections import Detections
from dse.detection.geometry import Boxes
from dse.errors import DataError
from tests.detection.coco import random_case, referee


def boxes(*rows: tuple[float, float, float, float]) -> Boxes:
    return np.array(rows, np.float32).reshape(-1, 4)


def detections(found: Boxes, *scores: float) -> Detections:
    return Detections(found, np.array(scores, np.float32))


FACE = (0.0, 0.0, 10.0, 10.0)
OTHER = (50.0, 50.0, 60.0, 60.0)
NOWHERE = (90.0, 90.0, 99.0, 99.0)


def test_perfect_and_useless_detectors() -> None:
    truth = [boxes(FACE, OTHER)]
    assert average_precision([detections(boxes(FACE, OTHER), 0.9, 0.2)], truth) == 1.0
    assert average_precision([detections(boxes(NOWHERE), 0.9)], truth) == 0.0
    assert average_precision([detections(no_boxes())], truth) == 0.0


def test_a_false_alarm_in_front_of_the_second_face() -> None:
    found = detections(boxes(FACE, NOWHERE, OTHER), 0.9, 0.8, 0.7)
    recall, precision, scores = precision_recall([found], [boxes(FACE, OTHER)])
    np.testing.assert_allclose(recall, [0.5, 0.5, 1.0])
    np.testing.assert_allclose(precision, [1, 1 / 2, 2 / 3])
    np.testing.assert_allclose(scores, [0.9, 0.8, 0.7])
    assert average_precision([found], [boxes(FACE, OTHER)]) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_a_face_is_found_once() -> None:
    twice = detections(boxes(FACE, FACE), 0.9, 0.8)
    assert precision_recall([twice], [boxes(FACE)])[1].tolist() == [1.0, 0.5]


def test_overlap_of_exactly_the_threshold_is_enough() -> None:
    half = detections(boxes((0, 0, 10, 5)), 0.9)
    assert average_precision([half], [boxes(FACE)]) == 1.0
    assert average_precision([half], [boxes(FACE)], iou=0.51) == 0.0


def test_detections_on_ignored_faces_count_neither_way() -> None:
    found = detections(boxes((51, 51, 53, 53), FACE), 0.9, 0.8)
    assert average_precision([found], [boxes(FACE)]) == 0.5
    assert average_precision([found], [boxes(FACE)], [boxes(OTHER)]) == 1.0


def test_an_ignored_face_does_not_hide_a_found_one() -> None:
    found = [detections(boxes(FACE), 0.9)]
    assert average_precision(found, [boxes(FACE)], [boxes(FACE)]) == 1.0


def test_pictures_are_judged_apart_and_ranked_together() -> None:
    found = [detections(boxes(OTHER), 0.9), detections(boxes(FACE), 0.8)]
    truth = [boxes(FACE), boxes(FACE)]
    assert average_precision(found, truth) == pytest.approx(0.25)


def test_no_face_is_an_error() -> None:
    with pytest.raises(DataError, match="no labelled object"):
        average_precision([detections(boxes(FACE), 0.5)], [no_boxes()])


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_agrees_with_pycocotools(seed: int) -> None:
    found, labels = random_case(seed)
    truth, ignored = [one.boxes for one in labels], [one.ignored for one in labels]
    if not sum(len(faces) for faces in truth):
        return
    ours = average_precision(found, truth, ignored)
    assert ours == pytest.approx(referee(found, labels, 1, [0.5]), abs=1e-6)
    assert 0 <= ours <= 1

"""Findings of a detector with several classes."""

from __future__ import annotations

import numpy as np
import pytest

from dse.data.pictures import ANY_CLASS
from dse.detection.detections import Detections
from dse.errors import DataError
from tests.evaluation.several import BOXES, NAMES, found_on, labelled, three_classes


def test_ap_is_the_mean_and_each_class_has_its_own() -> None:
    findings = three_classes()
    result = findings.evaluation()
    assert result.classes == {"cat": pytest.approx(2 / 3), "dog": 0.5, "owl": None}
    assert result.ap == pytest.approx((2 / 3 + 0.5) / 2)
    assert result.ap_square is None and result.faces == 4
    assert result.ap_interval is not None
    assert result.ap_interval[0] <= result.ap <= result.ap_interval[1]


def test_one_class_is_told_as_before() -> None:
    findings = found_on(labelled("a", [0]), names=("card",), wanted=("face",), classes=[0])
    assert findings.evaluation().classes == {}


def test_classes_are_matched_by_name() -> None:
    """The set counts dog, owl, cat; the detector cat, dog. An owl is nothing that it could find."""
    names = ("dog", "owl", "cat")
    findings = found_on(labelled("a", [2, 0, 1]), names=names, wanted=NAMES[:2], classes=[0, 1])
    result = findings.evaluation()
    assert (result.ap, result.faces) == (1.0, 2)
    assert result.classes == {"cat": 1.0, "dog": 1.0}


@pytest.mark.parametrize(("left_out", "right"), [(0, True), (1, False), (ANY_CLASS, True)])
def test_ignored_boxes_keep_their_class(left_out: int, right: bool) -> None:
    """The owl's box is ignored for the class of that name, or for all; an owl there is wrong."""
    names = ("owl", "dog", "cat")
    findings = found_on(labelled("a", [2, 1], (left_out,)), names=names, classes=[0, 1, 2])
    (owl,) = [one for one in findings.ranked()[2:]]
    assert (len(owl.score) == 0) == right


def test_a_set_of_other_things_is_refused() -> None:
    with pytest.raises(DataError, match="show cat, dog, owl; the detector finds"):
        found_on(labelled("a", [0]), wanted=("fish", "crab"), classes=[0])


def test_a_tighter_overlap_is_part_of_the_second_figure() -> None:
    findings = found_on(labelled("a", [0, 1]), classes=[0, 1])
    assert findings.map_50_95() == 1.0
    boxes = BOXES[:2] + np.array([0, 0, -4, 0], np.float32)  # IoU 0.78 and 0.8
    loose = Detections(boxes, np.array([0.9, 0.8], np.float32), np.array([0, 1], np.int32))
    findings.pictures = [type(p)(**{**vars(p), "detections": loose}) for p in findings.pictures]
    assert findings.evaluation().ap == 1.0
    assert findings.map_50_95() == pytest.approx((6 / 10 + 7 / 10) / 2)


def test_every_class_has_its_own_threshold() -> None:
    findings = found_on(labelled("a", [0, 1]), labelled("b", [0, 1]), classes=[0, 1])
    points = findings.operating_points()
    assert [round(points[name].score, 2) for name in NAMES] == [0.9, 0.5, 0.5]
    assert points["owl"][1:] == (0.0, 0.0)  # nothing to find, and nothing to choose by
    assert {point.score for point in findings.operating_points(0.7).values()} == {0.7}
    own = findings.operating_points([0.9, 0.6, 0.2])
    assert [point.score for point in own.values()] == [0.9, 0.6, 0.2]
    assert own["dog"].recall == 0

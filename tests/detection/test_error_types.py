"""What AP is lost to: small cases by hand, and what must hold of any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.data.pictures import no_boxes
from dse.detection.classes import mean_average_precision
from dse.detection.detections import Detections
from dse.detection.error_types import ERRORS, lost_ap
from dse.detection.matching import Labels
from dse.errors import DataError
from tests.detection.coco import random_case

HERE, THERE, NOWHERE = (0, 0, 10, 10), (50, 50, 60, 60), (90, 90, 99, 99)
LOOSELY_HERE = (0, 0, 10, 25)
CAT, DOG = 0, 1

Box = tuple[float, float, float, float]


def lost(found: list[tuple[Box, int]], there: list[tuple[Box, int]], classes: int = 2) -> set[str]:
    """The kinds of error that cost AP; `found` comes best first."""
    scores = np.linspace(0.9, 0.5, len(found), dtype=np.float32)
    boxes = np.array([box for box, _ in found], np.float32).reshape(-1, 4)
    some = Detections(boxes, scores, np.array([one for _, one in found], np.int32))
    truth = np.array([box for box, _ in there], np.float32).reshape(-1, 4)
    kinds = np.array([one for _, one in there], np.int32)
    labels = Labels(truth, no_boxes(), kinds, np.zeros(0, np.int32))
    return {name for name, ap in lost_ap([some], [labels], classes).items() if ap > 1e-9}


def test_a_faultless_detector_loses_nothing() -> None:
    assert lost([(HERE, CAT), (THERE, DOG)], [(HERE, CAT), (THERE, DOG)]) == set()


def test_each_kind_is_told_by_its_own_name() -> None:
    cat, dog = (HERE, CAT), (THERE, DOG)
    # the other cat is found after the fault, so that it costs precision
    elsewhere = ((30, 30, 40, 40), CAT)
    assert lost([(NOWHERE, CAT), cat, dog], [cat, dog]) == {"background"}
    assert lost([cat, dog, (HERE, CAT), elsewhere], [cat, dog, elsewhere]) == {"duplicate"}
    assert lost([(LOOSELY_HERE, CAT), dog], [cat, dog]) == {"localisation"}
    assert lost([(HERE, DOG), dog], [cat, dog]) == {"classification"}
    assert lost([(LOOSELY_HERE, DOG), dog, cat], [cat, dog]) == {"both"}
    assert lost([cat], [cat, dog]) == {"missed"}


def test_of_several_loose_boxes_of_an_object_the_best_is_mended_and_the_others_go() -> None:
    found = [(LOOSELY_HERE, CAT), ((0, 0, 25, 10), CAT), (THERE, CAT)]
    there = [(HERE, CAT), (THERE, CAT)]
    scores = np.array([0.9, 0.8, 0.7], np.float32)
    some = Detections(np.array([box for box, _ in found], np.float32), scores)
    truth = np.array([box for box, _ in there], np.float32)
    labels = Labels(truth, no_boxes(), np.zeros(2, np.int32), np.zeros(0, np.int32))
    ap = mean_average_precision([some], [labels], 1)
    assert ap + lost_ap([some], [labels], 1)["localisation"] == pytest.approx(1.0)


def test_one_class_is_never_taken_for_another() -> None:
    told = lost_ap(
        [Detections(np.array([HERE], np.float32), np.array([0.5], np.float32))],
        [Labels(np.array([HERE], np.float32), no_boxes(), np.zeros(1, np.int32), np.zeros(0, int))],
        1,
    )
    assert set(told) == {"localisation", "duplicate", "background", "missed"}


def test_without_an_object_there_is_no_ap_to_lose() -> None:
    with pytest.raises(DataError, match="no labelled object"):
        lost([(HERE, CAT)], [])


@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_mending_never_costs_and_mending_what_is_absent_gains_nothing(
    seed: int, classes: int
) -> None:
    found, labels = random_case(seed, classes)
    try:
        ap = mean_average_precision(found, labels, classes)
    except DataError:
        return
    told = lost_ap(found, labels, classes)
    assert set(told) <= set(ERRORS)
    assert list(told.values()) == sorted(told.values(), reverse=True)
    for gained in told.values():
        assert -1e-9 <= gained <= 1 - ap + 1e-9

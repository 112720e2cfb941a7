"""Several classes: small cases by hand, random ones against pycocotools."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dse.data.pictures import ANY_CLASS, no_boxes
from dse.detection.average_precision import average_precision, operating_point
from dse.detection.classes import (
    COCO_IOUS,
    confusion,
    mean_average_precision,
    mean_of,
    pooled,
    rank_classes,
)
from dse.detection.detections import Detections
from dse.detection.geometry import Boxes
from dse.detection.matching import Labels
from dse.errors import DataError
from tests.detection.coco import random_case, referee

HERE, THERE, NOWHERE = (0, 0, 10, 10), (50, 50, 60, 60), (90, 90, 99, 99)
CAT, DOG, OWL = 0, 1, 2


def boxes(*rows: tuple[float, float, float, float]) -> Boxes:
    return np.array(rows, np.float32).reshape(-1, 4)


def seen(found: Boxes, classes: list[int], scores: list[float]) -> Detections:
    return Detections(found, np.array(scores, np.float32), np.array(classes, np.int32))


def labels(
    there: Boxes, classes: list[int], ignored: Boxes | None = None, left_out: tuple[int, ...] = ()
) -> Labels:
    ignored = no_boxes() if ignored is None else ignored
    return Labels(there, ignored, np.array(classes, np.int32), np.array(left_out, np.int32))


def test_each_class_is_ranked_by_itself() -> None:
    found = [seen(boxes(HERE, THERE), [CAT, CAT], [0.9, 0.8])]
    truth = [labels(boxes(HERE, THERE), [CAT, DOG])]
    ((cat, dog),) = rank_classes(found, truth, 2)
    assert (cat.ap, dog.ap) == (1.0, 0.0)
    assert mean_of([cat, dog]) == mean_average_precision(found, truth, 2) == 0.5


def test_a_class_without_an_object_is_left_out_of_the_mean() -> None:
    found = [seen(boxes(HERE, THERE), [CAT, OWL], [0.9, 0.8])]
    assert mean_average_precision(found, [labels(boxes(HERE), [CAT])], 3) == 1.0
    with pytest.raises(DataError, match="no labelled object"):
        mean_average_precision(found, [labels(no_boxes(), [])], 3)


@pytest.mark.parametrize(("left_out", "expected"), [(ANY_CLASS, 1.0), (CAT, 1.0), (DOG, 0.5)])
def test_an_ignored_box_matters_for_its_class_or_for_all(left_out: int, expected: float) -> None:
    found = [seen(boxes(THERE, HERE), [CAT, CAT], [0.9, 0.8])]
    truth = [labels(boxes(HERE), [CAT], boxes(THERE), (left_out,))]
    assert mean_average_precision(found, truth, 2) == expected


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10**6), classes=st.integers(2, 4))
@example(seed=395830, classes=2)  # an ignored box covers three fifths of a detection
def test_agrees_with_pycocotools(seed: int, classes: int) -> None:
    found, truth = random_case(seed, classes)
    if not sum(len(one.boxes) for one in truth):
        return
    for ious in ((0.5,), COCO_IOUS):
        ours = mean_average_precision(found, truth, classes, ious)
        assert ours == pytest.approx(referee(found, truth, classes, ious), abs=1e-6)


@given(seed=st.integers(0, 10**6))
def test_one_class_of_several_is_that_class_alone(seed: int) -> None:
    found, truth = random_case(seed, 3)
    for number, ranked in enumerate(rank_classes(found, truth, 3)[0]):
        if ranked.objects:
            sides = [one.of(number) for one in truth]
            alone = [one[one.classes == number] for one in found]
            there, left_out = [one for one, _ in sides], [one for _, one in sides]
            assert ranked.ap == average_precision(alone, there, left_out)


@given(seed=st.integers(0, 10**6), tenth=st.integers(1, 9))
def test_the_table_agrees_with_the_curves(seed: int, tenth: int) -> None:
    """Its diagonal is what each class's curve has found; no object and no detection is lost."""
    found, truth = random_case(seed, 3)
    table = confusion([one.above(tenth / 10) for one in found], truth, 3)
    objects = [sum((one.classes == kind).sum() for one in truth) for kind in range(3)]
    assert table[:3].sum(axis=1).tolist() == objects
    (each,) = rank_classes(found, truth, 3)
    for kind, ranked in enumerate(each):
        believed = ranked.score >= np.float32(tenth / 10)
        assert table[kind, kind] == ranked.correct[believed].sum()
        assert table[:, kind].sum() == believed.sum()


def test_the_table_says_what_was_taken_for_what() -> None:
    truth = [labels(boxes(HERE, THERE), [CAT, DOG]), labels(boxes(HERE), [DOG])]
    found = [
        seen(boxes(HERE, THERE, NOWHERE), [CAT, CAT, OWL], [0.9, 0.8, 0.7]),
        seen(no_boxes(), [], []),
    ]
    expected = [[1, 0, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0], [0, 0, 1, 0]]
    assert confusion(found, truth, 3).tolist() == expected


def test_an_object_found_under_its_own_name_is_confused_with_nothing() -> None:
    """A better score under another name is a false detection, as average precision counts it."""
    found = [seen(boxes(HERE, HERE), [DOG, CAT], [0.9, 0.3])]
    table = confusion(found, [labels(boxes(HERE), [CAT])], 2)
    assert table.tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 0]]


def test_one_threshold_for_all_classes() -> None:
    found = [seen(boxes(HERE, THERE, NOWHERE), [CAT, DOG, DOG], [0.9, 0.6, 0.3])]
    (each,) = rank_classes(found, [labels(boxes(HERE, THERE), [CAT, DOG])], 2)
    point = operating_point(pooled(each).curve())
    assert point == pytest.approx((0.6, 1.0, 1.0))

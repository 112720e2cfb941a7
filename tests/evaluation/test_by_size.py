"""Objects found, by their size: cases by hand."""

from __future__ import annotations

import numpy as np
import pytest

from dse.data.pictures import no_boxes
from dse.detection.detections import Detections
from dse.detection.geometry import Boxes
from dse.evaluation import Finding, SizeClass, found_by_size

SMALL, LARGE = (0.0, 0.0, 10.0, 10.0), (100.0, 100.0, 180.0, 180.0)


def picture(faces: Boxes, found: Boxes, scores: list[float], longer: int = 200) -> Finding:
    """A wide picture with these faces, and what was found on it."""
    seen = Detections(found, np.array(scores, np.float32))
    return Finding("one", longer // 2, longer, seen, faces, no_boxes(), None)


def boxes(*rows: tuple[float, float, float, float]) -> Boxes:
    return np.array(rows, np.float32).reshape(-1, 4)


def test_objects_are_counted_by_their_share_of_the_longer_side() -> None:
    one = picture(boxes(SMALL, LARGE), boxes(LARGE), [0.9])
    assert found_by_size([one, one], 0.5) == (
        SizeClass(0.0, 1 / 16, 2, 0),
        SizeClass(1 / 4, 1.0, 2, 2),
    )


@pytest.mark.parametrize(("longer", "expected"), [(200, 0.0), (150, 1 / 16), (60, 1 / 8)])
def test_the_same_box_is_larger_on_a_smaller_picture(longer: int, expected: float) -> None:
    (size,) = found_by_size([picture(boxes(SMALL), boxes(), [], longer)], 0.5)
    assert size.side_from == expected


def test_what_is_not_believed_has_found_nothing() -> None:
    one = picture(boxes(LARGE), boxes(LARGE), [0.4])
    assert [found_by_size([one], score)[0].found for score in (0.5, 0.3)] == [0, 1]


def test_where_there_is_no_object_there_is_no_size() -> None:
    assert found_by_size([picture(boxes(), boxes(), [])], 0.5) == ()
    assert found_by_size([], 0.5) == ()

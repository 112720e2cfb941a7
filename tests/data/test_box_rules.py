"""What becomes of each labelled box."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.data.box_rules import SMALLEST_SIDE_PIXELS, check_boxes
from dse.data.foreign import MOST_BOXES
from dse.errors import DataError

SIZE = (100, 80)


def test_each_rule() -> None:
    boxes = [
        (10, 10, 30, 40),  # a face
        (-20, 60, 30, 95),  # cut at the border
        (10, 10, 14.9, 40),  # under 5 pixels
        (96, 10, 120, 40),  # under 5 pixels once cut
        (10, 10, 10, 40),  # no width
        (100, 10, 120, 40),  # outside
        (50, 50, 70, 70),  # marked invalid
    ]
    checked = check_boxes("p", boxes, SIZE, [False] * 6 + [True])
    np.testing.assert_array_equal(checked.found, [[10, 10, 30, 40], [0, 60, 30, 80]])
    assert checked.kept.tolist() == [0, 1]
    assert len(checked.ignored) == 3
    assert [one.name for one in checked.skipped] == ["p box 5", "p box 6"]
    assert checked.skipped[0].reason == "box without area (10, 10, 10, 40)"
    assert checked.skipped[1].reason == (
        "box (100, 10, 120, 40) outside its picture of 100 x 80 pixels"
    )


def test_a_crowd_beyond_all_bounds_is_refused() -> None:
    assert len(check_boxes("p", [(10, 10, 30, 40)] * MOST_BOXES, SIZE).found) == MOST_BOXES
    with pytest.raises(DataError, match="4001 boxes, more than 4000 on one picture"):
        check_boxes("p", [(10, 10, 30, 40)] * (MOST_BOXES + 1), SIZE)


def test_no_boxes() -> None:
    checked = check_boxes("p", [], SIZE)
    assert checked.found.shape == checked.ignored.shape == (0, 4)
    assert checked.found.dtype == np.float32


@given(st.lists(st.tuples(*[st.floats(-200, 300, width=32)] * 4), max_size=8))
@settings(max_examples=60, deadline=None)
def test_every_box_goes_to_one_place_and_faces_lie_inside(
    boxes: list[tuple[float, float, float, float]],
) -> None:
    checked = check_boxes("p", boxes, SIZE)
    assert len(checked.found) + len(checked.ignored) + len(checked.skipped) == len(boxes)
    both = np.concatenate((checked.found, checked.ignored))
    assert (both >= 0).all()
    assert (both <= [100, 80, 100, 80]).all()
    assert (checked.found[:, 2:] - checked.found[:, :2] >= SMALLEST_SIDE_PIXELS).all()

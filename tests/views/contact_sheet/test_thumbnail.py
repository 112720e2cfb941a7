"""A picture with its boxes: the marks are the evaluation's judgement, at the right place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageColor

from dse.detection.detections import Detections
from dse.detection.matching import judge
from dse.evaluation import Finding
from dse.views.contact_sheet.marks import FALSE, FOUND, LABEL, LEFT_OUT, MISSED, Mark
from dse.views.contact_sheet.thumbnail import shapes, thumbnail

SIZE = (300, 200)
PIXELS = np.full((200, 300, 3), 128, np.uint8)


def test_each_box_has_the_colour_of_what_it_came_to(first: Finding) -> None:
    image = thumbnail(first, PIXELS, SIZE, 0.5)
    for mark, corner in (
        (FOUND, (22, 22)),
        (MISSED, (200, 30)),
        (FALSE, (120, 120)),
        (LEFT_OUT, (20, 130)),
        (LABEL, (79, 20)),
    ):
        assert image.getpixel(corner) == ImageColor.getrgb(mark.colour), mark
    assert image.getpixel((290, 10)) == (128, 128, 128)


def test_below_the_threshold_nothing_is_drawn(first: Finding) -> None:
    image = thumbnail(first, PIXELS, SIZE, 0.95)
    assert image.getpixel((120, 120)) == (128, 128, 128)
    assert image.getpixel((20, 20)) == ImageColor.getrgb(MISSED.colour)


def test_a_smaller_picture_has_smaller_boxes(first: Finding) -> None:
    half = thumbnail(first, PIXELS, (150, 100), 0.5)
    assert half.size == (150, 100)
    assert half.getpixel((11, 11)) == ImageColor.getrgb(FOUND.colour)
    assert half.getpixel((100, 15)) == ImageColor.getrgb(MISSED.colour)


def test_only_detections_that_count_have_a_score(first: Finding) -> None:
    texts = {(shape.mark, shape.text) for shape in shapes(first, SIZE, 0.5)}
    assert texts == {
        (FOUND, "0.90"), (FALSE, "0.80"), (LEFT_OUT, ""), (MISSED, ""), (LABEL, ""),
    }  # fmt: skip


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    corner, side = st.integers(0, 250), st.integers(1, 50)
    box = st.tuples(corner, corner, side, side)

    def some(most: int) -> np.ndarray:
        rows = np.array(draw(st.lists(box, max_size=most)), np.float32).reshape(-1, 4)
        rows[:, 2:] += rows[:, :2]
        return rows

    found = some(10)
    scores = draw(st.lists(st.integers(1, 9), min_size=len(found), max_size=len(found)))
    seen = Detections(found, np.array(scores, np.float32) / np.float32(10))
    return Finding("one", 300, 300, seen, some(5), some(3), None)


@given(findings(), st.integers(1, 9), st.integers(20, 400), st.integers(20, 400))
def test_marks_are_as_many_as_the_evaluation_counts(
    picture: Finding, tenth: int, width: int, height: int
) -> None:
    found = picture.detections.above(tenth / 10)
    judged = judge(found, picture.faces, picture.ignored)
    drawn = shapes(picture, (width, height), tenth / 10)

    def number(mark: Mark) -> int:
        return sum(shape.mark == mark for shape in drawn)

    assert number(FOUND) == number(LABEL) == judged.true.sum()
    assert number(FALSE) == judged.false.sum()
    assert number(MISSED) == judged.missed.sum()
    assert number(LEFT_OUT) == judged.left_out.sum() + len(picture.ignored)
    for shape in drawn:
        left, top, right, bottom = shape.corners
        assert 0 <= left <= right < width and 0 <= top <= bottom < height


@pytest.mark.slow
@given(findings())
def test_any_picture_can_be_drawn(picture: Finding) -> None:
    pixels = np.zeros((300, 300, 3), np.uint8)
    assert thumbnail(picture, pixels, (90, 40), 0.1).size == (90, 40)


def test_boxes_at_the_border_stay_inside(first: Finding) -> None:
    seen = Detections(np.array([[-5, -5, 300, 200]], np.float32), np.array([0.9], np.float32))
    whole = Finding("one", 200, 300, seen, first.faces, first.ignored, None)
    assert shapes(whole, SIZE, 0.5)[-1].corners == (0, 0, 299, 199)


@pytest.mark.parametrize("channel", [0, 2])
def test_colours_of_the_picture_stay_in_place(first: Finding, channel: int) -> None:
    pixels = np.zeros((200, 300, 3), np.uint8)
    pixels[..., channel] = 250
    assert np.asarray(thumbnail(first, pixels, SIZE, 0.5))[190, 290, channel] == 250

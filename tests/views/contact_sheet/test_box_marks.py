"""Lines of boxes: where colour is, where it is not, and that kinds stay apart."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageColor, ImageDraw

from dse.views.contact_sheet.marks import (
    EDGE,
    FALSE,
    FOUND,
    LABEL,
    LEFT_OUT,
    MISSED,
    Corners,
    Mark,
    draw_box,
    strokes,
)

ALL = (FOUND, FALSE, MISSED, LABEL, LEFT_OUT)
PAPER = (128, 128, 128)


def drawn(box: Corners, mark: Mark, side: int = 120) -> Image.Image:
    image = Image.new("RGB", (side, side), PAPER)
    draw_box(ImageDraw.Draw(image), box, mark)
    return image


@given(st.integers(1, 400), st.integers(1, 12), st.integers(0, 9))
@example(19, 6, 2)
def test_strokes_reach_both_ends_and_do_not_touch(length: int, dash: int, space: int) -> None:
    parts = strokes(length, dash, space)
    assert parts[0][0] == 0 and parts[-1][1] == length - 1
    assert all(first <= last for first, last in parts)
    assert all(one[1] < other[0] for one, other in pairwise(parts))
    if space >= 2 and length >= 3:
        assert len(parts) >= 2
        assert all(other[0] - one[1] > 1 for one, other in pairwise(parts))


@pytest.mark.parametrize("mark", ALL)
def test_corners_have_the_marks_colour_and_the_middle_none(mark: Mark) -> None:
    image = drawn((20, 30, 90, 80), mark)
    colour = ImageColor.getrgb(mark.colour)
    for corner in ((20, 30), (90, 30), (20, 80), (90, 80)):
        assert image.getpixel(corner) == colour
    assert image.getpixel((55, 55)) == PAPER
    assert image.getpixel((18, 30)) == PAPER
    assert image.getpixel((19, 30)) == ImageColor.getrgb(EDGE)


@given(st.tuples(*[st.integers(0, 60)] * 4), st.sampled_from(ALL))
def test_nothing_is_drawn_far_from_the_box(box: tuple[int, int, int, int], mark: Mark) -> None:
    left, top = 20 + box[0] // 2, 20 + box[1] // 2
    corners = (left, top, left + box[2] // 2, top + box[3] // 2)
    changed = Image.eval(drawn(corners, mark).convert("L"), lambda v: 255 * (v != PAPER[0]))
    x0, y0, x1, y1 = changed.getbbox() or (0, 0, 0, 0)
    assert (x0, y0) == (corners[0] - 1, corners[1] - 1)
    assert (x1 - 1, y1 - 1) == (corners[2] + 1, corners[3] + 1)


@pytest.mark.parametrize("side", [14, 20, 60])
@pytest.mark.parametrize(("one", "other"), list(combinations((FOUND, FALSE, MISSED), 2)))
def test_kinds_differ_without_their_colours(one: Mark, other: Mark, side: int) -> None:
    """Whoever sees no colour still has the lines: which pixels are painted differs."""
    inks = []
    for mark in (one, other):
        black = Mark("#000000", mark.width, mark.dash, mark.space)
        inks.append(drawn((20, 20, 20 + side, 20 + side), black).tobytes())
    differing = sum(a != b for a, b in zip(*inks, strict=True))
    assert differing > side


def test_the_three_kinds_differ_in_lightness() -> None:
    def lightness(mark: Mark) -> float:
        red, green, blue = ImageColor.getrgb(mark.colour)[:3]
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    values = sorted(lightness(mark) for mark in (FOUND, FALSE, MISSED))
    assert min(b - a for a, b in pairwise(values)) > 25

"""Input sizes, and the canvases that they name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.canvas import Canvas
from dse.errors import UsageError

SIDES = st.integers(1, 999_999)
CANVASES = st.builds(Canvas, SIDES, SIDES)


@given(CANVASES)
def test_an_input_size_names_its_canvas(canvas: Canvas) -> None:
    assert Canvas.of(canvas.input_size) == canvas
    assert Canvas.of(str(canvas)) == canvas
    assert Canvas.checked(canvas.input_size) == canvas


def test_a_square_is_named_by_its_side_and_others_by_width_and_height() -> None:
    assert Canvas(256, 256).input_size == 256
    assert Canvas(320, 240).input_size == "320x240"
    assert Canvas.of("256x256").input_size == 256
    assert Canvas.of("320x240").shape == (240, 320, 3)
    assert Canvas.of_planes((1, 3, 240, 320)) == Canvas(320, 240)
    assert Canvas(320, 240).longer == Canvas(240, 320).longer == 320


@given(st.lists(SIDES))
def test_squares_are_in_the_order_of_their_sides(sides: list[int]) -> None:
    assert [one.input_size for one in sorted(map(Canvas.of, sides))] == sorted(sides)


@given(CANVASES, CANVASES)
def test_any_two_canvases_have_an_order(one: Canvas, other: Canvas) -> None:
    assert (one < other) + (other < one) + (one == other) == 1
    assert one.area <= other.area or other < one


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "0x0",
        "320x0",
        "0x240",
        "",
        "x",
        "320x",
        "x240",
        "320x240x3",
        "320 x 240",
        "-1",
        "٣x٣",
        "9" * 5000,
        "\x1b[31m",
    ],
)
def test_what_names_no_canvas_is_refused(text: str) -> None:
    for read in (Canvas.of, Canvas.checked):
        with pytest.raises(UsageError, match="is no input size") as caught:
            read(text)
        assert caught.value.hint
        assert len(str(caught.value)) < 200 and str(caught.value).isprintable()


@pytest.mark.parametrize(
    "value", [True, 0, -1, 96.0, None, [96], "96", "96x96", "0320x240", "0x240", "240x0"]
)
def test_a_file_gives_a_number_for_a_square_and_a_text_for_another_canvas(value: object) -> None:
    with pytest.raises(UsageError, match="is no input size"):
        Canvas.checked(value)


@pytest.mark.parametrize("value", [0, -1])
def test_a_number_without_pixels_names_no_canvas(value: int) -> None:
    with pytest.raises(UsageError, match="is no input size"):
        Canvas.of(value)

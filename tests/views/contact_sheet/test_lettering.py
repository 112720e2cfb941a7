"""Words that fit, and scores that cover nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dse.views.contact_sheet.lettering import fitted, place_text, text_size

AREA = (300, 200)


@given(st.text(st.characters(codec="ascii"), max_size=80), st.integers(20, 400))
def test_fitted_text_is_the_text_or_its_beginning(text: str, width: int) -> None:
    found = fitted(text, 16, width)
    assert text_size(found, 16)[0] <= width
    assert found == text or (found.endswith("…") and text.startswith(found[:-1]))


corner = st.tuples(st.integers(0, 280), st.integers(0, 180))
box = st.builds(
    lambda start, w, h: (start[0], start[1], min(start[0] + w, 299), min(start[1] + h, 199)),
    corner,
    st.integers(1, 200),
    st.integers(1, 150),
)


@given(box, st.lists(box, max_size=8))
def test_text_lies_in_the_picture_and_covers_nothing_taken(
    around: tuple[int, int, int, int], taken: list[tuple[int, int, int, int]]
) -> None:
    place = place_text(around, (34, 16), AREA, taken)
    if place is None:
        return
    left, top, right, bottom = place
    assert left >= 0 and right < AREA[0] and top >= 0 and bottom < AREA[1]
    assert (right - left + 1, bottom - top + 1) == (34, 16)
    for other in taken:
        apart = right < other[0] or other[2] < left or bottom < other[1] or other[3] < top
        assert apart


def test_the_first_choice_is_on_top_of_the_box_then_below_it() -> None:
    assert place_text((100, 50, 150, 90), (34, 16), AREA, []) == (100, 34, 133, 49)
    assert place_text((100, 5, 150, 90), (34, 16), AREA, []) == (100, 91, 133, 106)


def test_where_there_is_no_room_there_is_no_text() -> None:
    assert place_text((10, 10, 20, 20), (34, 16), AREA, [(0, 0, 299, 199)]) is None
    assert place_text((10, 10, 20, 20), (34, 16), (30, 30), []) is None

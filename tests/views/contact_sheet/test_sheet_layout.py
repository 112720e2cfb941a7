"""Pictures in rows: none overlaps another, none is distorted, rows fill the width."""

from __future__ import annotations

from itertools import groupby, pairwise

from hypothesis import given
from hypothesis import strategies as st

from dse.views.contact_sheet.layout import TALLEST, arrange

WIDTH, ROW, GAP = 1200, 200, 8
ratios = st.lists(st.floats(0.4, 3.0), min_size=1, max_size=30)


@given(ratios)
def test_tiles_lie_apart_on_the_sheet_in_reading_order(shapes: list[float]) -> None:
    tiles = arrange(shapes, WIDTH, ROW, GAP)
    assert len(tiles) == len(shapes)
    assert all(0 <= t.left < t.right <= WIDTH and 0 <= t.top < t.bottom for t in tiles)
    for one, other in pairwise(tiles):
        if one.top == other.top:
            assert other.left - one.right == GAP and other.bottom == one.bottom
        else:
            assert other.top - one.bottom == GAP and other.left == 0


@given(ratios)
def test_pictures_keep_their_shape(shapes: list[float]) -> None:
    for ratio, tile in zip(shapes, arrange(shapes, WIDTH, ROW, GAP), strict=True):
        width, height = tile.right - tile.left, tile.bottom - tile.top
        assert abs(width - ratio * height) <= 1 + ratio / 2  # both sides are whole pixels


@given(ratios)
def test_rows_fill_the_width_or_are_as_tall_as_allowed(shapes: list[float]) -> None:
    for _, row in groupby(arrange(shapes, WIDTH, ROW, GAP), key=lambda tile: tile.top):
        last = list(row)[-1]
        assert last.bottom - last.top <= TALLEST * ROW
        assert last.right == WIDTH or last.bottom - last.top == TALLEST * ROW


def test_equal_pictures_make_a_grid() -> None:
    tiles = arrange([1.5] * 12, 1200, 200, 0)
    assert [tile.left for tile in tiles] == [0, 300, 600, 900] * 3
    assert {tile.bottom - tile.top for tile in tiles} == {200}


def test_the_last_row_is_no_leftover() -> None:
    tiles = arrange([1.5] * 9, 1200, 200, 0)  # 4 + 4 + 1 would leave one alone
    assert [tile.top for tile in tiles].count(tiles[-1].top) > 1

"""KPU rows: figures that the compiler prints, and what must hold for every map."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.chips.k210.cost.kpu_layout import ROW_BYTES, kpu_bytes, kpu_rows, row_layout

SIDES = st.integers(1, 300)
CHANNELS = st.integers(1, 1100)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((224, 224, 3), 172_032),  # sizes in the schedules that nncase 1.9 dumps
        ((112, 112, 16), 229_376),
        ((112, 112, 48), 688_128),
        ((56, 56, 16), 57_344),
        ((28, 28, 96), 86_016),
        ((96, 96, 3), 36_864),
        ((4, 4, 1), 256),
    ],
)
def test_known_sizes(shape: tuple[int, int, int], expected: int) -> None:
    assert kpu_bytes(shape) == expected


@pytest.mark.parametrize(
    ("width", "layout"),
    [(1, (4, 1, 16)), (16, (4, 1, 16)), (17, (2, 1, 32)), (32, (2, 1, 32)), (33, (1, 1, 64)),
     (64, (1, 1, 64)), (65, (1, 2, 64)), (320, (1, 5, 64))],
)  # fmt: skip
def test_layout_changes_at_16_32_and_every_64(width: int, layout: tuple[int, int, int]) -> None:
    assert row_layout(width) == layout


@given(SIDES, SIDES, CHANNELS)
def test_a_map_fits_into_its_rows(height: int, width: int, channels: int) -> None:
    size = kpu_bytes((height, width, channels))
    assert size % ROW_BYTES == 0
    assert size >= height * width * channels
    assert size == kpu_rows((height, width, channels)) * ROW_BYTES


@given(SIDES, SIDES, CHANNELS)
def test_more_rows_or_channels_never_take_less(height: int, width: int, channels: int) -> None:
    size = kpu_bytes((height, width, channels))
    assert kpu_bytes((height + 1, width, channels)) > size
    assert kpu_bytes((height, width, channels + 1)) >= size


@given(SIDES, st.integers(1, 500), st.integers(1, 64))
def test_channels_of_a_map_do_not_overlap(height: int, width: int, channels: int) -> None:
    """The address formula of the compiler gives every (channel, row) bytes of its own."""
    groups, row_length, pitch = row_layout(width)
    spans = sorted(
        (channel // groups * row_length * height * 64 + channel % groups * pitch, channel)
        for channel in range(channels)
    )
    line_bytes = pitch if row_length == 1 else row_length * 64
    assert width <= line_bytes
    assert len({start for start, _ in spans}) == channels
    last = spans[-1][0] + (height - 1) * row_length * 64 + width
    assert last <= (channels + groups - 1) // groups * row_length * height * 64


def test_no_map_without_width() -> None:
    with pytest.raises(ValueError, match="0 pixels"):
        row_layout(0)

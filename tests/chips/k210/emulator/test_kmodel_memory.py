from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.chips.k210.emulator.memory import DATA, RDATA, Memory, Region, Spaces, dense_strides
from dse.errors import VerificationFailed

SPACE, CONSTANT = (0, DATA), (0, RDATA)
SPACES = Spaces({SPACE: 56}, {CONSTANT: np.arange(6, dtype=np.float32).tobytes()})


def test_a_part_of_a_tensor_is_written_in_place() -> None:
    """As a concatenation does: two halves of the channels, then all of them."""
    memory, strides = Memory(3, SPACES), (12, 6, 3, 1)
    memory.view(Region(SPACES, SPACE, 4, "f4", (1, 1, 2, 3), strides, True))[...] = 1
    memory.view(Region(SPACES, SPACE, 28, "f4", (1, 1, 1, 3), strides, True))[1] = 2
    whole = memory.view(Region(SPACES, SPACE, 4, "f4", (1, 2, 2, 1), strides))
    assert whole.shape == (3, 1, 2, 2, 1)
    np.testing.assert_array_equal(whole[1].ravel(), [1, 1, 2, 0])
    np.testing.assert_array_equal(whole[0].ravel(), [1, 1, 0, 0])


def test_constants_are_the_same_for_all_pictures_and_not_written() -> None:
    region = Region(SPACES, CONSTANT, 4, "f4", (2, 2), (1, 2))
    view = Memory(3, SPACES).view(region)
    np.testing.assert_array_equal(view, [[[1, 3], [2, 4]]])
    with pytest.raises(ValueError, match="read-only"):
        view[...] = 0
    with pytest.raises(VerificationFailed, match="is a constant, and written"):
        replace(region, written=True)


def test_what_is_only_read_cannot_be_written() -> None:
    view = Memory(1, SPACES).view(Region(SPACES, SPACE, 0, "f4", (2,), (1,)))
    with pytest.raises(ValueError, match="read-only"):
        view[...] = 0


@pytest.mark.parametrize("space", [SPACE, CONSTANT, (1, DATA), (0, 64)])
def test_what_lies_outside_does_not_exist(space: tuple[int, int]) -> None:
    with pytest.raises(VerificationFailed, match="ends at 60, its memory at"):
        Region(SPACES, space, 52, "f4", (2,), (1,))


@pytest.mark.parametrize(
    ("offset", "shape", "strides", "why"),
    [
        (0, (2, 3), (-3, 1), "runs backwards"),
        (-4, (2,), (1,), "begins between"),
        (2, (2,), (1,), "begins between"),
        (0, (0, 3), (3, 1), "is empty"),
        (0, (-2, 3), (3, 1), "is empty"),
        (0, (2, 3), (0, 1), "several numbers at one place"),
        (0, (2, 3), (2, 1), "several numbers at one place"),
        (0, (1 << 31, 2), (0, 1), "several numbers at one place"),
        (0, (1 << 32, 1 << 32), (1 << 32, 1), "ends at"),
        (0, (2, 2), (1 << 62, 1), "ends at"),  # four times it, in 64 bits, are zero
        (0, (2, 3), (1,), "has strides"),
        (0, (1,) * 9, (1,) * 9, "has strides"),
    ],
)
def test_what_is_no_tensor_of_its_memory(
    offset: int, shape: tuple[int, ...], strides: tuple[int, ...], why: str
) -> None:
    with pytest.raises(VerificationFailed, match=why):
        Region(SPACES, SPACE, offset, "f4", shape, strides)


NUMBERS = st.integers(-3, 30) | st.integers(-(1 << 64), 1 << 64)


@given(
    NUMBERS, st.sampled_from(["u1", "i4", "f4", "i8"]), st.lists(st.tuples(NUMBERS, NUMBERS)),
    st.booleans(),
)  # fmt: skip
def test_every_element_of_a_region_lies_in_its_memory(
    offset: int, dtype: str, sides: list[tuple[int, int]], constant: bool
) -> None:
    """Whatever is asked for: what comes to be is within its row, each number at its own place."""
    shape, strides = (tuple(side[i] for side in sides) for i in (0, 1))
    space = CONSTANT if constant else SPACE
    try:
        region = Region(SPACES, space, offset, dtype, shape, strides)
    except VerificationFailed:
        return
    places = np.zeros(1, int) + offset
    for side, step in zip(shape, strides, strict=True):
        places = (places[:, None] + region.item_bytes * step * np.arange(side)).ravel()
    assert len(set(places.tolist())) == len(places) == region.elements
    assert places.min() >= 0
    assert places.max() + region.item_bytes <= SPACES.size(space)
    assert Memory(2, SPACES).view(region).shape == (1 if constant else 2, *shape)


def test_gigabytes_are_refused_before_they_are_allocated() -> None:
    with pytest.raises(VerificationFailed, match="claims 8,589,934,584 bytes of memory"):
        Spaces({(0, DATA): (1 << 32) - 4, (1, DATA): (1 << 32) - 4}, {})


def test_dense_strides() -> None:
    assert dense_strides((1, 3, 4, 5)) == (60, 20, 5, 1)
    assert dense_strides(()) == ()

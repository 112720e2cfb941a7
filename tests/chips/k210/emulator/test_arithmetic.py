from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dse.chips.k210.emulator.arithmetic import added_up, carried, levels_of, rounded_float32

WHOLE = st.integers(-(1 << 31), (1 << 31) - 1)


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=30), st.floats(width=32))
def test_sums_are_taken_one_number_after_the_other(numbers: list[float], first: float) -> None:
    total = np.float32(first)
    with np.errstate(all="ignore"):
        for one in numbers:
            total = np.float32(total + np.float32(one))
        found = added_up(np.array([numbers, numbers[::-1]], np.float32), np.float32(first))
    np.testing.assert_equal(found[0], total)


@given(WHOLE, st.integers(-(1 << 15), 1 << 15), st.integers(0, 40))
def test_products_are_shifted_with_halves_up_in_32_bits(value: int, mul: int, shift: int) -> None:
    whole = (value * mul + (1 << shift >> 1)) >> shift
    wanted = (whole + (1 << 31)) % (1 << 32) - (1 << 31)
    assert carried(np.array([value]), mul, shift).tolist() == [wanted]


def test_levels_are_rounded_away_from_zero_and_clipped() -> None:
    below_a_half = np.nextafter(np.float32(0.5), np.float32(0))
    numbers = [-7, 0.5, below_a_half, 1.5, 2.5, 254.5, 255.4, 1e30, np.inf, -np.inf, np.nan]
    found = levels_of(np.array(numbers, np.float32))
    assert found.tolist() == [0, 1, 0, 2, 3, 255, 255, 255, 255, 0, 0]


def test_functions_are_rounded_once() -> None:
    numbers = np.linspace(-20, 20, 999).astype(np.float32)
    found = rounded_float32(np.exp)(numbers)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.exp(numbers.astype(np.float64)).astype(np.float32))

"""Grids hold zero exactly and everything in their range to half a step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.chips.k210.quantization.grids import PICTURE_GRID, Grid, quantize_kernel

pytestmark = pytest.mark.slow

ENDS = st.floats(-1000, 1000, width=32)


@given(first=ENDS, second=ENDS)
def test_a_grid_spans_its_range_and_zero(first: float, second: float) -> None:
    low, high = sorted((first, second))
    grid = Grid.of_range(low, high)
    assert 0 <= grid.zero_point <= 255 and grid.scale > 0
    assert grid.lowest <= 0 <= grid.highest and grid.highest - grid.lowest == 255
    if max(high, 0) - min(low, 0) > 1e-30:
        assert abs(grid.lowest * grid.scale - min(low, 0)) <= 0.51 * grid.scale
        assert abs(grid.highest * grid.scale - max(high, 0)) <= 0.51 * grid.scale


def test_known_grids() -> None:
    assert Grid.of_range(0, 6).zero_point == 0
    assert Grid.of_range(0, 6).scale == pytest.approx(6 / 255)
    assert Grid.of_range(-3, 0).zero_point == 255
    assert Grid.of_range(0, 0).scale == pytest.approx(0.1 / 255)
    assert Grid.of_range(-1e-44, 1e-44) == Grid.of_range(0, 0)
    assert Grid.of_range(2, 5) == Grid.of_range(0, 5)  # zero always belongs to it
    assert PICTURE_GRID.zero_point == 128  # 127.5, halves up


@pytest.mark.parametrize("depthwise", [False, True])
def test_kernels_round_per_output_channel(depthwise: bool) -> None:
    shape = (3, 3, 6, 1) if depthwise else (3, 3, 4, 6)
    spread = np.geomspace(0.1, 100, 6)
    drawn = np.random.default_rng(0).normal(size=shape)
    kernel = (drawn * (spread[:, None] if depthwise else spread)).astype(np.float32)
    numbers, scales = quantize_kernel(kernel, depthwise=depthwise)
    assert scales.shape == (6,) and numbers.shape == shape
    assert numbers.min() >= -128 and numbers.max() <= 127
    np.testing.assert_array_equal(numbers, np.round(numbers))
    steps = scales[:, None] if depthwise else scales
    assert np.all(np.abs(numbers * steps - kernel) <= 0.5001 * steps)


def test_tiny_channels_are_not_blown_up_and_ones_lose_half_a_step() -> None:
    numbers, scales = quantize_kernel(np.full((1, 1, 1, 1), 1e-5, np.float32), depthwise=False)
    assert scales[0] == pytest.approx(0.02 / 255) and numbers[0, 0, 0, 0] == 0
    numbers, _ = quantize_kernel(np.ones((1, 1, 1, 1), np.float32), depthwise=False)
    assert numbers[0, 0, 0, 0] == 127

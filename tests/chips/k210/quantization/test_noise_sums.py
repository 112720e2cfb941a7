"""Figures of noise against hand-made noise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dse.chips.k210.quantization.grids import Grid
from dse.chips.k210.quantization.noise_sums import NoiseSums, best_clip, sqnr_db, weight_spread

pytestmark = pytest.mark.slow

UNIT = Grid.of_range(0.0, 255.0)
"""Steps of 1."""


def on_unit(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.float32)


def test_quotients_of_power_are_decibels() -> None:
    assert sqnr_db(1000.0, 1.0) == pytest.approx(30.0)
    assert sqnr_db(1.0, 0.0) is None
    assert math.isfinite(sqnr_db(0.0, 1.0) or math.nan)


def test_uniform_rounding_has_a_twelfth_of_a_squared_step() -> None:
    exact = np.random.default_rng(0).uniform(0, 255, (2, 50, 50, 4)).astype(np.float32)
    sums = NoiseSums(UNIT)
    for half in (exact[:1], exact[1:]):  # as pictures stream through
        sums.add(half, half, half, on_unit(half))
    found = sums.figures()
    signal = float(np.mean(exact.astype(np.float64) ** 2))
    assert found["alone_db"] == pytest.approx(10 * math.log10(signal * 12), abs=0.1)
    assert found["sqnr_db"] is None
    assert (found["weights_share"], found["beyond"], found["beyond_share"]) == (0, 0, 0)
    assert found["offset_share"] < 0.01
    assert (found["low"], found["high"]) == (exact.min(), exact.max())
    assert found["channel_spread"] == pytest.approx(1, abs=0.01)


def test_values_beyond_the_range_are_counted_with_their_noise() -> None:
    exact = np.full((1, 10, 10, 1), 100.0, np.float32)
    exact[0, 0, :, 0] = 355.0
    sums = NoiseSums(UNIT)
    sums.add(exact, exact, exact, on_unit(exact))
    found = sums.figures()
    assert found["beyond"] == pytest.approx(0.1)
    assert found["beyond_share"] == pytest.approx(1.0)
    assert found["high"] == 355.0


def test_what_weights_do_is_told_from_what_the_step_does() -> None:
    exact = np.random.default_rng(1).uniform(10, 200, (1, 40, 40, 2)).astype(np.float32)
    computed = exact + np.array([3.0, 0.0], np.float32)  # one channel is always 3 too high
    sums = NoiseSums(UNIT)
    sums.add(exact, exact, computed, on_unit(computed))
    found = sums.figures()
    assert found["weights_share"] == pytest.approx(4.5 / (4.5 + 1 / 12), abs=0.01)
    assert found["offset_share"] == pytest.approx(found["weights_share"], abs=0.02)


def test_channels_that_share_a_step_are_compared_and_dead_ones_left_out() -> None:
    exact = np.zeros((1, 4, 4, 5), np.float32)
    exact[..., :4] = [1.0, 2.0, 2.0, 20.0]
    sums = NoiseSums(UNIT)
    sums.add(exact, exact, exact, exact)
    assert sums.figures()["channel_spread"] == pytest.approx(10.0)


def test_outliers_are_worth_clipping_and_a_full_range_is_not() -> None:
    full = np.ones(256, np.int64)
    (low, high), gain = best_clip(full, UNIT)
    assert (low, high, gain) == (0.0, 255.0, 0.0)
    outliers = np.zeros(256, np.int64)
    outliers[1:100], outliers[255] = 10_000, 1
    (low, high), gain = best_clip(outliers, UNIT)
    assert low == 0.0
    assert 99 <= high < 200
    assert gain > 1.0
    assert best_clip(np.zeros(256, np.int64), UNIT)[1] == 0.0


def test_either_end_of_a_range_is_clipped_alone() -> None:
    grid = Grid.of_range(-100.0, 155.0)
    counts = np.zeros(256, np.int64)
    counts[90:] = 10_000  # nothing lies below -10
    (low, high), gain = best_clip(counts, grid)
    assert -25 <= low <= -10
    assert high == 155.0
    assert gain > 1.0


def test_only_channels_under_one_scale_are_a_spread() -> None:
    flat = np.ones((1, 1, 8, 4), np.float32)
    assert weight_spread(flat) == pytest.approx(1.0)
    wide_outputs = flat * np.array([1, 10, 100, 1000], np.float32)
    assert weight_spread(wide_outputs) == pytest.approx(1.0)
    one_input = flat.copy()
    one_input[:, :, 3] = 16.0
    assert weight_spread(one_input) == pytest.approx(16.0)

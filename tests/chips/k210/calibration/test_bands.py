"""Bands follow what is still uncertain, and what was found wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dse.chips.k210.calibration.bands import ON_KPU, Bands, band_deviations, four_digits
from dse.chips.k210.calibration.belief import covariance_of
from dse.chips.k210.calibration.fit import FITTED, constants, with_cycles
from dse.chips.k210.target import K210Target

NAME = "cpu_cycles_per_pooled_element"
INDEX = FITTED.index(NAME)


@pytest.fixture(scope="module")
def target() -> K210Target:
    return K210Target.load("k210")


def bands(target: K210Target, deviation: float, error: float, shapes: tuple[str, ...]) -> Bands:
    """Bands when the constant NAME alone makes every time."""
    work = np.zeros((len(shapes), len(FITTED)))
    work[:, INDEX] = 1 / constants(target)[INDEX]
    covariance = np.zeros((len(FITTED), len(FITTED)))
    covariance[INDEX, INDEX] = deviation**2
    known = covariance_of(band_deviations(target), ON_KPU)
    return Bands(target, target, work, known, covariance, np.full(len(shapes), error), shapes)


def test_two_deviations_make_a_band(target: K210Target) -> None:
    deviation = band_deviations(target)[INDEX]
    assert 4 * deviation == pytest.approx(1300 - 180)
    found = bands(target, deviation, 0.0, ("a", "b")).cpu_cycles(NAME)
    assert found == target.cpu_cycles_per_pooled_element


def test_a_band_keeps_its_ratio_of_down_to_up(target: K210Target) -> None:
    low, likely, high = bands(target, 28.0, 0.0, ("a", "b")).cpu_cycles(NAME)
    assert high - low == pytest.approx(4 * 28, rel=0.01)
    assert (high - likely) / (likely - low) == pytest.approx((1300 - 375) / (375 - 180), rel=0.01)


def test_errors_of_times_left_out_widen_a_band(target: K210Target) -> None:
    low, likely, high = bands(target, 0.0, 0.4, ("a", "b")).cpu_cycles(NAME)
    assert low <= 0.4 * likely + 0.1 and high >= 1.6 * likely - 0.1


def test_one_shape_alone_narrows_nothing(target: K210Target) -> None:
    found = bands(target, 0.0, 0.0, ("a", "a")).cpu_cycles(NAME)
    assert found == target.cpu_cycles_per_pooled_element
    assert bands(target, 0.0, 0.0, ("a", "b")).cpu_cycles(NAME)[2] < 380


def test_a_constant_that_came_to_nothing_keeps_a_band(target: K210Target) -> None:
    gone = replace(bands(target, 28.0, 0.0, ("a", "b")), found=with_cycles(target, {NAME: 0.0}))
    low, likely, high = gone.cpu_cycles(NAME)
    assert low == likely == 0
    assert high > 28


def test_the_kpu_has_one_band(target: K210Target) -> None:
    work = np.zeros((2, len(FITTED)))
    work[:, ON_KPU] = 1 / constants(target)[ON_KPU] / ON_KPU.sum()
    nothing = np.zeros((len(FITTED), len(FITTED)))
    known = covariance_of(band_deviations(target), ON_KPU)
    sure = Bands(target, target, work, known, nothing, np.array([0.02, 0.04]), ("a", "b"))
    assert sure.kpu_factors() == (0.94, 1.06)
    assert replace(sure, shapes=("a", "a")).kpu_factors() == (0.9, 1.1)
    assert replace(sure, covariance=4 * known).kpu_factors() == (0.8, 1.2)
    assert replace(sure, covariance=known, errors=np.zeros(2)).kpu_factors() == (0.9, 1.1)


@pytest.mark.parametrize(("value", "rounded"), [(1.01249, 1.012), (4574.04, 4574.0), (0, 0)])
def test_four_digits(value: float, rounded: float) -> None:
    assert four_digits(value) == rounded

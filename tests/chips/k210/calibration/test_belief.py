"""What bands say before a log, and how a log contradicts them."""

from __future__ import annotations

import numpy as np
import pytest

from dse.chips.k210.calibration.belief import SHARED, Belief, believe

MEAN = np.array([10.0, 20.0, 5.0])
DEVIATION = 0.05 * MEAN
ON_KPU = np.array([True, True, False])


def work_of(cycles: np.ndarray, rows: int = 12) -> np.ndarray:
    """Amounts of work in relative error, for times that `cycles` make exactly."""
    amounts = np.random.default_rng(0).uniform(1, 9, (rows, len(cycles)))
    return amounts / (amounts @ cycles)[:, None]


def test_times_that_agree_leave_the_bands_as_wide_as_they_are() -> None:
    belief = believe(MEAN, DEVIATION, ON_KPU, work_of(MEAN))
    assert np.sqrt(np.diag(belief.covariance)) == pytest.approx(DEVIATION)
    assert belief.noise == 0.005


def test_only_constants_of_one_processor_move_together() -> None:
    covariance = believe(MEAN, DEVIATION, ON_KPU, work_of(MEAN)).covariance
    assert covariance[0, 1] == pytest.approx(SHARED * DEVIATION[0] * DEVIATION[1])
    assert covariance[0, 2] == covariance[1, 2] == 0


def test_a_processor_that_is_slower_widens_its_own_bands_alone() -> None:
    belief = believe(MEAN, DEVIATION, ON_KPU, work_of(MEAN * [1.5, 1.5, 1.0]))
    widened = np.sqrt(np.diag(belief.covariance)) / DEVIATION
    assert widened[0] == widened[1] > 2
    assert widened[2] <= 2


def test_scatter_is_read_off_the_times() -> None:
    work = work_of(MEAN, 60)
    scattered = work / np.random.default_rng(1).normal(1, 0.08, 60)[:, None]
    assert believe(MEAN, DEVIATION, ON_KPU, scattered).noise == pytest.approx(0.08, rel=0.6)


def test_measuring_never_makes_a_constant_less_certain() -> None:
    work = work_of(MEAN)
    belief = believe(MEAN, DEVIATION, ON_KPU, work)
    after = belief.after(work)
    assert np.all(np.diag(after) <= np.diag(belief.covariance))
    assert np.allclose(after, after.T)


def test_the_equations_are_those_of_the_normal_distribution() -> None:
    belief = believe(MEAN, DEVIATION, ON_KPU, work_of(MEAN))
    rows, wanted = belief.equations([0, 1, 2])
    away = MEAN + np.array([1.0, -2.0, 0.5])
    distance = (away - MEAN) @ np.linalg.inv(belief.covariance) @ (away - MEAN)
    assert np.sum((rows @ away - wanted) ** 2) == pytest.approx(belief.noise**2 * distance)


def test_a_constant_of_zero_may_not_move() -> None:
    belief = Belief(MEAN, np.diag([1.0, 0.0, 1.0]), 0.01)
    assert list(belief.free) == [True, False, True]

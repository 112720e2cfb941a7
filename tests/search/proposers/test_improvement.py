"""Expected hypervolume improvement, against drawing APs and measuring the hypervolume."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dse.pareto import ObjectiveBox
from dse.search.proposers.improvement import (
    best_at_cost,
    expected_improvement,
    free_areas,
    improvement_bound,
)

BOX = ObjectiveBox((5.0, 5e5), (80.0, 2e6))


def at(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Costs (n, 2) at these shares of the box's logarithmic scales."""
    low, high = np.array(BOX.cheapest), np.array(BOX.dearest)
    return np.asarray(low * (high / low) ** shares)


def drawn_improvement(
    mean: float, deviation: float, cost: NDArray[np.float64], front: NDArray[np.float64]
) -> float:
    """The same by definition: an AP at each of many equal shares of the Gaussian."""
    from scipy.special import ndtri

    before = BOX.share(front)
    aps = mean + deviation * ndtri((np.arange(500) + 0.5) / 500)
    grown = [BOX.share(np.vstack([front, [ap, *cost]])) - before for ap in aps]
    return float(np.mean(grown))


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 6), st.booleans())
def test_agrees_with_the_definition(seed: int, members: int, ties: bool) -> None:
    generator = np.random.default_rng(seed)
    front = generator.random((members, 3))
    cost = generator.random(2)
    if ties:
        front, cost = np.round(front * 4) / 4, np.round(cost * 4) / 4
    front, cost = np.column_stack([front[:, 0], at(front[:, 1:])]), at(cost)
    mean, deviation = generator.uniform(0.2, 0.8), generator.uniform(0.01, 0.06)
    exact = expected_improvement(np.array([mean]), np.array([deviation]), cost[None], front, BOX)
    assert exact.shape == (1,)
    assert exact[0] == pytest.approx(drawn_improvement(mean, deviation, cost, front), abs=3e-4)


def test_certain_ap_gives_the_improvement_itself() -> None:
    front = np.array([[0.6, 40.0, 1e6], [0.8, 60.0, 1.5e6]])
    cost = np.array([[20.0, 5e5], [40.0, 1e6], [70.0, 1.8e6]])
    mean = np.array([0.7, 0.6, 0.7])
    exact = expected_improvement(mean, np.zeros(3), cost, front, BOX)
    before = BOX.share(front)
    grown = [
        BOX.share(np.vstack([front, [ap, *row]])) - before
        for ap, row in zip(mean, cost, strict=True)
    ]
    assert exact == pytest.approx(grown, abs=1e-8)
    assert exact[1] == pytest.approx(0.0, abs=1e-8)  # a copy of the first


def test_without_a_front_it_is_ap_times_free_area() -> None:
    exact = expected_improvement(
        np.array([0.5]), np.array([0.01]), at(np.array([[0.25, 0.5]])), np.empty((0, 3)), BOX
    )
    assert exact == pytest.approx([0.5 * 0.75 * 0.5])


def test_more_uncertainty_is_worth_more_where_the_mean_is_beaten() -> None:
    front = np.array([[0.7, 20.0, 5e5]])
    cost = np.tile([[30.0, 6e5]], (3, 1))
    gains = expected_improvement(np.full(3, 0.6), np.array([0.01, 0.05, 0.2]), cost, front, BOX)
    assert gains[0] < gains[1] < gains[2]
    assert (gains >= 0).all()


def test_designs_outside_the_box_gain_nothing() -> None:
    outside = np.array([[81.0, 5e5], [5.0, 3e6], [80.0, 5e5]])
    gains = expected_improvement(np.full(3, 0.9), np.full(3, 0.1), outside, np.empty((0, 3)), BOX)
    assert gains.tolist() == [0.0, 0.0, 0.0]


def test_free_areas_fall_with_every_step_of_the_front() -> None:
    steps = np.array([[0.5, 0.5], [0.6, 0.2]])
    areas = free_areas(np.array([[0.25, 0.25]]), steps)
    assert areas == pytest.approx(np.array([[0.5625 - 0.25 - 0.1, 0.5625 - 0.3, 0.5625]]))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 8), st.booleans())
def test_free_areas_are_those_of_a_grid_and_the_bound_holds(
    seed: int, members: int, ties: bool
) -> None:
    """On a grid of tenths the area that later steps leave is a number of cells."""
    generator = np.random.default_rng(seed)
    steps, costs = generator.integers(0, 12, (members, 2)), generator.integers(0, 11, (5, 2))
    cells = np.stack(np.meshgrid(np.arange(10), np.arange(10), indexing="ij"), axis=2)
    for level in range(members + 1):
        taken = (cells[:, :, None] >= steps[level:]).all(axis=3).any(axis=2)
        free = [((cells >= cost).all(axis=2) & ~taken).sum() / 100 for cost in costs]
        assert free_areas(costs / 10, steps / 10)[:, level] == pytest.approx(free, abs=1e-12)
    aps = np.sort(generator.integers(1, 5, members) / 5 if ties else generator.random(members))
    scale = [BOX.cheapest, BOX.dearest]
    front, prices = (
        np.array(scale[0]) * (np.array(scale[1]) / scale[0]) ** (table / 10)
        for table in (steps, costs)
    )
    known = np.column_stack([aps, front])
    mean, deviation = generator.random(5), generator.uniform(0.001, 0.2, 5)
    exact = expected_improvement(mean, deviation, prices, known, BOX)
    assert (exact <= improvement_bound(mean, deviation, prices, known, BOX) + 1e-12).all()
    for best, price in zip(best_at_cost(prices, known), prices, strict=True):
        assert best == max((row[0] for row in known if (row[1:] <= price).all()), default=-np.inf)

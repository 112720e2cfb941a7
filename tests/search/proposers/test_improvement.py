"""Expected hypervolume improvement, against drawing APs and measuring the hypervolume."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dse.pareto import ObjectiveBox
from dse.search.proposers.improvement import best_at_cost, expected_improvement

pytestmark = pytest.mark.slow

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


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 40), st.booleans())
def test_certain_ap_gives_the_improvement_itself(seed: int, members: int, ties: bool) -> None:
    """Of a design that costs what a member costs, or reaches its AP, and of a copy, too."""
    generator = np.random.default_rng(seed)
    table = generator.random((members + 8, 3))
    if ties:
        table = np.round(table * 5) / 5
    table[:, 1:] = at(table[:, 1:])
    front, new = table[:members], table[members:]
    new[:1] = table[:1]  # a copy of a member, where there is one
    exact = expected_improvement(new[:, 0], np.zeros(8), new[:, 1:], front, BOX)
    before = BOX.share(front)
    grown = [BOX.share(np.vstack([front, row])) - before for row in new]
    assert exact == pytest.approx(grown, abs=1e-8)
    assert not members or exact[0] == pytest.approx(0.0, abs=1e-8)


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


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 8))
def test_the_best_at_no_more_cost(seed: int, members: int) -> None:
    """On a grid, so that costs are often equal."""
    generator = np.random.default_rng(seed)
    front = generator.integers(1, 6, (members, 3)).astype(np.float64)
    costs = generator.integers(0, 6, (5, 2)).astype(np.float64)
    for best, cost in zip(best_at_cost(costs, front), costs, strict=True):
        assert best == max((row[0] for row in front if (row[1:] <= cost).all()), default=-np.inf)

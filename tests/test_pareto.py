"""Fronts and hypervolumes, against brute force and an independent implementation."""

from __future__ import annotations

import math
from collections import namedtuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dse.errors import DseError
from dse.pareto import MAXIMISE, Front, ObjectiveBox, front_mask, hypervolume

Cost = namedtuple("Cost", "latency_ms file_bytes")

# Few different values, so that ties and duplicates are common.
LEVELS = st.integers(0, 8).map(lambda step: step / 8)


def tables(columns: int, rows: int = 12) -> st.SearchStrategy[NDArray[np.float64]]:
    """(n, columns) values in 0..1, n from 0 to `rows`."""
    row = st.tuples(*[LEVELS] * columns)
    return st.lists(row, max_size=rows).map(lambda found: np.array(found).reshape(-1, columns))


def dominates(one: NDArray[np.float64], other: NDArray[np.float64], signs: list[float]) -> bool:
    """The definition, word for word; `signs` is 1 where more is better."""
    a, b = one * signs, other * signs
    return bool((a >= b).all() and (a > b).any())


@settings(max_examples=150, deadline=None)
@given(st.data(), st.lists(st.booleans(), min_size=1, max_size=4))
def test_front_is_what_the_definition_says(data: st.DataObject, maximise: list[bool]) -> None:
    values = data.draw(tables(len(maximise)))
    signs = [1.0 if up else -1.0 for up in maximise]
    expected = [not any(dominates(other, row, signs) for other in values) for row in values]
    assert front_mask(values, maximise).tolist() == expected


def test_duplicates_are_on_the_front_together() -> None:
    values = [[0.9, 10.0, 5.0], [0.9, 10.0, 5.0], [0.9, 11.0, 5.0]]
    assert front_mask(values, MAXIMISE).tolist() == [True, True, False]


def test_unmeasured_rows_are_never_on_the_front() -> None:
    values = [[math.nan, 1.0, 1.0], [0.5, 2.0, 2.0]]
    assert front_mask(values, MAXIMISE).tolist() == [False, True]


def test_front_of_nothing_is_empty() -> None:
    assert front_mask([], MAXIMISE).shape == (0,)


def grid_volume(values: NDArray[np.float64]) -> float:
    """Volume above 0 that values on the grid of eighths dominate: cells counted one by one."""
    axes = [np.arange(8) / 8 + 1 / 16] * values.shape[1]
    cells = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, values.shape[1])
    return float((values[:, None] > cells).all(axis=2).any(axis=0).mean()) if len(values) else 0.0


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from([2, 3]))
def test_hypervolume_counts_the_dominated_cells(data: st.DataObject, columns: int) -> None:
    values = data.draw(tables(columns))
    volume = hypervolume(values, [0.0] * columns, [True] * columns)
    assert volume == pytest.approx(grid_volume(values), abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from([2, 3]))
def test_hypervolume_never_falls_and_needs_only_the_front(
    data: st.DataObject, columns: int
) -> None:
    values, more = data.draw(tables(columns)), data.draw(tables(columns, rows=3))
    reference, maximise = [1.0] * columns, [False] * columns
    volume = hypervolume(values, reference, maximise)
    front = values[front_mask(values, maximise)]
    assert hypervolume(front, reference, maximise) == pytest.approx(volume, abs=1e-12)
    assert hypervolume(np.vstack([values, more]), reference, maximise) >= volume - 1e-12


def test_hypervolume_agrees_with_drawn_points() -> None:
    generator = np.random.default_rng(7)
    box = ObjectiveBox(cheapest=(2.0, 1e5), dearest=(80.0, 2e6))

    def drawn(count: int) -> NDArray[np.float64]:
        """APs and costs, evenly over the box: costs by their logarithms."""
        ap, *shares = generator.random((3, count))
        pairs = zip(box.cheapest, box.dearest, shares, strict=True)
        return np.column_stack([ap, *(low * (high / low) ** share for low, high, share in pairs)])

    values, points = drawn(40), drawn(40_000)
    better = (values[:, None, 0] >= points[:, 0]) & (values[:, None, 1:] <= points[:, 1:]).all(2)
    assert box.share(values) == pytest.approx(better.any(axis=0).mean(), abs=0.008)


def test_hypervolume_agrees_with_optuna() -> None:
    theirs = pytest.importorskip("optuna._hypervolume")  # private there: a check, not a tool
    generator = np.random.default_rng(3)
    for columns in (2, 3):
        values = generator.random((60, columns))
        expected = theirs.compute_hypervolume(values, np.full(columns, 1.1))
        mine = hypervolume(values, [1.1] * columns, [False] * columns)
        assert mine == pytest.approx(expected, rel=1e-10)


def test_points_outside_the_reference_add_nothing() -> None:
    outside = [[0.5, 81.0, 1.0], [0.0, 1.0, 1.0], [math.nan, 1.0, 1.0]]
    assert hypervolume(outside, [0.0, 80.0, 10.0], MAXIMISE) == 0.0
    inside = [0.5, 40.0, 5.0]
    assert hypervolume([*outside, inside], [0.0, 80.0, 10.0], MAXIMISE) == pytest.approx(100.0)


@pytest.mark.parametrize("columns", [1, 4])
def test_other_numbers_of_objectives_are_refused(columns: int) -> None:
    with pytest.raises(DseError) as refusal:
        hypervolume(np.ones((2, columns)), [0.0] * columns, [True] * columns)
    assert "2 or 3" in refusal.value.hint


def test_a_reference_of_another_length_is_refused() -> None:
    with pytest.raises(DseError):
        hypervolume(np.ones((2, 3)), [0.0, 0.0], [True] * 3)


def test_box_is_fixed_by_the_designs() -> None:
    box = ObjectiveBox.around([Cost(20.0, 900), Cost(50.0, 300)])
    assert box == ObjectiveBox((20.0, 300.0), (50.0, 900.0))
    wider = ObjectiveBox.around([Cost(20.0, 900)], margin=1.5)
    assert wider == ObjectiveBox((20.0, 900.0), (30.0, 1350.0))


def test_share_is_between_nothing_and_all() -> None:
    box = ObjectiveBox((2.0, 100.0), (50.0, 900.0))
    assert box.share([]) == 0.0
    assert box.share([[1.0, 2.0, 100.0]]) == box.share([[1.0, 0.0, 0.0]]) == 1.0
    assert box.share([[0.8, 10.0, 300.0]]) == pytest.approx(0.2)  # the middle of both scales
    assert box.share([[0.8, 50.0, 100.0]]) == 0.0


def test_a_cost_that_all_designs_share_does_not_count() -> None:
    box = ObjectiveBox((5.0, 100.0), (5.0, 900.0))
    assert box.share([[0.8, 5.0, 300.0]]) == pytest.approx(0.4)
    assert box.scaled((5.0, 900.0)).tolist() == [[0.0, 1.0]]


def test_box_around_nothing_is_refused() -> None:
    with pytest.raises(DseError, match="no feasible design"):
        ObjectiveBox.around([])


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(tables(3), st.sets(st.integers(0, 11)))
def test_a_front_that_grows_point_by_point_is_that_of_all_points(
    values: NDArray[np.float64], unmeasured: set[int]
) -> None:
    """And so is its share of the box, of which each point adds a part."""
    values[[at for at in unmeasured if at < len(values)], 0] = math.nan
    costs = [1.0, 2.0, 5.0]
    box = ObjectiveBox.around([Cost(low, low) for low in costs])
    points = np.column_stack([values[:, :1], 1.0 + 5.0 * values[:, 1:]])
    front, share = Front(), 0.0
    for count, point in enumerate(points, start=1):
        before = front.values
        kept = front_mask(points[:count], MAXIMISE)
        assert front.add(point) == kept[-1]
        assert front.values.tolist() == points[:count][kept].tolist()
        share += box.gain(point, before) if kept[-1] else 0.0
        assert share == pytest.approx(box.share(points[:count]), abs=1e-12)

"""Which designs are worth having: Pareto fronts, and the hypervolume that measures one.

A design dominates another when it is no worse in every objective and better in one. The
hypervolume of a set is the volume of objective space that it dominates, up to a reference
point; it grows whenever the front does (Zitzler and Thiele, IEEE TEVC 3(4), 1999).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dse.errors import DseError

__all__ = ["MAXIMISE", "Front", "ObjectiveBox", "front_mask", "hypervolume"]

Floats = NDArray[np.float64]

MAXIMISE = (True, False, False)
"""Sense of the objectives of a study: AP up, latency down, bytes of the file down."""


def front_mask(values: ArrayLike, maximise: Sequence[bool]) -> NDArray[np.bool_]:
    """Which rows no other row dominates.

    values: (n, k) objective values; maximise: (k,) sense of each.
    Returns (n,) bool. Equal rows do not dominate each other: all of them are on the front
    or none. A row that holds NaN (not measured) is never on it and dominates nothing.
    """
    costs = _as_costs(values, maximise)
    on_front: NDArray[np.bool_] = np.logical_not(np.isnan(costs).any(axis=1))
    rows, inverse = np.unique(costs[on_front], axis=0, return_inverse=True)
    # Sorted by the first cost, only an earlier row can dominate a later one.
    kept = np.zeros(len(rows), dtype=bool)
    for index, row in enumerate(rows):
        front = rows[:index][kept[:index]]
        kept[index] = not (front <= row).all(axis=1).any()
    on_front[on_front] = kept[inverse.reshape(-1)]
    return on_front


class Front:
    """A front of points (AP, latency_ms, file_bytes) that come one after the other.

    Lifetime: `add` each point; `values` is what `front_mask` would have kept of them, at the cost
    of a comparison with the front instead of with all that came before.
    """

    def __init__(self) -> None:
        self.values: Floats = np.empty((0, 3))
        """(m, 3), in the order in which they came."""

    def add(self, point: Sequence[float]) -> bool:
        """Takes `point` (3,) in; returns whether it is on the front. NaN never is."""
        costs, mine = _as_costs(self.values, MAXIMISE), _as_costs(point, MAXIMISE)
        no_worse, no_better = (costs <= mine).all(axis=1), (costs >= mine).all(axis=1)
        if np.isnan(mine).any() or (no_worse & ~no_better).any():
            return False
        self.values = np.vstack([self.values[no_worse | ~no_better], point])
        return True


def hypervolume(values: ArrayLike, reference: Sequence[float], maximise: Sequence[bool]) -> float:
    """Volume between the rows of `values` and `reference`, exact.

    values: (n, k) objective values, k is 2 or 3; reference: (k,) the worst value that counts
    of each objective; maximise: (k,) sense of each. The unit is the product of the
    objectives' units. Rows with NaN, and rows no better than the reference, add nothing.
    Raises DseError for another number of objectives.
    """
    if len(maximise) not in (2, 3) or len(reference) != len(maximise):
        raise DseError(
            f"hypervolume of {len(maximise)} objectives, with a reference of {len(reference)}",
            "give 2 or 3 objectives and as many reference values",
        )
    costs = _as_costs(values, maximise)
    limit = _as_costs(reference, maximise)[0]
    # (a row with NaN fails the comparison, too)
    inside = costs[(costs < limit).all(axis=1)]
    if not len(inside):
        return 0.0
    return _area(inside, limit) if limit.size == 2 else _volume(inside, limit)


def _as_costs(values: ArrayLike, maximise: Sequence[bool]) -> Floats:
    """(n, k) with every objective turned so that less is better."""
    table = np.asarray(values, dtype=np.float64).reshape(-1, len(maximise))
    return np.asarray(table * np.where(np.asarray(maximise, dtype=bool), -1.0, 1.0))


def _area(costs: Floats, limit: Floats) -> float:
    """Area that (n, 2) costs dominate below `limit`: a staircase, summed step by step."""
    ordered = costs[np.argsort(costs[:, 0], kind="stable")]
    lowest = np.minimum.accumulate(ordered[:, 1])
    widths = np.diff(ordered[:, 0], append=limit[0])
    return float(widths @ (limit[1] - lowest))


def _volume(costs: Floats, limit: Floats) -> float:
    """Volume that (n, 3) costs dominate: slabs between the first objective's values."""
    ordered = costs[np.argsort(costs[:, 0], kind="stable")]
    depths = np.diff(ordered[:, 0], append=limit[0])
    slabs = [
        depth * _area(ordered[: index + 1, 1:], limit[1:])
        for index, depth in enumerate(depths.tolist())
        if depth > 0
    ]
    return float(sum(slabs))


@dataclass(frozen=True)
class ObjectiveBox:
    """The fixed box in which one study measures its hypervolume.

    AP runs over 0..1; latency and size run from those of the cheapest feasible design to those
    of the dearest on logarithmic scales, since half the time is worth as much at 4 ms as at
    400. The box depends on the feasible designs alone, not on what was trained, so its shares
    can be compared at any two moments and between any two searches of one space and target.

    cheapest, dearest: (latency_ms, file_bytes), each the least and the most of any design.
    """

    cheapest: tuple[float, float]
    dearest: tuple[float, float]

    @classmethod
    def around(cls, designs: Iterable[Any], margin: float = 1.0) -> ObjectiveBox:
        """The box of `designs`, which have latency_ms and file_bytes.

        margin: factor on the costs of the dearest. Raises DseError when there is no design.
        """
        return cls.of_costs([(d.latency_ms, d.file_bytes) for d in designs], margin)

    @classmethod
    def of_costs(cls, costs: ArrayLike, margin: float = 1.0) -> ObjectiveBox:
        """The box of designs with (n, 2) costs: milliseconds, bytes of the file."""
        table = np.asarray(costs, dtype=np.float64).reshape(-1, 2)
        if not len(table):
            raise DseError("no feasible design to measure against", "widen the space")
        low, high = table.min(axis=0).tolist(), (table.max(axis=0) * margin).tolist()
        return cls((low[0], low[1]), (high[0], high[1]))

    def scaled(self, costs: ArrayLike) -> Floats:
        """(n, 2) rows (latency_ms, file_bytes) as shares of the box: 0 cheapest, 1 dearest.

        Dearer ones are above 1; an objective in which all designs are alike is 0.
        """
        table = np.asarray(costs, dtype=np.float64).reshape(-1, 2)
        low, high = np.asarray(self.cheapest), np.asarray(self.dearest)
        span = np.log(high / low)
        steps = np.log(np.maximum(table, low) / low)
        return np.asarray(steps / np.where(span > 0, span, 1.0))

    def share(self, values: ArrayLike) -> float:
        """Hypervolume of (n, 3) rows (AP, latency_ms, file_bytes), as a share 0..1 of the box."""
        table = np.asarray(values, dtype=np.float64).reshape(-1, 3)
        scaled = np.column_stack([table[:, 0], self.scaled(table[:, 1:])])
        return hypervolume(scaled, (0.0, 1.0, 1.0), MAXIMISE)

    def gain(self, point: Sequence[float], front: Floats) -> float:
        """By how much the share of `front` (m, 3) would grow with `point` (3,).

        Only what `point` dominates is measured: a front cut to it is mostly a few points.
        """
        signs = np.where(MAXIMISE, -1.0, 1.0)
        cut = np.maximum(front * signs, np.asarray(point) * signs) * signs
        rivals = np.unique(cut[front_mask(cut, MAXIMISE)], axis=0)
        return max(0.0, self.share([point]) - self.share(rivals))

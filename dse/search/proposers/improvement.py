"""Expected hypervolume improvement when only one objective is uncertain.

A design's latency and size are known, so what it can add to the front depends on its AP
alone. With AP a Gaussian, the expectation has a closed form: between two APs of the front,
one more unit of AP adds a constant area in the (latency, size) plane. (The general method,
for several uncertain objectives: Emmerich, Giannakoglou and Naujoks, IEEE TEVC 10(4), 2006.)
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dse.pareto import ObjectiveBox

__all__ = ["best_at_cost", "expected_improvement", "free_areas", "improvement_bound"]

Floats = NDArray[np.float64]


def expected_improvement(
    mean: Floats, deviation: Floats, costs: Floats, front: Floats, box: ObjectiveBox
) -> Floats:
    """Expected growth of the hypervolume by each design, exact.

    mean, deviation: (n,) of the Gaussian AP; costs: (n, 2) latency_ms and kmodel_bytes;
    front: (m, 3) rows (AP, latency_ms, kmodel_bytes) that exist already; dominated ones change
    nothing and cost time.
    Returns (n,) shares of `box`, never negative.
    """
    kept = front[np.argsort(front[:, 0])]
    areas = free_areas(box.scaled(costs), box.scaled(kept[:, 1:]))
    # AP levels 0 = t_0 <= t_1 <= ... <= t_m, and no end: areas[:, k] counts from t_k on.
    levels = np.concatenate([[0.0], np.clip(kept[:, 0], 0.0, 1.0)])
    excess = _expected_excess(mean[:, None], deviation[:, None], levels)
    beyond = np.concatenate([excess[:, 1:], np.zeros((len(mean), 1))], axis=1)
    return np.asarray((areas * (excess - beyond)).sum(axis=1))


def improvement_bound(
    mean: Floats, deviation: Floats, costs: Floats, front: Floats, box: ObjectiveBox
) -> Floats:
    """What `expected_improvement`, of the same arguments, cannot exceed; far quicker.

    As if a design that beats what exists at no more cost were the first to dominate all there is
    behind it.
    """
    room = np.clip(1.0 - box.scaled(costs), 0.0, None).prod(axis=1)
    to_beat = np.clip(best_at_cost(costs, front), 0.0, None)
    return np.asarray(room * _expected_excess(mean, deviation, to_beat))


def best_at_cost(costs: Floats, front: Floats) -> Floats:
    """(n,) the best AP of `front` (m, 3) that costs (n, 2) no more; minus infinity for none."""
    ordered = front[np.argsort(-front[:, 0])]
    cheaper = (ordered[:, 1] <= costs[:, :1]) & (ordered[:, 2] <= costs[:, 1:])  # (n, m)
    if not len(front):
        return np.full(len(costs), -np.inf)
    first = cheaper.argmax(axis=1)
    return np.where(cheaper[np.arange(len(costs)), first], ordered[first, 0], -np.inf)


def free_areas(costs: Floats, steps: Floats) -> Floats:
    """Area in the unit square that each design would be the first to dominate.

    costs: (n, 2); steps: (m, 2), costs of the front in ascending order of AP; all as shares
    of the box. Returns (n, m + 1): column k is the area less what steps k and later dominate,
    which is what the design adds per unit of AP between front members k - 1 and k.
    """
    room = np.clip(1.0 - costs, 0.0, None).prod(axis=1)
    taken = np.zeros((len(costs), len(steps)))  # by each step, and by none after it
    owners, left, right, low, high = _rectangles(np.ascontiguousarray(steps).tobytes())
    if len(owners):
        widths = np.maximum(right - np.maximum(left, costs[:, :1]), 0.0)  # (n, rectangles)
        heights = np.maximum(high - np.maximum(low, costs[:, 1:]), 0.0)
        members, starts = np.unique(owners.astype(np.intp), return_index=True)
        taken[:, members] = np.add.reduceat(widths * heights, starts, axis=1)
    by_later = np.cumsum(taken[:, ::-1], axis=1)[:, ::-1]
    return np.column_stack([np.clip(room[:, None] - by_later, 0.0, None), room])


@lru_cache(maxsize=2)
def _rectangles(steps_bytes: bytes) -> tuple[Floats, ...]:
    """What each step dominates of the unit square and no later one does, in rectangles.

    steps_bytes: of (m, 2) float64. Returns (r,) arrays: the step, ascending; the rectangle's
    left, right, low and high side. They are at most two a step on average, however the steps
    lie: one that is cut by several stairs ends all but one of them.
    """
    steps = np.frombuffer(steps_bytes).reshape(-1, 2)
    found: list[tuple[float, ...]] = []
    lefts: list[float] = []  # stairs of the later steps: ascending, their lows descending
    lows: list[float] = []
    for owner, (left, low) in reversed(list(enumerate(np.minimum(steps, 1.0).tolist()))):
        first = last = bisect_right(lefts, left)
        high, start = (lows[first - 1] if first else 1.0), left
        while low < high and start < 1.0:
            end = lefts[last] if last < len(lefts) else 1.0
            found.append((owner, start, end, low, high))
            start, high = end, (lows[last] if last < len(lows) else low)
            last += low < high
        if low < (lows[first - 1] if first else 1.0):
            lefts[first:last], lows[first:last] = [left], [low]
    return tuple(np.array(found[::-1]).reshape(-1, 5).T)


def _expected_excess(mean: Floats, deviation: Floats, level: Floats) -> Floats:
    """E[max(Y - level, 0)] of a Gaussian Y; broadcasts."""
    from scipy.special import ndtr

    safe = np.maximum(deviation, 1e-9)
    score = (mean - level) / safe
    density = np.exp(-0.5 * score**2) / np.sqrt(2.0 * np.pi)
    return np.asarray(safe * density + (mean - level) * ndtr(score))

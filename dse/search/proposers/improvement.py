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

from dse.pareto import ObjectiveBox
from dse.search.proposers.base import Floats

__all__ = ["best_at_cost", "expected_improvement"]


def expected_improvement(
    mean: Floats, deviation: Floats, costs: Floats, front: Floats, box: ObjectiveBox
) -> Floats:
    """Expected growth of the hypervolume by each design, exact but for 1e-12.

    mean, deviation: (n,) of the Gaussian AP; costs: (n, 2) latency_ms and file_bytes;
    front: (m, 3) rows (AP, latency_ms, file_bytes) that exist already; dominated ones change
    nothing and cost time.
    Returns (n,) shares of `box`, never negative.
    """
    from dse.search.proposers.improvement_kernel import integrated

    kept = front[np.argsort(front[:, 0])]
    levels = np.clip(kept[:, 0], 0.0, 1.0)
    rectangles = _rectangles(box.scaled(kept[:, 1:]).tobytes())
    return integrated(mean, np.maximum(deviation, 1e-9), box.scaled(costs), levels, *rectangles)


def best_at_cost(costs: Floats, front: Floats) -> Floats:
    """(n,) the best AP of `front` (m, 3) that costs (n, 2) no more; minus infinity for none."""
    ordered = front[np.argsort(-front[:, 0])]
    cheaper = (ordered[:, 1] <= costs[:, :1]) & (ordered[:, 2] <= costs[:, 1:])  # (n, m)
    if not len(front):
        return np.full(len(costs), -np.inf)
    first = cheaper.argmax(axis=1)
    return np.where(cheaper[np.arange(len(costs)), first], ordered[first, 0], -np.inf)


@lru_cache(maxsize=2)
def _rectangles(steps_bytes: bytes) -> tuple[Floats, Floats]:
    """What each step dominates of the unit square and no later one does, in rectangles.

    steps_bytes: of (m, 2) float64, costs of the front in ascending order of AP as shares of the
    box. Returns (r,) the step, ascending, and (r, 4) the rectangle's left, right, low and high
    side. They are at most two a step on average, however the steps lie: one that is cut by
    several stairs ends all but one of them.
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
    table = np.array(found[::-1]).reshape(-1, 5)
    return table[:, 0].copy(), table[:, 1:].copy()

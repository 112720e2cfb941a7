"""Expected hypervolume improvement when only one objective is uncertain.

A design's latency and size are known, so what it can add to the front depends on its AP
alone. With AP a Gaussian, the expectation has a closed form: between two APs of the front,
one more unit of AP adds a constant area in the (latency, size) plane. (The general method,
for several uncertain objectives: Emmerich, Giannakoglou and Naujoks, IEEE TEVC 10(4), 2006.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dse.pareto import MAXIMISE, ObjectiveBox, front_mask

__all__ = ["expected_improvement", "free_areas"]

Floats = NDArray[np.float64]


def expected_improvement(
    mean: Floats, deviation: Floats, costs: Floats, front: Floats, box: ObjectiveBox
) -> Floats:
    """Expected growth of the hypervolume by each design, exact.

    mean, deviation: (n,) of the Gaussian AP; costs: (n, 2) latency_ms and kmodel_bytes;
    front: (m, 3) rows (AP, latency_ms, kmodel_bytes) that exist already.
    Returns (n,) shares of `box`, never negative.
    """
    kept = front[front_mask(front, MAXIMISE)]
    kept = kept[np.argsort(kept[:, 0])]
    areas = free_areas(box.scaled(costs), box.scaled(kept[:, 1:]))
    # AP levels 0 = t_0 <= t_1 <= ... <= t_m, and no end: areas[:, k] counts from t_k on.
    levels = np.concatenate([[0.0], np.clip(kept[:, 0], 0.0, 1.0)])
    excess = _expected_excess(mean[:, None], deviation[:, None], levels)
    beyond = np.concatenate([excess[:, 1:], np.zeros((len(mean), 1))], axis=1)
    return np.asarray((areas * (excess - beyond)).sum(axis=1))


def free_areas(costs: Floats, steps: Floats) -> Floats:
    """Area in the unit square that each design would be the first to dominate.

    costs: (n, 2); steps: (m, 2), costs of the front in ascending order of AP; all as shares
    of the box. Returns (n, m + 1): column k is the area less what steps k and later dominate,
    which is what the design adds per unit of AP between front members k - 1 and k.
    """
    count, levels = len(costs), len(steps) + 1
    areas = np.empty((count, levels))
    room = np.clip(1.0 - costs, 0.0, None)
    areas[:, -1] = room[:, 0] * room[:, 1]
    for level in range(levels - 1):
        higher = steps[level:]
        higher = higher[np.argsort(higher[:, 0], kind="stable")]
        left = np.maximum(np.append(higher[:, 0], 1.0), costs[:, :1])  # (n, j + 1)
        widths = np.clip(np.diff(np.minimum(left, 1.0), axis=1), 0.0, None)
        lowest = np.minimum.accumulate(higher[:, 1])
        heights = np.clip(1.0 - np.maximum(lowest, costs[:, 1:]), 0.0, None)
        areas[:, level] = areas[:, -1] - np.einsum("nj,nj->n", widths, heights)
    return np.clip(areas, 0.0, None)


def _expected_excess(mean: Floats, deviation: Floats, level: Floats) -> Floats:
    """E[max(Y - level, 0)] of a Gaussian Y; broadcasts."""
    from scipy.special import ndtr

    safe = np.maximum(deviation, 1e-9)
    score = (mean - level) / safe
    density = np.exp(-0.5 * score**2) / np.sqrt(2.0 * np.pi)
    return np.asarray(safe * density + (mean - level) * ndtr(score))

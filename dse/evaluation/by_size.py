"""Which objects a detector finds, by their size on the picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dse.detection.matching import judge_classes
from dse.evaluation.findings import Finding

__all__ = ["SizeClass", "found_by_size"]

EDGES = (1 / 16, 1 / 8, 1 / 4)
"""Between the sizes: sides as shares of the picture's longer side. A detector with a map of
16 x 16 cells sees the smallest in one cell or less."""


class SizeClass(NamedTuple):
    """Objects whose side, the root of their area, is a share from..to of the picture's longer one.

    objects: how many there are. found: those that a believed detection has found.
    """

    side_from: float
    side_to: float
    objects: int
    found: int


def found_by_size(
    pictures: Sequence[Finding], score: float | Sequence[float]
) -> tuple[SizeClass, ...]:
    """Objects and found ones of each size that occurs, the smallest first.

    score: from which detections are believed; of several each class has its own.
    """
    sides = [np.zeros(0)]
    found: list[NDArray[np.bool_]] = [np.zeros(0, bool)]
    for one in pictures:
        extent = np.maximum(one.faces[:, 2:] - one.faces[:, :2], 0.0).astype(np.float64)
        sides.append(np.sqrt(extent.prod(axis=1)) / max(one.height, one.width))
        found.append(~judge_classes(one.detections.above(score), one.labels).missed)
    place = np.digitize(np.concatenate(sides), EDGES)
    objects = np.bincount(place, minlength=len(EDGES) + 1)
    hits = np.bincount(place[np.concatenate(found)], minlength=len(EDGES) + 1)
    bounds = zip((0.0, *EDGES), (*EDGES, 1.0), objects.tolist(), hits.tolist(), strict=True)
    return tuple(SizeClass(*row) for row in bounds if row[2])

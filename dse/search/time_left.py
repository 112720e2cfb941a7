"""How long a search still takes, by what its trainings took so far.

A training takes a while whatever its network, and longer the more is multiplied in it. How much
that is on this machine and these pictures is learnt from the trainings that ended.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dse.network.detector import detector_graph, frozen_layers
from dse.space import Training

__all__ = ["MEASURING_SHARE", "Pace", "Took", "seconds_left"]

FROZEN_SHARE = 1 / 3
"""Of what a trained layer multiplies, what a frozen one does: it is only passed forwards."""

FIXED, PLAIN, DEPTHWISE = 26.0, 50e-8, 157e-8
"""Seconds of a training, and for each MAC of a network without and with depthwise convolutions, as
least squares found them on the 86 recorded trainings of `k210_face` (`docs/search.md`). Where a
search has seen nothing else, their proportions count."""

DOUBT = 0.5
"""Trainings that these proportions are worth, beside those that a search has seen."""

LEAST = 0.1
"""Of a part's usual proportion."""

RECENT = 8
"""Trainings that tell which share of its time one lasts until it is stopped early."""

MEASURING_SHARE = 0.2
"""Of a training's seconds, what the other formats of a design on the front take at the end."""


@dataclass(frozen=True)
class Took:
    """A training, and the seconds that it took. whole: it ran to its end."""

    training: Training
    seconds: float
    whole: bool = True


class Pace:
    """What a whole training takes here, learnt from those that `took` their time already."""

    def __init__(self, took: Sequence[Took]) -> None:
        """took: at least one."""
        parts = np.array([_parts(one.training) for one in took])  # (n, 3) seconds, as usual
        usual = parts.sum(axis=1)
        seconds = np.array([one.seconds for one in took])
        self._scale = float(seconds.sum() / usual.sum())
        shares, misfit = parts / usual[:, None], seconds / (self._scale * usual) - 1.0
        normal = shares.T @ shares + DOUBT * np.eye(3)
        change = np.linalg.solve(normal, shares.T @ misfit)
        self._factors = np.maximum(LEAST, 1.0 + change)

    def seconds(self, training: Training) -> float:
        """Of `training`, when nothing stops it."""
        return float(self._scale * (self._factors @ _parts(training)))


def seconds_left(
    took: Sequence[Took],
    running: Iterable[tuple[Training, float]],
    coming: Iterable[Training],
    measuring: int,
    at_a_time: float,
) -> float:
    """Seconds until all is done, by what trainings took; NaN where none tells anything.

    running: trainings under way, and the seconds that each took until its last report. coming:
    those that are expected to begin. measuring: designs of the front to be looked at in the end.
    at_a_time: tasks.
    """
    whole = [one for one in took if one.whole] or took
    if not whole:
        return math.nan
    pace = Pace(whole)
    recent = took[-RECENT:]
    full_s = sum(pace.seconds(one.training) for one in recent)
    lasting = min(1.0, sum(one.seconds for one in recent) / full_s) if full_s else 1.0
    under_way_s = sum(max(0.0, pace.seconds(training) - so_far_s) for training, so_far_s in running)
    coming_s = lasting * sum(map(pace.seconds, coming))
    mean_s = sum(one.seconds for one in whole) / len(whole)
    return (under_way_s + coming_s + MEASURING_SHARE * mean_s * measuring) / at_a_time


@lru_cache(maxsize=4096)
def _parts(training: Training) -> tuple[float, float, float]:
    """Seconds that a training usually takes whatever its network, and for what it multiplies
    without and with depthwise convolutions."""
    graph = detector_graph(training)
    frozen = frozen_layers(graph, training)
    work = sum(
        graph.macs_of(layer) * (FROZEN_SHARE if layer.name in frozen else 1.0) for layer in graph
    )
    if any(layer.op == "depthwise" for layer in graph):
        return FIXED, 0.0, DEPTHWISE * work
    return FIXED, PLAIN * work, 0.0

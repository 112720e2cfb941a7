"""The nearest change that would make a design fit."""

from __future__ import annotations

from bisect import bisect_left
from itertools import groupby
from typing import Any

from dse.axes import in_order
from dse.chips.pricing import Priced, price_candidate
from dse.chips.target import Target
from dse.space import TRAINING_AXES, Candidate, SearchSpace, Training

__all__ = ["nearest_fit"]


def nearest_fit(
    candidate: Candidate, space: SearchSpace, target: Target, classes: int = 1
) -> Candidate | None:
    """The candidate of `space` that fits `target` and differs least, in the same format.

    Least: on the fewest axes, then by the fewest steps, then the one with most arithmetic,
    which is the one likely to be most accurate. `candidate` itself when it fits; None when
    nothing in the format does. A format needs no training: what `space` has in others counts.
    """
    if price_candidate(candidate, target, classes).verdict.accepted:
        return candidate

    def distance(other: Candidate) -> tuple[int, int]:
        one, two = candidate.training, other.training
        steps = [_steps(getattr(space, axis), one, two, axis) for axis in TRAINING_AXES]
        return sum(step > 0 for step in steps), sum(steps)

    trainings = dict.fromkeys(one.training for one in space)
    others = sorted((one.in_format(candidate.format) for one in trainings), key=distance)
    for _, equally_near in groupby(others, distance):  # priced only until one fits
        priced = [price_candidate(other, target, classes) for other in equally_near]
        found = [one for one in priced if one.verdict.accepted]
        if found:
            return min(found, key=_best_first).candidate
    return None


def _best_first(priced: Priced) -> tuple[Any, ...]:
    """Most arithmetic first; of equals the first on the axes."""
    training = priced.candidate.training
    places = (in_order(axis, getattr(training, axis)) for axis in TRAINING_AXES)
    return -priced.cost.macs, *places


def _steps(values: tuple[Any, ...], one: Training, other: Training, axis: str) -> int:
    """Steps between two trainings along an axis; values off the axis lie between its own."""
    here, there = getattr(one, axis), getattr(other, axis)
    if here == there:
        return 0
    ordered = sorted(in_order(axis, value) for value in values)
    first, last = (bisect_left(ordered, in_order(axis, value)) for value in (here, there))
    return max(1, abs(first - last))

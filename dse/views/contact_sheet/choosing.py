"""Which pictures the sheet shows."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from dse.detection.matching import judge_classes
from dse.evaluation import Finding

__all__ = ["SORTS", "Counts", "Score", "choose", "choose_between", "count"]

SORTS = ("random", "worst", "best")


Score = float | Sequence[float]
"""A threshold: the same for all classes, or one for each."""


class Counts(NamedTuple):
    """Objects found, false detections and missed objects."""

    found: int
    false: int
    missed: int

    @property
    def precision_recall(self) -> tuple[float, float]:
        """0..1; 0 where there is nothing to divide by."""
        seen, there = self.found + self.false, self.found + self.missed
        return self.found / max(seen, 1), self.found / max(there, 1)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 1 where there is nothing to find or to say."""
        errors = self.false + self.missed
        return 2 * self.found / (2 * self.found + errors) if errors else 1.0


def count(picture: Finding, score: Score) -> Counts:
    """What `picture` comes to at the threshold `score`."""
    judged = judge_classes(picture.detections.above(score), picture.labels)
    parts = (judged.true, judged.false, judged.missed)
    return Counts(*(int(part.sum()) for part in parts))


def choose(
    pictures: Sequence[Finding], score: Score, wanted: int, sort: str = "random", seed: int = 0
) -> list[Finding]:
    """At most `wanted` of `pictures`; the same for the same seed.

    sort: "random" (in the order of the set), "worst" (lowest F1 of the picture first, then most
    errors) or "best" (highest F1 first, then most objects).
    """
    if sort == "random":
        chosen = random.Random(seed).sample(range(len(pictures)), min(wanted, len(pictures)))
        return [pictures[index] for index in sorted(chosen)]

    def key(picture: Finding) -> tuple[float, int]:
        counts = count(picture, score)
        if sort == "worst":
            return counts.f1, -(counts.false + counts.missed)
        return -counts.f1, -counts.found

    return sorted(pictures, key=key)[:wanted]


def choose_between(
    detectors: Sequence[Sequence[Finding]], scores: Sequence[Score], wanted: int
) -> list[int]:
    """Places of at most `wanted` pictures on which `detectors` differ most, in the set's order.

    detectors: what each of them found on the same pictures, in the same order. scores: the
    threshold of each. Detectors differ by their highest and lowest F1 of the picture; among
    equals, pictures with more errors come first.
    """

    def key(place: int) -> tuple[float, int]:
        counts = [
            count(found[place], score) for found, score in zip(detectors, scores, strict=True)
        ]
        f1 = [one.f1 for one in counts]
        return min(f1) - max(f1), -sum(one.false + one.missed for one in counts)

    pictures = len(detectors[0]) if detectors else 0
    return sorted(sorted(range(pictures), key=key)[:wanted])

"""Findings of a detector with three classes, of which the pictures show two."""

from __future__ import annotations

import numpy as np

from dse.data.pictures import DataSet, Picture, no_boxes
from dse.detection.detections import Detections
from dse.evaluation import Findings, prepare

__all__ = ["BOXES", "NAMES", "found_on", "labelled", "three_classes"]

BOXES = np.array([[2, 2, 20, 20], [40, 40, 60, 60], [5, 50, 25, 62]], np.float32)
NAMES = ("cat", "dog", "owl")


def labelled(name: str, classes: list[int], left_out: tuple[int, ...] = ()) -> Picture:
    """A picture that shows the first of `BOXES` as these classes, and ignores the last."""
    return Picture(
        name,
        BOXES[: len(classes)],
        lambda: np.zeros((64, 64, 3), np.uint8),
        ignored=BOXES[2:] if left_out else no_boxes(),
        classes=np.array(classes, np.int32),
        ignored_classes=np.array(left_out, np.int32),
    )


def found_on(
    *pictures: Picture,
    classes: list[int],
    names: tuple[str, ...] = NAMES,
    wanted: tuple[str, ...] = NAMES,
) -> Findings:
    """What a detector of `wanted` made of them: each time the first of `BOXES` as `classes`."""
    scores = np.linspace(0.9, 0.5, len(classes)).astype(np.float32)
    one = Detections(BOXES[: len(classes)], scores, np.array(classes, np.int32))
    findings = Findings(wanted)
    findings.add(prepare(DataSet("some", pictures, classes=names), 32), [one] * len(pictures))
    return findings


def three_classes() -> Findings:
    """A cat and a dog seen as such on every picture; on the first the dog is a cat."""
    return found_on(labelled("a", [0, 0]), labelled("b", [0, 1]), classes=[0, 1])

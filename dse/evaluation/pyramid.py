"""Inference on several sizes of each picture, as in the paper."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from dse.canvas import Canvas, InputSize
from dse.data.pictures import DataSet, Picture
from dse.detection.decoding import IOU_THRESHOLD, MAX_BOXES
from dse.detection.detections import Detections
from dse.detection.head import FACE_HEAD, Head
from dse.detection.suppression import suppress
from dse.errors import DataError, UsageError
from dse.evaluation.evaluate import chunks, detect
from dse.evaluation.findings import Evaluation, Findings
from dse.evaluation.prepared import prepare

if TYPE_CHECKING:  # the module brings TensorFlow, which judging boxes does not need
    from dse.network.arrays import Predict

__all__ = ["PYRAMID_SCALES", "evaluate_pyramid", "find_faces_pyramid", "pyramid_sizes"]

PYRAMID_SCALES = (0.5, 1.0, 2.0)
"""Narduzzi et al., arXiv 2208.11011, section III: one network on three sizes of a picture."""

SIZE_STEP = 32
"""Inputs are multiples of the backbone's total stride, so that breakpoint C fits together."""


def pyramid_sizes(
    input_size: InputSize, scales: Sequence[float] = PYRAMID_SCALES
) -> tuple[InputSize, ...]:
    """Input sizes of `scales` times `input_size`, sides to the nearest 32 pixels; 32 at least.

    The scale 1 keeps `input_size` itself. Raises UsageError for a scale that is not above 0.
    """
    if not scales or min(scales) <= 0:
        raise UsageError(f"scales {tuple(scales)} are not all above 0", "for example 0.5, 1, 2")
    canvas = Canvas.of(input_size)
    return tuple(
        input_size
        if scale == 1
        else Canvas(_stepped(canvas.width * scale), _stepped(canvas.height * scale)).input_size
        for scale in scales
    )


def _stepped(side: float) -> int:
    return SIZE_STEP * max(1, round(side / SIZE_STEP))


def evaluate_pyramid(
    predictor_for: Callable[[InputSize], Predict],
    input_size: InputSize,
    data: DataSet,
    scales: Sequence[float] = PYRAMID_SCALES,
    head: Head = FACE_HEAD,
) -> Evaluation:
    """Average precision with every picture seen at several sizes, as of `find_faces_pyramid`."""
    return find_faces_pyramid(predictor_for, input_size, data, scales, head).evaluation()


def find_faces_pyramid(
    predictor_for: Callable[[InputSize], Predict],
    input_size: InputSize,
    data: DataSet,
    scales: Sequence[float] = PYRAMID_SCALES,
    head: Head = FACE_HEAD,
) -> Findings:
    """What is found with every picture seen at several sizes, results merged by NMS.

    predictor_for: gives the same network for another input size. It knows its
    canonical boxes in the pixels of `input_size`, so they keep that size on every canvas.
    """
    sizes = pyramid_sizes(input_size, scales)
    predictors = [predictor_for(size) for size in sizes]
    findings = Findings(head.classes)
    for pictures in chunks(data):
        held = [_held(picture) for picture in pictures]
        levels = [prepare(held, size, data.classes) for size in sizes]
        found = [
            detect(predict, level, anchor_size=input_size, head=head)
            for predict, level in zip(predictors, levels, strict=True)
        ]
        findings.add(levels[0], [_merge(seen) for seen in zip(*found, strict=True)])
    return findings


def _held(picture: Picture) -> Picture:
    """`picture` read once: each level gets the same pixels, or none of them any."""
    try:
        pixels = picture.load()
    except DataError:
        return picture
    return dataclasses.replace(picture, load=lambda: pixels)


def _merge(levels: Sequence[Detections]) -> Detections:
    """One picture's detections on all levels, those that see the same object reduced to one."""
    return suppress(Detections.joined(levels), IOU_THRESHOLD, MAX_BOXES)

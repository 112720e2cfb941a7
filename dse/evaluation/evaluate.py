"""A detector on a whole data set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dse.canvas import InputSize
from dse.data.pictures import DataSet, Picture
from dse.detection.decoding import decode_maps
from dse.detection.detections import Detections
from dse.detection.head import FACE_HEAD, Head
from dse.evaluation.findings import Evaluation, Findings
from dse.evaluation.prepared import Prepared, prepare

if TYPE_CHECKING:  # the module brings TensorFlow, which judging boxes does not need
    from dse.network.arrays import Predict

__all__ = ["chunks", "detect", "evaluate", "evaluate_canvases", "find_faces", "judged"]

PICTURES_AT_A_TIME = 64
"""Canvases in memory while a data set streams through: 10 MB at 224 pixels."""


def evaluate(
    predict: Predict, input_size: InputSize, data: DataSet, head: Head = FACE_HEAD
) -> Evaluation:
    """Average precision of `predict` on every picture of `data`, one scale.

    Unreadable pictures are skipped and counted. Raises DataError where nothing is left.
    """
    return find_faces(predict, input_size, data, head).evaluation()


def find_faces(
    predict: Predict, input_size: InputSize, data: DataSet, head: Head = FACE_HEAD
) -> Findings:
    """What `predict` finds on every picture of `data`, one scale.

    Pictures are letterboxed to `input_size` and boxes compared in picture pixels.
    """
    findings = Findings(head.classes)
    for pictures in chunks(data):
        prepared = prepare(pictures, input_size, data.classes)
        findings.add(prepared, detect(predict, prepared, head=head))
    return findings


def evaluate_canvases(predict: Predict, prepared: Prepared, head: Head = FACE_HEAD) -> Evaluation:
    """`evaluate` on pictures that are prepared already: for several formats of one network."""
    return judged(predict, prepared, head).evaluation()


def judged(predict: Predict, prepared: Prepared, head: Head = FACE_HEAD) -> Findings:
    """What `predict` finds on pictures that are prepared already."""
    findings = Findings(head.classes)
    findings.add(prepared, detect(predict, prepared, head=head))
    return findings


def detect(
    predict: Predict,
    prepared: Prepared,
    *,
    anchor_size: InputSize | None = None,
    head: Head = FACE_HEAD,
) -> list[Detections]:
    """What `predict` finds in each picture of `prepared`, picture pixels.

    anchor_size, head: as of `decode_maps`.
    """
    size = prepared.input_size
    found: list[Detections] = []
    for start in range(0, len(prepared), PICTURES_AT_A_TIME):
        maps = predict(prepared.canvases[start : start + PICTURES_AT_A_TIME])
        found += decode_maps(maps, size, anchor_size=anchor_size, head=head)
    geometry = zip(found, prepared.scales, prepared.heights, prepared.widths, strict=True)
    return [one.on_picture(scale, height, width) for one, scale, height, width in geometry]


def chunks(data: DataSet) -> Iterator[tuple[Picture, ...]]:
    """The pictures of `data` a few at a time, so that they need not fit in memory at once."""
    for start in range(0, len(data), PICTURES_AT_A_TIME):
        yield data.pictures[start : start + PICTURES_AT_A_TIME]

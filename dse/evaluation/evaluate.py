"""A detector on a whole data set."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dse.data.pictures import Boxes, DataSet, Picture, Skipped
from dse.errors import DataError
from dse.evaluation.average_precision import Judged, area, average_precision, judge
from dse.evaluation.confidence import ap_interval
from dse.evaluation.decoding import decode_maps
from dse.evaluation.detections import Detections
from dse.evaluation.prepared import Prepared, prepare

if TYPE_CHECKING:  # the module brings TensorFlow, which judging boxes does not need
    from dse.network.keras_inference import Predict

__all__ = ["Evaluation", "Tally", "chunks", "detect", "evaluate", "evaluate_canvases"]

PICTURES_AT_A_TIME = 64
"""Canvases in memory while a data set streams through: 10 MB at 224 pixels."""

CURVE_POINTS = 100


@dataclass(frozen=True)
class Evaluation:
    """AP at IoU 0.5 and what it was measured on.

    ap: against the set's boxes. ap_square: against FDDB's square boxes, where there are any.
    images, faces: pictures and labelled faces that counted. seconds: all that it took.
    skipped: pictures that could not be read. ap_interval: 95 % of bootstrap resamples of the
    pictures lie in it. curve: (recall, precision, score) of at most CURVE_POINTS points, by
    falling score.
    """

    ap: float
    ap_square: float | None
    images: int
    faces: int
    seconds: float
    skipped: int
    ap_interval: tuple[float, float] | None = None
    curve: tuple[tuple[float, float, float], ...] = ()


class Tally:
    """Detections and truth of the pictures seen so far."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._detections: list[Detections] = []
        self._truth: list[Boxes] = []
        self._ignored: list[Boxes] = []
        self._squares: list[Boxes] = []
        self._skipped: list[Skipped] = []

    def add(self, prepared: Prepared, detections: Sequence[Detections]) -> None:
        """Counts the pictures of `prepared`; `detections` are in picture pixels."""
        self._detections += detections
        self._truth += prepared.truth
        self._ignored += prepared.ignored
        self._squares += prepared.truth_square or ()
        self._skipped += prepared.skipped

    def evaluation(self) -> Evaluation:
        """The result. Raises DataError where no picture could be read or none has a face."""
        images, skipped = len(self._detections), self._skipped
        if skipped and not images:
            why = f"{skipped[0].name}: {skipped[0].reason}"
            raise DataError(
                f"none of {len(skipped)} pictures could be read ({why})", "check the data folder"
            )
        judged = judge(self._detections, self._truth, self._ignored)
        recall, precision, _ = judged.precision_recall()
        ap_square = None
        if images == len(self._squares):
            ap_square = average_precision(self._detections, self._squares, self._ignored)
        return Evaluation(
            ap=area(recall, precision),
            ap_square=ap_square,
            images=images,
            faces=sum(len(boxes) for boxes in self._truth),
            seconds=time.perf_counter() - self._began,
            skipped=len(skipped),
            ap_interval=ap_interval(judged),
            curve=_thinned(judged),
        )


def _thinned(judged: Judged) -> tuple[tuple[float, float, float], ...]:
    """Points of the precision-recall curve, evenly spaced along its recall, both ends included."""
    points = np.stack(judged.precision_recall(), axis=1)
    if len(points) > CURVE_POINTS:
        steps = np.linspace(points[0, 0], points[-1, 0], CURVE_POINTS - 1)
        chosen = np.append(np.searchsorted(points[:, 0], steps), len(points) - 1)
        points = points[np.unique(chosen)]
    return tuple((recall, precision, score) for recall, precision, score in points.tolist())


def evaluate(predict: Predict, input_size: int, data: DataSet) -> Evaluation:
    """Average precision of `predict` on every picture of `data`, one scale.

    Pictures are letterboxed to `input_size` and boxes compared in picture pixels.
    Unreadable pictures are skipped and counted. Raises DataError where nothing is left.
    """
    tally = Tally()
    for pictures in chunks(data):
        prepared = prepare(pictures, input_size)
        tally.add(prepared, detect(predict, prepared))
    return tally.evaluation()


def evaluate_canvases(predict: Predict, prepared: Prepared) -> Evaluation:
    """`evaluate` on pictures that are prepared already: for several formats of one network."""
    tally = Tally()
    tally.add(prepared, detect(predict, prepared))
    return tally.evaluation()


def detect(
    predict: Predict, prepared: Prepared, *, anchor_size: int | None = None
) -> list[Detections]:
    """What `predict` finds in each picture of `prepared`, picture pixels.

    anchor_size: as of `decode_maps`.
    """
    size = prepared.input_size
    found: list[Detections] = []
    for start in range(0, len(prepared), PICTURES_AT_A_TIME):
        maps = predict(prepared.canvases[start : start + PICTURES_AT_A_TIME])
        found += decode_maps(maps, size, anchor_size=anchor_size)
    geometry = zip(found, prepared.scales, prepared.heights, prepared.widths, strict=True)
    return [one.on_picture(scale, height, width) for one, scale, height, width in geometry]


def chunks(data: DataSet) -> Iterator[tuple[Picture, ...]]:
    """The pictures of `data` a few at a time, so that they need not fit in memory at once."""
    for start in range(0, len(data), PICTURES_AT_A_TIME):
        yield data.pictures[start : start + PICTURES_AT_A_TIME]

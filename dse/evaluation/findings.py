"""What a detector found on a data set, beside what is there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dse.data.pictures import Skipped
from dse.detection.average_precision import PrecisionRecall, area, average_precision, rank
from dse.detection.confidence import ap_interval
from dse.detection.detections import Detections
from dse.detection.geometry import Boxes
from dse.errors import DataError
from dse.evaluation.prepared import Prepared

__all__ = ["Evaluation", "Finding", "Findings"]

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


@dataclass(frozen=True)
class Finding:
    """One picture, height x width pixels: its detections and its labels, picture pixels.

    faces (m, 4), ignored (l, 4), squares (m, 4): as of `dse.data.pictures.Picture`.
    """

    name: str
    height: int
    width: int
    detections: Detections
    faces: Boxes
    ignored: Boxes
    squares: Boxes | None


class Findings:
    """The pictures seen so far. seconds: from the start to the last of them."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self.seconds = 0.0
        self.pictures: list[Finding] = []
        self.skipped: list[Skipped] = []

    def add(self, prepared: Prepared, detections: Sequence[Detections]) -> None:
        """Counts the pictures of `prepared`; `detections` are in picture pixels."""
        squares = prepared.truth_square or (None,) * len(prepared)
        columns = zip(
            prepared.names,
            prepared.heights.tolist(),
            prepared.widths.tolist(),
            detections,
            prepared.truth,
            prepared.ignored,
            squares,
            strict=True,
        )
        self.pictures += [Finding(*row) for row in columns]
        self.skipped += prepared.skipped
        self.seconds = time.perf_counter() - self._began

    @property
    def faces(self) -> int:
        """Labelled faces that count."""
        return sum(len(one.faces) for one in self.pictures)

    def curve(self) -> PrecisionRecall:
        """Precision over recall at IoU 0.5. Raises DataError where no picture has a face."""
        self._require_pictures()
        return rank(*self._columns()).curve()

    def evaluation(self) -> Evaluation:
        """The result. Raises DataError where no picture could be read or none has a face."""
        self._require_pictures()
        detections, truth, ignored = self._columns()
        squares = [one.squares for one in self.pictures if one.squares is not None]
        complete = len(squares) == len(self.pictures)
        ranked = rank(detections, truth, ignored)
        curve = ranked.curve()
        return Evaluation(
            ap=area(curve.recall, curve.precision),
            ap_square=average_precision(detections, squares, ignored) if complete else None,
            images=len(self.pictures),
            faces=self.faces,
            seconds=self.seconds,
            skipped=len(self.skipped),
            ap_interval=ap_interval(ranked),
            curve=_thinned(curve),
        )

    def _columns(self) -> tuple[list[Detections], list[Boxes], list[Boxes]]:
        """Detections, faces and ignored faces of each picture."""
        detections = [one.detections for one in self.pictures]
        return detections, [one.faces for one in self.pictures], [o.ignored for o in self.pictures]

    def _require_pictures(self) -> None:
        if self.skipped and not self.pictures:
            first, count = self.skipped[0], len(self.skipped)
            raise DataError(
                f"none of {count} pictures could be read ({first.name}: {first.reason})",
                "check the data folder",
            )


def _thinned(curve: PrecisionRecall) -> tuple[tuple[float, float, float], ...]:
    """Points of the curve, evenly spaced along its recall, both ends included."""
    points = np.stack(curve, axis=1)
    if len(points) > CURVE_POINTS:
        steps = np.linspace(points[0, 0], points[-1, 0], CURVE_POINTS - 1)
        chosen = np.append(np.searchsorted(points[:, 0], steps), len(points) - 1)
        points = points[np.unique(chosen)]
    return tuple((recall, precision, score) for recall, precision, score in points.tolist())

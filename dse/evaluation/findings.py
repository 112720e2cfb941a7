"""What a detector found on a data set, beside what is there."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from dse.data.pictures import ANY_CLASS, FACES, Classes, Skipped, things_of
from dse.detection.average_precision import (
    OperatingPoint,
    PrecisionRecall,
    Ranked,
    average_precision,
    operating_point,
)
from dse.detection.classes import COCO_IOUS, mean_average_precision, mean_of, pooled, rank_classes
from dse.detection.confidence import interval_of, resampled_ap
from dse.detection.detections import Detections
from dse.detection.error_types import lost_ap
from dse.detection.geometry import Boxes
from dse.detection.matching import Labels
from dse.errors import DataError
from dse.evaluation.class_names import NO_CLASS, class_numbers
from dse.evaluation.prepared import Prepared

__all__ = ["Evaluation", "Finding", "Findings"]

CURVE_POINTS = 100


@dataclass(frozen=True)
class Evaluation:
    """AP at IoU 0.5 and what it was measured on.

    ap: against the set's boxes; of several classes the mean of theirs. ap_square: against FDDB's
    square boxes, where there are any. images, faces: pictures and labelled objects that counted.
    seconds: all that it took. skipped: pictures that could not be read. ap_interval: 95 % of
    bootstrap resamples of the pictures lie in it. curve: (recall, precision, score) of at most
    CURVE_POINTS points, by falling score, of all classes in one order. classes: AP of each by
    its name, None where the pictures show none of it, which leaves it out of the mean; empty of
    a detector with one class. resampled: as of `resampled_ap`, what the interval is made of.
    """

    ap: float
    ap_square: float | None
    images: int
    faces: int
    seconds: float
    skipped: int
    ap_interval: tuple[float, float] | None = None
    curve: tuple[tuple[float, float, float], ...] = ()
    classes: Mapping[str, float | None] = field(default_factory=dict)
    resampled: tuple[float, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Finding:
    """One picture, height x width pixels: its detections and its labels, picture pixels.

    faces (m, 4), ignored (l, 4), squares (m, 4): as boxes, ignored and boxes_square of
    `dse.data.pictures.Picture`. classes (m,), ignored_classes (l,): numbers of the detector's
    classes; all the first one, and all `ANY_CLASS`, where left out.
    """

    name: str
    height: int
    width: int
    detections: Detections
    faces: Boxes
    ignored: Boxes
    squares: Boxes | None
    classes: Classes = None  # type: ignore[assignment]  # made from `faces`
    ignored_classes: Classes = None  # type: ignore[assignment]  # made from `ignored`

    def __post_init__(self) -> None:
        if self.classes is None:
            object.__setattr__(self, "classes", np.zeros(len(self.faces), np.int32))
        if self.ignored_classes is None:
            every = np.full(len(self.ignored), ANY_CLASS, np.int32)
            object.__setattr__(self, "ignored_classes", every)

    @property
    def labels(self) -> Labels:
        """What is there to be found."""
        return Labels(self.faces, self.ignored, self.classes, self.ignored_classes)


class Findings:
    """The pictures seen so far, by a detector of `classes`.

    seconds: from the start to the last of them.
    """

    def __init__(self, classes: tuple[str, ...] = FACES) -> None:
        self._began = time.perf_counter()
        self.classes = classes
        self.seconds = 0.0
        self.pictures: list[Finding] = []
        self.skipped: list[Skipped] = []

    def add(self, prepared: Prepared, detections: Sequence[Detections]) -> None:
        """Counts the pictures of `prepared`; `detections` are in picture pixels.

        Classes are the same where their names are. Objects that the detector has no class for
        are nothing that it could find. Raises DataError where it has a class for none.
        """
        numbers = class_numbers(prepared.class_names, self.classes)
        squares = prepared.truth_square or (None,) * len(prepared)
        columns = zip(
            prepared.names,
            prepared.heights.tolist(),
            prepared.widths.tolist(),
            detections,
            prepared.truth,
            prepared.ignored,
            squares,
            prepared.classes,
            prepared.ignored_classes,
            strict=True,
        )
        found = [Finding(*row) for row in columns]
        self.pictures += found if numbers is None else [_numbered(one, numbers) for one in found]
        self.skipped += prepared.skipped
        self.seconds = time.perf_counter() - self._began

    @property
    def faces(self) -> int:
        """Labelled objects that count."""
        return sum(len(one.faces) for one in self.pictures)

    @property
    def things(self) -> str:
        """What people call them."""
        return things_of(self.classes)

    @property
    def several(self) -> bool:
        """The detector has more than one class."""
        return len(self.classes) > 1

    def curve(self) -> PrecisionRecall:
        """Precision over recall at IoU 0.5, of all classes in one order.

        Raises DataError where no picture has an object.
        """
        return pooled(self.ranked()).curve()

    def ranked(self) -> list[Ranked]:
        """The detections of each class in one order. Raises DataError where there is no picture."""
        self._require_pictures()
        (ranked,) = rank_classes(*self._sides(), len(self.classes))
        return ranked

    def map_50_95(self) -> float:
        """Mean AP over classes, and over IoU from 0.5 to 0.95 in steps of 0.05, as COCO's."""
        self._require_pictures()
        return mean_average_precision(*self._sides(), len(self.classes), COCO_IOUS)

    def lost_ap(self) -> dict[str, float]:
        """As of `dse.detection.error_types.lost_ap`. Raises DataError where there is no object."""
        self._require_pictures()
        return lost_ap(*self._sides(), len(self.classes))

    def operating_points(
        self, score: float | Sequence[float] | None = None
    ) -> dict[str, OperatingPoint]:
        """Where each class stands at `score` (or at its own of several), by default at its best F1.

        A class without an object has nothing to choose by, and stands where all together do.
        """
        ranked = self.ranked()
        each = score if isinstance(score, Sequence) else [score] * len(ranked)
        common = None if isinstance(score, Sequence) else score
        common = operating_point(pooled(ranked).curve(), common).score
        return {
            name: operating_point(one.curve(), own)
            if one.objects
            else OperatingPoint(common if own is None else own, 0.0, 0.0)
            for name, one, own in zip(self.classes, ranked, each, strict=True)
        }

    def evaluation(self) -> Evaluation:
        """The result. Raises DataError where no picture could be read or none has an object."""
        ranked = self.ranked()
        resampled = resampled_ap(ranked)
        return Evaluation(
            ap=mean_of(ranked),
            ap_square=self.ap_square(),
            images=len(self.pictures),
            faces=self.faces,
            seconds=self.seconds,
            skipped=len(self.skipped),
            ap_interval=interval_of(resampled),
            curve=_thinned(pooled(ranked).curve()),
            classes=self.ap_by_class(ranked),
            resampled=tuple(resampled.tolist()),
        )

    def ap_by_class(self, ranked: Sequence[Ranked]) -> dict[str, float | None]:
        """As `Evaluation.classes`, of what `self.ranked` gave."""
        if not self.several:
            return {}
        each = zip(self.classes, ranked, strict=True)
        return {name: one.ap if one.objects else None for name, one in each}

    def ap_square(self) -> float | None:
        """As `Evaluation.ap_square`."""
        squares = [one.squares for one in self.pictures if one.squares is not None]
        if self.several or len(squares) < len(self.pictures):
            return None
        ignored = [one.ignored for one in self.pictures]
        return average_precision([one.detections for one in self.pictures], squares, ignored)

    def _sides(self) -> tuple[list[Detections], list[Labels]]:
        """Detections and labels of each picture."""
        return [one.detections for one in self.pictures], [one.labels for one in self.pictures]

    def _require_pictures(self) -> None:
        if self.skipped and not self.pictures:
            first, count = self.skipped[0], len(self.skipped)
            raise DataError(
                f"none of {count} pictures could be read ({first.name}: {first.reason})",
                "check the data folder",
            )


def _numbered(one: Finding, numbers: Classes) -> Finding:
    """`one` with its labels' classes by their `numbers`; the objects that have none are gone."""
    classes, ignored_classes = numbers[one.classes], numbers[one.ignored_classes]
    known, left_out = classes != NO_CLASS, ignored_classes != NO_CLASS
    return replace(
        one,
        faces=one.faces[known],
        ignored=one.ignored[left_out],
        squares=None if one.squares is None else one.squares[known],
        classes=classes[known],
        ignored_classes=ignored_classes[left_out],
    )


def _thinned(curve: PrecisionRecall) -> tuple[tuple[float, float, float], ...]:
    """Points of the curve, evenly spaced along its recall, both ends included."""
    points = np.stack(curve, axis=1)
    if len(points) > CURVE_POINTS:
        steps = np.linspace(points[0, 0], points[-1, 0], CURVE_POINTS - 1)
        chosen = np.append(np.searchsorted(points[:, 0], steps), len(points) - 1)
        points = points[np.unique(chosen)]
    return tuple((recall, precision, score) for recall, precision, score in points.tolist())

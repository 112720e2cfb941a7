"""What a detector does on each of its classes: for people as a table, for programs as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.detection.average_precision import OperatingPoint
from dse.detection.classes import confusion
from dse.evaluation.findings import Findings
from dse.text_table import format_table

__all__ = ["ByClass", "by_class"]

NOT_KNOWN = "–"


@dataclass(frozen=True)
class ByClass:
    """Figures of each class, by its name.

    ap: at IoU 0.5, None of a class that the pictures do not show. map_50_95: COCO's mean over
    overlaps. points: threshold of each class, with precision and recall there. confusion:
    (n + 1, n + 1) as of `dse.detection.classes.confusion`, at these thresholds.
    """

    ap: Mapping[str, float | None]
    map_50_95: float
    points: Mapping[str, OperatingPoint]
    confusion: NDArray[np.int64]

    @property
    def thresholds(self) -> dict[str, float]:
        """From which score on each class is believed."""
        return {name: point.score for name, point in self.points.items()}

    @property
    def objects(self) -> dict[str, int]:
        """Labelled objects of each class."""
        return dict(zip(self.ap, self.confusion[:-1].sum(axis=1).tolist(), strict=True))

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `dse evaluate --json` prints them."""
        names = list(self.ap)
        table = {
            "rows": [*names, "background"],
            "columns": [*names, "missed"],
            "counts": self.confusion.tolist(),
        }
        return {
            "classes": dict(self.ap),
            "map_50_95": self.map_50_95,
            "objects": self.objects,
            "thresholds": self.thresholds,
            "confusion": table,
        }

    def table(self) -> str:
        """A line a class, for a terminal."""
        columns = ("class", "objects", "AP", "score", "precision", "recall", "taken for")
        rows = [self._row(place, name) for place, name in enumerate(self.ap)]
        return format_table(columns, rows, ("class", "taken for"))

    def _row(self, place: int, name: str) -> tuple[str, ...]:
        ap, point = self.ap[name], self.points[name]
        if ap is None:
            return (name, "0", *[NOT_KNOWN] * 4, "")
        figures = (f"{ap:.4f}", f"{point.score:.2f}", f"{point.precision:.4f}")
        recall = f"{point.recall:.4f}"
        return (name, f"{self.objects[name]:,}", *figures, recall, self._taken_for(place))

    def _taken_for(self, place: int) -> str:
        """The other class that most objects of this one were taken for."""
        names = list(self.ap)
        others = self.confusion[place, :-1].copy()
        others[place] = 0
        most = int(np.argmax(others))
        return f"{names[most]} ({others[most]:,})" if others[most] else ""


def by_class(findings: Findings, score: float | Sequence[float] | None = None) -> ByClass:
    """The figures of what a detector has found.

    score: the threshold of every class, or of each its own; default for each the one with its
    best F1 on these pictures. Raises DataError where no picture shows an object.
    """
    points = findings.operating_points(score)
    least = [point.score for point in points.values()]
    believed = [one.detections.above(least) for one in findings.pictures]
    labels = [one.labels for one in findings.pictures]
    return ByClass(
        findings.ap_by_class(findings.ranked()),
        findings.map_50_95(),
        points,
        confusion(believed, labels, len(findings.classes)),
    )

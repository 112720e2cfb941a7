"""What any detector finds on pictures that nobody has labelled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dse.defaults import RESULTS

if TYPE_CHECKING:
    from dse.data.pictures import Skipped
    from dse.evaluation import Finding

__all__ = ["DetectionReport", "detect_on"]

USUAL_SCORE = 0.5
"""Of detectors that have no threshold of their own: shipped ones, and designs of a study."""


@dataclass(frozen=True)
class DetectionReport:
    """What a detector found.

    design: its name. classes: their names, in the order of their numbers. scores: from which
    on each class was believed. pictures: with the believed detections, best first, in picture
    pixels. files: where they lie. skipped: pictures that could not be read.
    """

    design: str
    classes: tuple[str, ...]
    scores: tuple[float, ...]
    pictures: tuple[Finding, ...]
    files: tuple[Path, ...]
    skipped: tuple[Skipped, ...]

    def boxes(self) -> list[dict[str, Any]]:
        """A row a box: picture, class, score (0..1), x0, y0, x1, y1 in picture pixels."""
        return [
            {"picture": one.name, "class": self.classes[kind], "score": round(score, 4)}
            | dict(zip(("x0", "y0", "x1", "y1"), (round(side, 1) for side in box), strict=True))
            for one in self.pictures
            for box, score, kind in zip(
                one.detections.boxes.tolist(),
                one.detections.scores.tolist(),
                one.detections.classes.tolist(),
                strict=True,
            )
        ]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `dse detect --json` prints them."""
        return {
            "design": self.design,
            "scores": dict(zip(self.classes, self.scores, strict=True)),
            "pictures": [one.name for one in self.pictures],
            "boxes": self.boxes(),
            "skipped": [{"name": one.name, "reason": one.reason} for one in self.skipped],
        }


def detect_on(
    design: str,
    places: Sequence[Path],
    *,
    study: str | None = None,
    results: Path = RESULTS,
    score: float | None = None,
    say: Callable[[str], None] = lambda words: None,
) -> DetectionReport:
    """Runs the detector that `design` means on the pictures at `places`.

    design, study, results: as of `find_detector`. places: pictures, or folders of some. score:
    believe detections from here on (0..1), default the detector's own threshold, or 0.5.
    say: told what takes time. Raises what `find_detector` and `unlabelled` raise, and DataError
    where no picture can be read.
    """
    from dataclasses import replace

    from dse.data.unlabelled import unlabelled
    from dse.designs.finding import find_detector
    from dse.errors import DataError
    from dse.evaluation import find_faces

    pictures = unlabelled(places, ())  # what is wrong with them is told before anything is run
    detector = find_detector(design, results, study, say)
    head = detector.head
    with detector.running() as predict:
        data = replace(pictures, classes=head.classes)
        findings = find_faces(predict, detector.input_size, data, head)
    if not findings.pictures:
        first = findings.skipped[0]
        raise DataError(f"no picture could be read: {first.reason}")
    scores = _scores(detector.class_scores, detector.score, score, len(head.classes))
    found = [replace(one, detections=one.detections.above(scores)) for one in findings.pictures]
    lie = {one.name: one.file for one in pictures.pictures if one.file}
    files = tuple(lie[one.name] for one in found)
    return DetectionReport(
        detector.name, head.classes, scores, tuple(found), files, tuple(findings.skipped)
    )


def _scores(
    own: tuple[float, ...], common: float | None, wanted: float | None, classes: int
) -> tuple[float, ...]:
    """The threshold of each class."""
    if wanted is None and own:
        return own
    return (next(one for one in (wanted, common, USUAL_SCORE) if one is not None),) * classes

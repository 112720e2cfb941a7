"""AP of anything that can be run as a detector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dse.data import DataSet
    from dse.detection.average_precision import OperatingPoint
    from dse.detection.detector import Detector
    from dse.evaluation import Evaluation, Findings

__all__ = ["EvaluationReport", "evaluate_design"]

RESULTS = Path("results")


@dataclass(frozen=True)
class EvaluationReport:
    """What a detector does on a set of pictures.

    design: its name. result: AP at IoU 0.5 with the interval that 95 % of resampled pictures lie
    in, counts of pictures and faces, seconds. point: precision and recall from `point.score` on.
    findings, data: every picture with what was found on it.
    """

    design: str
    result: Evaluation
    point: OperatingPoint
    findings: Findings
    data: DataSet

    @property
    def ap(self) -> float:
        """Average precision at IoU 0.5, 0..1."""
        return self.result.ap

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `dse evaluate --json` prints them."""
        return {"design": self.design, **asdict(self.result), **self.point._asdict()}

    def __repr__(self) -> str:
        low, high = self.result.ap_interval or (self.ap, self.ap)
        return (
            f"<{self.design}: AP {self.ap:.4f} ({low:.3f} to {high:.3f}) on "
            f"{self.result.images} pictures with {self.result.faces} faces>"
        )


def evaluate_design(
    design: str,
    data: str | None = None,
    *,
    study: str | None = None,
    results: Path = RESULTS,
    pyramid: bool = False,
    score: float | None = None,
    say: Callable[[str], None] = lambda words: None,
) -> EvaluationReport:
    """Runs the detector that `design` means on pictures, and measures what it finds.

    design: as of `find_detector`. data: as of `open_data`, default the study's evaluation
    pictures. pyramid: three scales (0.5, 1, 2), as in the paper. score: believe detections from
    here on (0..1), default the file's own threshold, or the one with the best F1 here.
    say: told what takes time. Raises what `find_detector` and the readers of pictures raise.
    """
    from dse.data.rendered import open_rendered
    from dse.designs.finding import find_detector
    from dse.detection.average_precision import operating_point
    from dse.study.folder import shared_cache

    detector = find_detector(design, results, study, say)
    cache = shared_cache(results)
    pictures = open_rendered(data or detector.pictures, "eval", cache)
    findings = _find(detector, pictures, pyramid)
    result = findings.evaluation()
    point = operating_point(findings.curve(), detector.score if score is None else score)
    return EvaluationReport(detector.name, result, point, findings, pictures)


def _find(detector: Detector, data: DataSet, pyramid: bool) -> Findings:
    from dse.evaluation import find_faces, find_faces_pyramid

    size, head = detector.input_size, detector.head
    if pyramid:
        return find_faces_pyramid(detector.predict_at, size, data, head=head)
    with detector.running() as predict:
        return find_faces(predict, size, data, head)

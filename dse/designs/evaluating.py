"""AP of anything that can be run as a detector."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dse.defaults import RESULTS

if TYPE_CHECKING:
    from dse.data import DataSet
    from dse.detection.average_precision import OperatingPoint
    from dse.detection.detector import Detector
    from dse.evaluation import ByClass, Evaluation, Findings, SizeClass

__all__ = ["EvaluationReport", "evaluate_design"]


@dataclass(frozen=True)
class EvaluationReport:
    """What a detector does on a set of pictures.

    design: its name. result: AP at IoU 0.5 with the interval that 95 % of resampled pictures lie
    in, counts of pictures and objects, seconds. point: precision and recall from `point.score` on.
    findings, data: every picture with what was found on it. by_class: figures of each class, of
    a detector that has several; result.ap is then their mean, and `point` is of one threshold
    for all. lost_ap: kind of error -> what AP would gain without it. by_size: which objects are
    found, by their size, from `point.score` (each class: from its own threshold) on.
    """

    design: str
    result: Evaluation
    point: OperatingPoint
    findings: Findings
    data: DataSet
    lost_ap: Mapping[str, float]
    by_size: tuple[SizeClass, ...]
    by_class: ByClass | None = None

    @property
    def ap(self) -> float:
        """Average precision at IoU 0.5, 0..1."""
        return self.result.ap

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `dse evaluate --json` prints them."""
        told = asdict(self.result)
        del told["classes"], told["resampled"]
        told |= self.point._asdict()
        told["lost_ap"] = dict(self.lost_ap)
        told["by_size"] = [one._asdict() for one in self.by_size]
        if self.by_class:
            told |= {"map": self.ap, **self.by_class.as_dict()}
        return {"design": self.design, **told}

    def __repr__(self) -> str:
        low, high = self.result.ap_interval or (self.ap, self.ap)
        ap, things = "mAP" if self.by_class else "AP", self.findings.things
        return (
            f"<{self.design}: {ap} {self.ap:.4f} ({low:.3f} to {high:.3f}) on "
            f"{self.result.images} pictures with {self.result.faces} {things}>"
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
    here on (0..1), default the file's own threshold (of each class), or the best F1's here.
    say: told what takes time. Raises what `find_detector` and the readers of pictures raise.
    """
    from dse.data.rendered import open_rendered
    from dse.designs.finding import find_detector
    from dse.detection.average_precision import operating_point
    from dse.evaluation import by_class, found_by_size
    from dse.study.folder import shared_cache

    detector = find_detector(design, results, study, say)
    cache = shared_cache(results)
    pictures = open_rendered(data or detector.pictures, "eval", cache)
    findings = _find(detector, pictures, pyramid)
    result = findings.evaluation()
    own = detector.class_scores if score is None else ()
    score = detector.score if score is None else score
    point = operating_point(findings.curve(), score)
    each = by_class(findings, own or score) if findings.several else None
    believed = list(each.thresholds.values()) if each else point.score
    return EvaluationReport(
        detector.name,
        result,
        point,
        findings,
        pictures,
        findings.lost_ap(),
        found_by_size(findings.pictures, believed),
        each,
    )


def _find(detector: Detector, data: DataSet, pyramid: bool) -> Findings:
    from dse.evaluation import find_faces, find_faces_pyramid

    size, head = detector.input_size, detector.head
    if pyramid:
        return find_faces_pyramid(detector.predict_at, size, data, head=head)
    with detector.running() as predict:
        return find_faces(predict, size, data, head)

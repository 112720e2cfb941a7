"""How good a detector is: decoding, suppression, average precision, whole data sets."""

from __future__ import annotations

from dse.evaluation.average_precision import (
    OperatingPoint,
    PrecisionRecall,
    average_precision,
    operating_point,
    precision_recall,
)
from dse.evaluation.decoding import decode_maps
from dse.evaluation.detections import Detections
from dse.evaluation.evaluate import evaluate, evaluate_canvases, find_faces
from dse.evaluation.findings import Evaluation, Finding, Findings
from dse.evaluation.matching import Judged, judge
from dse.evaluation.prepared import Prepared, prepare
from dse.evaluation.pyramid import PYRAMID_SCALES, evaluate_pyramid, find_faces_pyramid
from dse.evaluation.suppression import suppress

__all__ = [
    "PYRAMID_SCALES",
    "Detections",
    "Evaluation",
    "Finding",
    "Findings",
    "Judged",
    "OperatingPoint",
    "PrecisionRecall",
    "Prepared",
    "average_precision",
    "decode_maps",
    "evaluate",
    "evaluate_canvases",
    "evaluate_pyramid",
    "find_faces",
    "find_faces_pyramid",
    "judge",
    "operating_point",
    "precision_recall",
    "prepare",
    "suppress",
]

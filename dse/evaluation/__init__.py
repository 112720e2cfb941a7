"""How good a detector is on pictures: `dse.detection` judges boxes, this runs detectors."""

from __future__ import annotations

from dse.evaluation.by_class import ByClass, by_class
from dse.evaluation.by_size import SizeClass, found_by_size
from dse.evaluation.evaluate import evaluate, evaluate_canvases, find_faces
from dse.evaluation.findings import Evaluation, Finding, Findings
from dse.evaluation.prepared import Prepared, prepare
from dse.evaluation.pyramid import PYRAMID_SCALES, evaluate_pyramid, find_faces_pyramid

__all__ = [
    "PYRAMID_SCALES",
    "ByClass",
    "Evaluation",
    "Finding",
    "Findings",
    "Prepared",
    "SizeClass",
    "by_class",
    "evaluate",
    "evaluate_canvases",
    "evaluate_pyramid",
    "find_faces",
    "find_faces_pyramid",
    "found_by_size",
    "prepare",
]

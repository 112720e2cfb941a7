"""How good a detector is: decoding, suppression, average precision, whole data sets."""

from __future__ import annotations

from dse.evaluation.average_precision import average_precision, precision_recall
from dse.evaluation.decoding import decode_maps
from dse.evaluation.detections import Detections
from dse.evaluation.evaluate import Evaluation, evaluate, evaluate_canvases
from dse.evaluation.prepared import Prepared, prepare
from dse.evaluation.pyramid import PYRAMID_SCALES, evaluate_pyramid
from dse.evaluation.suppression import suppress

__all__ = [
    "PYRAMID_SCALES",
    "Detections",
    "Evaluation",
    "Prepared",
    "average_precision",
    "decode_maps",
    "evaluate",
    "evaluate_canvases",
    "evaluate_pyramid",
    "precision_recall",
    "prepare",
    "suppress",
]

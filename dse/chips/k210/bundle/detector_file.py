"""Writes detector.json: all that a program needs to turn the kmodel's output into boxes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from dse.canvas import InputSize
from dse.chips.k210.kmodel.kmodel import Kmodel
from dse.detection.decoding import IOU_THRESHOLD
from dse.detection.head import FACE_HEAD, Head

__all__ = ["detector_table"]

NO_SCORES: Mapping[str, float] = MappingProxyType({})


def detector_table(
    headers: Kmodel,
    input_size: InputSize,
    box_scale: float,
    score: float,
    head: Head = FACE_HEAD,
    class_scores: Mapping[str, float] = NO_SCORES,
) -> dict[str, Any]:
    """The content.

    score: threshold in 0..1 of the operating point with the best F1, one for all. class_scores:
    of each class by its name the threshold of its own best F1; empty where there is one class.
    """
    own = [_shortened(class_scores[name]) for name in head.classes] if class_scores else []
    _, channels, height, width = headers.outputs[0].shape
    return {
        "input": {
            "size_pixels": input_size,
            "type": "uint8",
            "layout": "planar: all red, all green, all blue, each row by row",
            "letterbox": {"anchor": "top left", "fill": 127},
        },
        "output": {
            "type": "float32",
            "layout": f"planar: channel = {head.numbers_per_box} * box + number",
            "channels": channels,
            "map_height": height,
            "map_width": width,
            "numbers": list(head.number_names),
            "score": head.score_words,
        },
        **({"head": head.to_json()} if head != FACE_HEAD else {}),
        "box_scale": box_scale,
        "score_threshold": _shortened(score),
        **({"class_score_thresholds": own} if own else {}),
        "iou_threshold": IOU_THRESHOLD,
        "canonical_boxes_pixels": [
            [float(str(side)) for side in box]  # the shortest decimal that is this float32
            for box in head.sizes(input_size)
        ],
    }


def _shortened(score: float) -> float:
    """Not above `score`, and below 1."""
    return min(math.floor(score * 1e4), 9999) / 1e4

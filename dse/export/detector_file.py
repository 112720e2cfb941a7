"""detector.json: all that a program needs to turn the kmodel's output into boxes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from dse.data.canonical_boxes import canonical_boxes
from dse.errors import DseError
from dse.evaluation.decoding import IOU_THRESHOLD
from dse.export import manifest as manifests
from dse.export.kmodel import Kmodel

__all__ = ["box_scale_beside", "box_scale_of", "check_detector", "detector_table"]

CHANNEL_ORDER = ("score", "tx", "ty", "tw", "th")
DECIMALS = 4
"""Of a pixel: far below what a detector can place."""


def detector_table(
    headers: Kmodel, input_size: int, box_scale: float, score: float
) -> dict[str, Any]:
    """The content. `score`: threshold in 0..1 of the operating point with the best F1."""
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
            "layout": "planar: channel = 5 * box + number",
            "channels": channels,
            "map_height": height,
            "map_width": width,
            "numbers": list(CHANNEL_ORDER),
            "score": "logit: a face's probability is 1 / (1 + exp(-score))",
        },
        "box_scale": box_scale,
        "score_threshold": min(math.floor(score * 1e4), 9999) / 1e4,
        "iou_threshold": IOU_THRESHOLD,
        "canonical_boxes_pixels": [
            [round(float(side), DECIMALS) for side in box] for box in canonical_boxes(input_size)
        ],
    }


def check_detector(table: dict[str, Any], headers: Kmodel) -> list[str]:
    """What in `table` contradicts the kmodel's own headers, or is missing."""
    try:
        return _contradictions(table, headers)
    except (KeyError, TypeError, ValueError) as error:
        return [f"detector.json lacks or mistypes {error}"]


def box_scale_of(table: dict[str, Any]) -> float:
    """The factor of the box channels. Raises DseError where it is none."""
    scale = table.get("box_scale")
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not scale > 0:
        raise DseError(f"detector.json: box_scale is {scale!r}, not a number above 0")
    return float(scale)


def box_scale_beside(kmodel: Path) -> float:
    """The factor for the kmodel in file `kmodel`: from the detector.json beside it, or 1."""
    table = kmodel.with_name("detector.json")
    return box_scale_of(manifests.read_json(table)) if table.is_file() else 1.0


def _contradictions(table: dict[str, Any], headers: Kmodel) -> list[str]:
    size, output = table["input"]["size_pixels"], table["output"]
    shape = (1, output["channels"], output["map_height"], output["map_width"])
    boxes = table["canonical_boxes_pixels"]
    checks = {
        f"input size {size}": headers.inputs[0].shape == (1, 3, size, size),
        f"output shape {shape}": headers.outputs[0].shape == shape,
        f"{len(boxes)} canonical boxes": len(boxes) * len(CHANNEL_ORDER) == output["channels"],
        "a canonical box": all(math.isfinite(w) and w > 0 and h > 0 for w, h in boxes),
        "score_threshold": 0 <= table["score_threshold"] < 1,
        "iou_threshold": 0 < table["iou_threshold"] < 1,
    }
    return [
        f"detector.json: {what} contradicts the kmodel" for what, ok in checks.items() if not ok
    ]

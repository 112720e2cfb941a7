"""What a bundle holds beside the network: guide, decoder in C, programs in C and MicroPython.

`main.py` is written for the firmware of the bundle's target: MaixPy-v1 or CanMV.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from dse.canvas import Canvas
from dse.chips.k210.bundle.flash_package import FLASH_ADDRESS
from dse.chips.k210.bundle.rendering import render
from dse.chips.k210.camera import CAMERA
from dse.chips.k210.kmodel.kmodel_headers import OLDER_RUNTIMES
from dse.chips.k210.target import K210Target
from dse.data.pictures import things_of
from dse.detection.decoding import CANDIDATES, MAX_BOXES
from dse.detection.head import FACE_HEAD, MAX_LOG_RATIO, Head
from dse.detection.region_head import RegionHead
from dse.errors import UsageError

__all__ = ["NAMES", "board_files"]

OLDER_BUNDLES_VERSION = 5
"""Of the kmodel in bundles whose manifest does not name it."""

NAMES = ("README.md", "decode.c", "decode.h", "detector.h", "main.c", "main.py")

YOLO2_PROGRAMS = ("maixpy", "canmv")
"""Board programs of firmwares that decode YOLOv2's region layer themselves."""

LIST_BYTES_PER_NUMBER = 32 + 3 * 8
"""Of MicroPython on 64 bits: a float is an object in a block of 32 bytes; a list that doubles
holds its old and its new places for a moment."""

OTHER_HEAP_BYTES = 128 * 1024
"""For the program itself, and blocks that lie in the way."""

CAMERA_ROW_BYTES = 64
"""MaixPy and CanMV give a canvas for the KPU room for rows of a multiple of these."""


def board_files(
    manifest: Mapping[str, Any], detector: Mapping[str, Any], head: Head = FACE_HEAD
) -> dict[str, bytes]:
    """The files `NAMES`, from the tables of `manifest.json` and `detector.json`.

    Raises UsageError for a head that the programs on the board cannot decode.
    """
    is_region = isinstance(head, RegionHead)
    if not is_region and head.kind != Head.kind:
        raise UsageError(
            f"no program on the board decodes a head '{head.kind}'", "export another design"
        )
    compiled, output, target = manifest["compiled"], detector["output"], manifest["target"]
    canvas = Canvas.of(detector["input"]["size_pixels"])
    cells = output["map_height"] * output["map_width"]
    numbers = output["channels"] * cells
    thresholds = detector.get("class_score_thresholds", [])
    score = min(thresholds, default=detector["score_threshold"])  # decoders apply the others later
    program = target.get("board_program", K210Target.TOLD_LATER["board_program"])
    is_maixpy = program == "maixpy"
    values = {
        **compiled,
        **output,
        **detector,
        "candidate": manifest["candidate"],
        "board_program": program,
        "is_maixpy": is_maixpy,
        "kmodel_loader": target["kmodel_loader"],
        "kmodel_version": compiled.get("kmodel_version", OLDER_BUNDLES_VERSION),
        "map_bytes": 4 * numbers,
        "runtime": _runtime(compiled),
        "kmodel_sha256": manifest["files"]["model.kmodel"]["sha256"],
        **_canvas_values(canvas),
        **_memory_values(compiled, canvas, cells if is_maixpy else numbers),
        **_output_values(head, detector),
        "score_threshold": score,
        "score_logit": _logit(score),
        "class_thresholds": thresholds,
        "largest_log_ratio": MAX_LOG_RATIO,
        "max_candidates": CANDIDATES,
        "max_faces": MAX_BOXES,
        "flash_address": FLASH_ADDRESS,
        "numbers": numbers,
    }
    templates = {"main.py": "main_yolo2.py"} if is_region and program in YOLO2_PROGRAMS else {}
    return {name: render(templates.get(name, name), **values) for name in NAMES}


def _output_values(head: Head, detector: Mapping[str, Any]) -> dict[str, Any]:
    """What the numbers of the output mean."""
    has_labels = isinstance(head, RegionHead) or len(head.classes) > 1
    return {
        "numbers_per_box": head.numbers_per_box,
        "number_names": head.number_names,
        "first_offset": head.first_offset,
        "boxes": detector["canonical_boxes_pixels"],
        "classes": head.classes,
        "things": things_of(head.classes),
        "is_region": isinstance(head, RegionHead),
        "label_field": has_labels,
        "place": "place" if has_labels else "found.place",
        "map_units": _map_units(head, detector) if isinstance(head, RegionHead) else (),
    }


def _memory_values(compiled: Mapping[str, Any], canvas: Canvas, listed: int) -> dict[str, Any]:
    """What the programs need; `listed` numbers of the output are in main.py's list at a time."""
    screen_bytes = 2 * canvas.width * (canvas.width * 3 // 4)
    version = compiled.get("kmodel_version", OLDER_BUNDLES_VERSION)
    # what versions 3 and 4 count holds no canvas: both of main.c are beside it
    canvases_beside = 1 if version == OLDER_BUNDLES_VERSION else 2
    return {
        "canvas_bytes": 3 * canvas.area,
        "heap_bytes": _heap_bytes(canvas, listed),
        "canvas_heap_bytes": _heap_bytes(canvas, 0),
        "outside_heap_bytes": (
            compiled["kmodel_bytes"] + compiled["data_bytes"] + compiled["output_bytes"]
        ),
        "screen_bytes": screen_bytes,
        "program_bytes": (
            compiled["main_memory_bytes"] + canvases_beside * 3 * canvas.area + 2 * screen_bytes
        ),
    }


def _map_units(head: RegionHead, detector: Mapping[str, Any]) -> list[float]:
    """Width and height of each anchor in cells, one after the other."""
    output = detector["output"]
    size = detector["input"]["size_pixels"]
    units = head.map_units(size, output["map_height"], output["map_width"])
    return [float(str(side)) for side in units.ravel()]


def _canvas_values(canvas: Canvas) -> dict[str, Any]:
    """The size of the network's picture, and what the programs call it."""
    names = {"c": ("INPUT_SIZE",) * 2, "py": ("SIZE",) * 2}
    if canvas.width != canvas.height:
        names = {"c": ("INPUT_WIDTH", "INPUT_HEIGHT"), "py": ("WIDTH", "HEIGHT")}
    return {
        "canvas_width": canvas.width,
        "canvas_height": canvas.height,
        "is_square": canvas.width == canvas.height,
        "is_as_camera": canvas == CAMERA,
        **{f"{language}_width": width for language, (width, _) in names.items()},
        **{f"{language}_height": height for language, (_, height) in names.items()},
    }


def _heap_bytes(canvas: Canvas, listed: int) -> int:
    """What main.py needs of MicroPython's heap: a canvas and a list of `listed` numbers.

    A canvas holds its pixels in 16 bits, and in three planes for the KPU. A picture as the camera
    gives it lies in the camera's own memory.
    """
    row = math.ceil(canvas.width / CAMERA_ROW_BYTES) * CAMERA_ROW_BYTES
    pixels = 0 if canvas == CAMERA else (2 * canvas.width + 3 * row) * canvas.height
    return pixels + LIST_BYTES_PER_NUMBER * listed + OTHER_HEAP_BYTES


def _runtime(compiled: Mapping[str, Any]) -> str:
    """Version of the nncase whose runtime loads the file."""
    version = compiled.get("kmodel_version", OLDER_BUNDLES_VERSION)
    return OLDER_RUNTIMES.get(version) or ".".join(compiled["nncase_version"].split(".")[:2])


def _logit(score: float) -> float:
    """The float32 that a logit must exceed; for score 0 the lowest there is."""
    lowest = float(np.finfo(np.float32).min)
    return float(str(np.float32(math.log(score / (1.0 - score))))) if score else lowest

"""What a bundle holds beside the network: guide, decoder in C, programs in C and MicroPython.

`main.py` is written for the firmware of the bundle's target: MaixPy-v1 or CanMV.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from dse.chips.k210.bundle.flash_package import FLASH_ADDRESS
from dse.chips.k210.bundle.rendering import render
from dse.chips.k210.kmodel.kmodel_headers import OLDER_RUNTIMES
from dse.chips.k210.target import K210Target
from dse.detection.decoding import CANDIDATES, MAX_BOXES
from dse.detection.head import FACE_HEAD, MAX_LOG_RATIO, Head
from dse.errors import UsageError

__all__ = ["NAMES", "board_files"]

OLDER_BUNDLES_VERSION = 5
"""Of the kmodel in bundles whose manifest does not name it."""

NAMES = ("README.md", "decode.c", "decode.h", "detector.h", "main.c", "main.py")

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
    if head.kind != Head.kind or len(head.classes) > 1:
        raise UsageError(
            f"no program on the board decodes a head '{head.kind}' of {len(head.classes)} classes",
            "export a design whose head has one class",
        )
    compiled, output, target = manifest["compiled"], detector["output"], manifest["target"]
    size = detector["input"]["size_pixels"]
    cells = output["map_height"] * output["map_width"]
    numbers = output["channels"] * cells
    program = target.get("board_program", K210Target.TOLD_LATER["board_program"])
    is_maixpy = program == "maixpy"
    screen_bytes = 2 * size * (size * 3 // 4)
    version = compiled.get("kmodel_version", OLDER_BUNDLES_VERSION)
    # what versions 3 and 4 count holds no canvas: both of main.c are beside it
    canvases_beside = 1 if version == OLDER_BUNDLES_VERSION else 2
    values = {
        **compiled,
        **output,
        **detector,
        "candidate": manifest["candidate"],
        "board_program": program,
        "is_maixpy": is_maixpy,
        "kmodel_loader": target["kmodel_loader"],
        "kmodel_version": version,
        "canvas_bytes": 3 * size * size,
        "map_bytes": 4 * numbers,
        "runtime": _runtime(compiled),
        "kmodel_sha256": manifest["files"]["model.kmodel"]["sha256"],
        "size": size,
        "numbers_per_box": head.numbers_per_box,
        "number_names": head.number_names,
        "first_offset": head.first_offset,
        "boxes": detector["canonical_boxes_pixels"],
        "score_logit": _logit(detector["score_threshold"]),
        "largest_log_ratio": MAX_LOG_RATIO,
        "max_candidates": CANDIDATES,
        "max_faces": MAX_BOXES,
        "flash_address": FLASH_ADDRESS,
        "numbers": numbers,
        "heap_bytes": _heap_bytes(size, cells if is_maixpy else numbers),
        "outside_heap_bytes": (
            compiled["kmodel_bytes"] + compiled["data_bytes"] + compiled["output_bytes"]
        ),
        "screen_bytes": screen_bytes,
        "program_bytes": (
            compiled["main_memory_bytes"] + canvases_beside * 3 * size * size + 2 * screen_bytes
        ),
    }
    return {name: render(name, **values) for name in NAMES}


def _heap_bytes(size: int, listed: int) -> int:
    """What main.py needs of MicroPython's heap: a canvas and a list of `listed` numbers.

    A canvas holds its pixels in 16 bits, and in three planes for the KPU.
    """
    row = math.ceil(size / CAMERA_ROW_BYTES) * CAMERA_ROW_BYTES
    canvas = 2 * size * size + 3 * row * size
    return canvas + LIST_BYTES_PER_NUMBER * listed + OTHER_HEAP_BYTES


def _runtime(compiled: Mapping[str, Any]) -> str:
    """Version of the nncase whose runtime loads the file."""
    version = compiled.get("kmodel_version", OLDER_BUNDLES_VERSION)
    return OLDER_RUNTIMES.get(version) or ".".join(compiled["nncase_version"].split(".")[:2])


def _logit(score: float) -> float:
    """The float32 that a logit must exceed; for score 0 the lowest there is."""
    lowest = float(np.finfo(np.float32).min)
    return float(str(np.float32(math.log(score / (1.0 - score))))) if score else lowest

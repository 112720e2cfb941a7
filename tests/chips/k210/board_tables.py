"""A detector without a network: its board files, and maps for its decoders."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dse.canvas import Canvas, InputSize
from dse.chips.k210.bundle.board_files import board_files
from dse.chips.k210.bundle.detector_file import NO_SCORES, detector_table
from dse.chips.k210.kmodel.kmodel import Kmodel
from dse.chips.k210.kmodel.kmodel_headers import TensorRange
from dse.chips.k210.quantization.box_scale import unscale_boxes
from dse.detection.decoding import decode_maps
from dse.detection.detections import Detections
from dse.detection.head import FACE_HEAD, Head
from dse.detection.region_head import RegionHead

SIZE, CELLS, CHANNELS = 64, 4, FACE_HEAD.channels
BOX_SCALE, SCORE = 4.0, 0.3

Maps = NDArray[np.float32]


def sources(
    score: float = SCORE,
    size: InputSize = SIZE,
    head: Head = FACE_HEAD,
    program: str = "sdk",
    kmodel_version: int = 5,
    class_scores: Mapping[str, float] = NO_SCORES,
) -> dict[str, bytes]:
    """Board files of a detector with maps of 4 x 4 cells."""
    canvas, shape = Canvas.of(size), (1, head.channels, CELLS, CELLS)
    picture = (1, 3, canvas.height, canvas.width)
    headers = Kmodel(
        5, 1000, (TensorRange("uint8", 3 * canvas.area, picture, 0),),
        (TensorRange("float32", 4 * head.channels * CELLS * CELLS, shape, 0),), 2048,
    )  # fmt: skip
    compiled = {
        "kmodel_bytes": 1000, "data_bytes": headers.data_bytes, "input_bytes": headers.input_bytes,
        "output_bytes": headers.output_bytes, "main_memory_bytes": headers.main_memory_bytes,
        "peak_kpu_bytes": None, "nncase_version": "1.9.0.20230322",
        "kmodel_version": kmodel_version,
    }  # fmt: skip
    manifest = {
        "target": {"kmodel_loader": "a program", "board_program": program},
        "candidate": "P5-a1-64-kpu8",
        "files": {"model.kmodel": {"sha256": "0123abcd"}},
        "compiled": compiled,
    }
    table = detector_table(headers, size, scale_of(head), score, head, class_scores)
    return board_files(manifest, table, head)


def scale_of(head: Head) -> float:
    """What its boxes are multiplied by in the file."""
    return BOX_SCALE if head.may_be_scaled else 1.0


def random_maps(
    count: int, seed: int, faces: float, *, sizes: bool = True, head: Head = FACE_HEAD
) -> Maps:
    """Maps (count, 4, 4, channels) as a kmodel writes them, in steps of 1/8.

    faces: share of boxes above the threshold. sizes: whether boxes differ from canonical ones.
    """
    rng = np.random.default_rng(seed)
    maps = rng.normal(0, 2, (count, CELLS, CELLS, head.channels))
    logits, offsets = head.split(maps)
    logits = logits[..., :1] if isinstance(head, RegionHead) else logits
    chosen = rng.random(logits.shape) < faces
    logits[:] = np.where(chosen, np.abs(logits), -8 - np.abs(logits))
    offsets[..., 2:] *= sizes
    rounded: Maps = (np.round(maps * 8) / 8).astype(np.float32)
    return rounded


def planes(maps: Maps) -> Maps:
    """(n, channels, h, w), as they lie in the chip's memory."""
    return np.ascontiguousarray(maps.transpose(0, 3, 1, 2))


def expected(
    maps: Maps, score: float = SCORE, size: InputSize = SIZE, head: Head = FACE_HEAD
) -> list[Detections]:
    """What the decoder that measures AP finds."""
    with np.errstate(all="ignore"):
        return decode_maps(unscale_boxes(maps, scale_of(head), head), size, score, head=head)


def assert_same(found: list[Detections], wanted: list[Detections]) -> None:
    """Equal to float32 rounding, in the same order."""
    assert [len(one) for one in found] == [len(one) for one in wanted]
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one.boxes, other.boxes, rtol=1e-6, atol=2e-5)
        np.testing.assert_allclose(one.scores, other.scores, rtol=2e-6, atol=1e-9)
        np.testing.assert_array_equal(one.classes, other.classes)

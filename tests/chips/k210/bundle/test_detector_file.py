from __future__ import annotations

import json
import math

import numpy as np
import pytest

from dse.chips.k210 import Deployment
from dse.chips.k210.bundle.detector_file import detector_table
from dse.chips.k210.bundle.manifest import to_json
from dse.chips.k210.quantization.box_scale import unscale_boxes
from dse.detection.decoding import decode_maps
from dse.detection.head import FACE_HEAD, Head

pytestmark = [pytest.mark.compiler, pytest.mark.slow]

SCORE = 0.6


@pytest.fixture
def table(deployment: Deployment) -> dict:
    made = detector_table(deployment.compiled.headers, 64, 4.0, SCORE)
    return json.loads(to_json(made))


def decoded_by_the_guide(planes: np.ndarray, table: dict) -> list[tuple[float, ...]]:
    """The bundle's README, line by line: planes (channels, h, w) -> boxes and scores."""
    size, scale = table["input"]["size_pixels"], table["box_scale"]
    _, height, width = planes.shape
    found: list[tuple[float, ...]] = []
    for b, (w, h) in enumerate(table["canonical_boxes_pixels"]):
        for i in range(height):
            for j in range(width):
                score, tx, ty, tw, th = (float(planes[5 * b + k][i][j]) for k in range(5))
                if score <= math.log(SCORE / (1 - SCORE)):
                    continue
                probability = 1 / (1 + math.exp(-score))
                cx = (j + 0.5) * size / width + w * tx / scale
                cy = (i + 0.5) * size / height + h * ty / scale
                bw, bh = w * math.exp(tw / scale), h * math.exp(th / scale)
                box = (cx - bw / 2, cy - bh / 2, cx + bw / 2, cy + bh / 2)
                found.append((*box, probability))
    return found


@pytest.mark.parametrize(("box", "row", "column"), [(0, 0, 0), (7, 2, 1), (24, 3, 3)])
def test_a_program_that_follows_the_guide_finds_the_same_box(
    table: dict, box: int, row: int, column: int
) -> None:
    maps = np.full((1, 4, 4, 125), -8.0, np.float32)
    maps[..., 1:] = np.where(np.arange(1, 125) % 5, 0.4, -8.0)
    maps[0, row, column, 5 * box : 5 * box + 5] = [2.0, 0.8, -1.2, 0.6, -0.4]
    (guided,) = decoded_by_the_guide(maps[0].transpose(2, 0, 1), table)
    (ours,) = decode_maps(unscale_boxes(maps, 4.0), 64, SCORE)
    assert len(ours) == 1
    np.testing.assert_allclose(np.clip(guided[:4], 0, 64), ours.boxes[0], atol=1e-2)
    assert guided[4] == pytest.approx(float(ours.scores[0]), abs=1e-5)


def test_each_class_has_its_threshold_in_the_order_of_the_classes(deployment: Deployment) -> None:
    head = Head(FACE_HEAD.anchors, ("cat", "dog"))
    own = {"dog": 0.12349, "cat": 1.0}
    table = detector_table(deployment.compiled.headers, 64, 1.0, 0.5, head, own)
    assert table["class_score_thresholds"] == [0.9999, 0.1234]
    assert table["score_threshold"] == 0.5
    alone = detector_table(deployment.compiled.headers, 64, 1.0, 0.5)
    assert "class_score_thresholds" not in alone


@pytest.mark.parametrize(("score", "stored"), [(0.0, 0.0), (0.33587, 0.3358), (1.0, 0.9999)])
def test_threshold_keeps_the_detection_that_set_it(
    deployment: Deployment, score: float, stored: float
) -> None:
    assert detector_table(deployment.compiled.headers, 64, 1.0, score)["score_threshold"] == stored

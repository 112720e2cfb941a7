"""Kmodels of versions 3 and 4 beside detector.json: shapes that agree, and those that do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dse.chips.k210.bundle.older_files import EmulatedDetector, shaped, square_map
from dse.chips.k210.compiler.deployment import Deployment, deploy
from dse.chips.k210.kmodel.kmodel import parse_kmodel
from dse.detection.head import FACE_HEAD, Head
from dse.errors import VerificationFailed
from dse.network.detector import detector_graph
from dse.space import Training
from tests.chips.k210.networks_and_pictures import random_canvases, random_weights

pytestmark = [pytest.mark.compiler, pytest.mark.slow]


@pytest.fixture(scope="module")
def older() -> Deployment:
    graph = detector_graph(Training.parse("P5-a0.5-64"))
    return deploy(graph, random_weights(graph), random_canvases(4, 64), kmodel_versions=(4,))


@pytest.fixture()
def told() -> dict[str, Any]:
    return {
        "input": {"size_pixels": 64},
        "output": {"channels": 125, "map_height": 4, "map_width": 4},
    }


def test_shapes_come_from_detector_json(older: Deployment, told: dict[str, Any]) -> None:
    headers = shaped(parse_kmodel(older.content), older.content, told)
    assert headers.inputs[0].shape == (1, 3, 64, 64)
    assert headers.outputs[0].shape == (1, 125, 4, 4)


def test_it_runs_as_the_referee_saw_it(older: Deployment, told: dict[str, Any]) -> None:
    headers = shaped(parse_kmodel(older.content), older.content, told)
    canvases = random_canvases(3, 64)
    run = EmulatedDetector(older.content, headers, older.box_scale)
    with older.running(workers=1) as refereed:
        np.testing.assert_array_equal(run(canvases), refereed(canvases))
    assert "nncase 0.2" in run.how and run.input_size == 64


def test_without_detector_json_the_map_is_square(older: Deployment, told: dict[str, Any]) -> None:
    assert square_map(older.content, FACE_HEAD) == told


def test_an_output_that_is_no_map_of_the_head_is_refused(older: Deployment) -> None:
    with pytest.raises(VerificationFailed, match="numbers, which are no square map of the 12"):
        square_map(older.content, Head(((16.0, 16.0),) * 2, ("one", "two")))


@pytest.mark.parametrize(
    ("part", "changed", "words"),
    [
        ("input", {"size_pixels": 96}, "detector.json says 96 pixels"),
        ("input", {"size_pixels": "64"}, "detector.json says '64' pixels"),
        ("input", {}, "lacks"),
        ("output", {"channels": 125, "map_height": 4, "map_width": 5}, "float32"),
        ("output", {"channels": 125, "map_height": 4, "map_width": True}, "pixels"),
        ("output", {"channels": 125, "map_height": 4, "map_width": 10**30}, "pixels"),
        ("output", [], "lacks"),
    ],
)
def test_what_contradicts_the_file_is_refused(
    older: Deployment, told: dict[str, Any], part: str, changed: Any, words: str
) -> None:
    with pytest.raises(VerificationFailed, match=words):
        shaped(parse_kmodel(older.content), older.content, {**told, part: changed})

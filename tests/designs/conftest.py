"""Detectors in files, made of a network that compiles in a second; and no study."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dse.designs import Detector, find_detector
from dse.network.detector import detector_graph
from tests.chips.k210.networks_and_pictures import SIZE, TRAINING, random_canvases, random_weights

if TYPE_CHECKING:
    from dse.chips.k210 import Deployment

SCORE = 0.625


@pytest.fixture(scope="session")
def deployment() -> Deployment:
    from dse.chips.k210 import deploy

    graph = detector_graph(TRAINING)
    return deploy(graph, random_weights(graph), random_canvases(4, SIZE))


@pytest.fixture
def bundle(deployment: Deployment, tmp_path: Path) -> Path:
    """What of a bundle is needed to run it."""
    folder = tmp_path / "A63-a0.35-64-kpu8"
    folder.mkdir()
    (folder / "model.kmodel").write_bytes(deployment.compiled.kmodel)
    (folder / "model.tflite").write_bytes(deployment.tflite)
    table = {"box_scale": deployment.box_scale, "score_threshold": SCORE}
    (folder / "detector.json").write_text(json.dumps(table))
    return folder


@pytest.fixture
def said() -> list[str]:
    """What was told to the person who waits."""
    return []


@pytest.fixture
def find(tmp_path: Path, said: list[str]) -> Callable[[object], Detector]:
    """`find_detector` where there is no study."""
    return lambda name: find_detector(str(name), tmp_path / "results", None, said.append)

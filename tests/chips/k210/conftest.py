"""A network small enough to compile in a second, its kmodel, and labelled pictures for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from dse.data.pictures import DataSet
from dse.network.detector import detector_graph
from dse.network.graph import Graph
from tests.chips.k210.networks_and_pictures import (
    SIZE,
    TRAINING,
    random_canvases,
    random_weights,
    three_pictures,
)

if TYPE_CHECKING:
    from dse.chips.k210 import Deployment
    from dse.network.arrays import Weights


@pytest.fixture(scope="session")
def graph() -> Graph:
    return detector_graph(TRAINING)


@pytest.fixture(scope="session")
def weights(graph: Graph) -> Weights:
    return random_weights(graph)


@pytest.fixture(scope="session")
def calibration() -> NDArray[np.uint8]:
    return random_canvases(4, SIZE)


@pytest.fixture(scope="session")
def deployment(graph: Graph, weights: Weights, calibration: NDArray[np.uint8]) -> Deployment:
    from dse.chips.k210 import deploy

    return deploy(graph, weights, calibration)


@pytest.fixture(scope="session")
def kmodel(deployment: Deployment) -> bytes:
    return deployment.compiled.kmodel


@pytest.fixture(scope="session")
def data() -> DataSet:
    return three_pictures()


@pytest.fixture(scope="session")
def pristine(
    tmp_path_factory: pytest.TempPathFactory,
    deployment: Deployment,
    graph: Graph,
    weights: Weights,
    calibration: NDArray[np.uint8],
    data: DataSet,
) -> Path:
    """The folder of a whole bundle; copy it before you change it."""
    from dse.chips.k210 import export_bundle

    folder = tmp_path_factory.mktemp("bundles") / "whole"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dse.chips.k210.bundle.bundle.deploy", lambda *_, **__: deployment)
        candidate = TRAINING.in_format("kpu8")
        export_bundle(folder, candidate, graph, weights, calibration, data, workers=1)
    return folder


@pytest.fixture
def no_leftovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that takes the place of the system's temporary one."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder

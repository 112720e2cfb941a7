"""A small network with weights that keep activations alive, and pictures with structure."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dse.network.arrays import Weights, batch_norm_name
from dse.network.detector import detector_graph
from dse.network.graph import Graph
from dse.space import Training
from tests.chips.k210.quantization.kmodel_steps import CompiledNetwork
from tests.chips.k210.quantization.lively_networks import blobs, weights_for


@pytest.fixture(scope="session")
def graph() -> Graph:
    return detector_graph(Training("A", 63, 0.35, 64))


@pytest.fixture(scope="session")
def weights(graph: Graph) -> Weights:
    return weights_for(graph)


@pytest.fixture(scope="session")
def canvases() -> NDArray[np.uint8]:
    """(8, 64, 64, 3): smooth blobs with noise on top."""
    return blobs(8, 64)


@pytest.fixture(scope="session", params=["B63-a0.35-96", "C133-a0.35-96"])
def small_maps(request: pytest.FixtureRequest) -> CompiledNetwork:
    """Designs whose last blocks work on 3x3 maps, as the compiler has them.

    A channel of every map is highest on the zeros that a map is padded with.
    """
    from dse.chips.k210.compiler.compiler import compile_kmodel
    from dse.chips.k210.compiler.tflite import to_tflite

    graph = detector_graph(Training.parse(request.param))
    weights, calibration = weights_for(graph), blobs(4, 96)
    for layer in (f"block_{number}_project" for number in (13, 14, 15, 16)):
        kernel = weights[f"{layer}/kernel"]
        kernel[..., 0] = -np.abs(kernel[..., 0])
        weights[f"{batch_norm_name(layer)}/beta"][0] += 40
    kmodel = compile_kmodel(to_tflite(graph, weights), calibration).kmodel
    return CompiledNetwork(graph, weights, calibration, kmodel)

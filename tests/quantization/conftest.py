"""A small network with weights that keep activations alive, and pictures with structure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from dse.network.detector import detector_graph
from dse.network.graph import CONVOLUTIONS, Graph
from dse.space import Training

if TYPE_CHECKING:
    from dse.network.keras_model import Weights


def weights_for(graph: Graph, seed: int = 0) -> Weights:
    """He-initialised kernels; batch statistics away from 0 and 1."""
    from dse.network.keras_model import batch_norm_name

    rng = np.random.default_rng(seed)
    weights: Weights = {}
    for layer in graph:
        if layer.op not in CONVOLUTIONS:
            continue
        channels = layer.shape[2]
        depthwise = layer.op == "depthwise"
        inputs = 1 if depthwise else graph.input_shapes(layer)[0][2]
        last = (channels, 1) if depthwise else (inputs, channels)
        spread = np.sqrt(2 / (layer.kernel**2 * inputs))
        drawn = rng.normal(0, spread, (layer.kernel, layer.kernel, *last))
        weights[f"{layer.name}/kernel"] = drawn.astype(np.float32)
        if layer.bias:
            weights[f"{layer.name}/bias"] = rng.normal(0, 0.3, channels).astype(np.float32)
        if layer.batch_norm:
            for part in ("gamma", "moving_variance"):
                drawn = rng.uniform(0.5, 1.5, channels)
                weights[f"{batch_norm_name(layer.name)}/{part}"] = drawn.astype(np.float32)
            for part in ("beta", "moving_mean"):
                drawn = rng.normal(0, 0.3, channels)
                weights[f"{batch_norm_name(layer.name)}/{part}"] = drawn.astype(np.float32)
    return weights


@pytest.fixture(scope="session")
def graph() -> Graph:
    return detector_graph(Training("A", 63, 0.35, 64))


@pytest.fixture(scope="session")
def weights(graph: Graph) -> Weights:
    return weights_for(graph)


@pytest.fixture(scope="session")
def canvases() -> NDArray[np.uint8]:
    """(8, 64, 64, 3): smooth blobs with noise on top."""
    rng = np.random.default_rng(3)
    coarse = rng.integers(0, 256, (8, 8, 8, 3)).repeat(8, axis=1).repeat(8, axis=2)
    return np.clip(coarse + rng.normal(0, 12, coarse.shape), 0, 255).astype(np.uint8)

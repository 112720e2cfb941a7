"""Every Keras layer is measured, in Keras' own count."""

from __future__ import annotations

import numpy as np
import pytest

from dse.chips.k210.quantization import activation_ranges
from dse.errors import DataError
from dse.network.arrays import Weights
from dse.network.detector import detector_graph
from dse.network.graph import Graph
from dse.network.keras_ranges import keras_ranges
from dse.space import Training
from tests.chips.k210.quantization.lively_networks import blobs, weights_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def graph() -> Graph:
    return detector_graph(Training("A", 63, 0.35, 64))


@pytest.fixture(scope="module")
def weights(graph: Graph) -> Weights:
    return weights_for(graph)


def test_layers_are_the_papers_and_ranges_those_of_the_folded_network(
    graph: Graph, weights: Weights
) -> None:
    canvases = blobs(8, 64)
    layers = keras_ranges(graph, weights, canvases, batch_size=3)
    named = {layer.name: layer for layer in layers}
    assert [layer.index for layer in layers] == list(range(len(layers)))
    assert layers[5].name == "expanded_conv_depthwise"  # the paper's layer 5
    assert layers[119].name == "block_13_expand_relu"  # its breakpoint A
    folded = activation_ranges(graph, weights, canvases)
    assert named["Conv1_relu"].activations == pytest.approx(folded.written["Conv1"], abs=0.05)
    kernel = weights["Conv1/kernel"]
    assert named["Conv1"].weights == (kernel.min(), kernel.max())
    assert named["Conv1_relu"].weights is None


def test_no_picture_is_no_range(graph: Graph, weights: Weights) -> None:
    with pytest.raises(DataError, match="no picture"):
        keras_ranges(graph, weights, np.zeros((0, 64, 64, 3), np.uint8))

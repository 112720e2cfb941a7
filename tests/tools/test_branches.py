"""Branches that fold into one convolution."""

import numpy as np
import pytest

from dse.network.detector import detector_graph
from dse.network.keras_inference import predictor
from dse.network.keras_model import get_weights
from dse.network.keras_startup import keras
from dse.space import Training
from tools.branches import branched, merged

pytestmark = pytest.mark.slow

GRAPH = detector_graph(Training.parse("P5-a0.5-64"))


def test_the_folded_network_answers_as_its_branches_do() -> None:
    keras.utils.set_random_seed(1)
    model = branched(GRAPH)
    rng = np.random.default_rng(1)
    for variable in model.weights:  # normalisations that do something
        if "norm" in variable.path:
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    pictures = rng.integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    expected = model.predict(pictures / np.float32(127.5) - 1, verbose=0)
    found = predictor(GRAPH, merged(GRAPH, get_weights(model)))(pictures)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def test_the_identity_stands_where_shapes_allow_it() -> None:
    names = {layer.name for layer in branched(GRAPH).layers}
    assert {"conv_4_identity_norm", "conv_10_identity_norm"} <= names
    assert not {"conv_1_identity_norm", "conv_5_identity_norm"} & names


def test_merged_weights_are_those_of_the_graph() -> None:
    found = merged(GRAPH, get_weights(branched(GRAPH)))
    numbers = sum(value.size for value in found.values())
    assert numbers == GRAPH.parameters
    assert {name.split("/")[0] for name in found} == {layer.name for layer in GRAPH.layers[1:]}

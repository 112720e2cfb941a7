from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from dse.chips.k210 import to_tflite
from dse.chips.k210.compiler.tflite import random_tflite
from dse.chips.k210.compiler.tflite_predictor import tflite_predictor
from dse.errors import CompilerError, WeightsError
from dse.network.arrays import Weights
from dse.network.detector import detector_graph
from dse.network.graph import Graph, Layer
from dse.network.keras_model import build, set_weights
from dse.network.tflite_graph import read_tflite
from dse.network.tflite_layers import LEAK
from dse.space import Training
from tests.chips.k210.networks_and_pictures import every_operation, random_canvases, random_weights

pytestmark = pytest.mark.slow


def keras_maps(graph: Graph, weights: Weights, canvases: np.ndarray) -> np.ndarray:
    """What the unfolded Keras model writes."""
    model = build(graph)
    set_weights(model, weights)
    return keras.ops.convert_to_numpy(
        model(canvases.astype(np.float32) / 127.5 - 1, training=False)
    )


@pytest.mark.parametrize("size", [24, 28])
def test_file_computes_what_keras_computes(size: int) -> None:
    graph = every_operation(size)
    weights = random_weights(graph)
    canvases = random_canvases(2, 32)[:, :size, :size]
    found = tflite_predictor(to_tflite(graph, weights))(canvases)
    expected = keras_maps(graph, weights, canvases)
    assert found.shape == (2, size // 2, size // 2, 125)
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_odd_maps_keep_symmetric_padding() -> None:
    graph = detector_graph(Training("A", 63, 0.35, 72))  # maps of 36, 18, 9 and 5 cells
    weights = random_weights(graph)
    canvases = random_canvases(1, 72)
    found = tflite_predictor(to_tflite(graph, weights))(canvases)
    expected = keras_maps(graph, weights, canvases)
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_file_reads_back_as_the_same_network(tmp_path: Path) -> None:
    graph = detector_graph(Training("C", 98, 0.35, 64))
    path = tmp_path / "network.tflite"
    path.write_bytes(to_tflite(graph, random_weights(graph)))
    found = read_tflite(path)
    assert found.macs == graph.macs
    assert [layer.op for layer in found] == [layer.op for layer in graph]
    assert [layer.shape for layer in found] == [layer.shape for layer in graph]


def test_missing_weight_is_named(graph: Graph, weights: Weights) -> None:
    incomplete = {name: value for name, value in weights.items() if name != "head/bias"}
    with pytest.raises(WeightsError, match="head/bias"):
        to_tflite(graph, incomplete)


@pytest.mark.parametrize(
    ("change", "named"), [({"op": "softmax"}, "softmax"), ({"activation": "swish"}, "swish")]
)
def test_what_cannot_be_written_is_named(change: dict[str, Any], named: str) -> None:
    graph = every_operation(24)
    place = {"op": "add", "activation": "fine"}[next(iter(change))]
    layers = tuple(replace(la, **change) if la.name == place else la for la in graph)
    with pytest.raises(CompilerError, match=named):
        to_tflite(Graph("odd", layers, graph.outputs), random_weights(graph))


def chain_of(*layers: Layer) -> Graph:
    """`layers` one after the other behind a picture of 8 x 12 pixels."""
    picture = Layer("input", "input", (), (8, 12, 3))
    names = [picture.name, *(layer.name for layer in layers)]
    linked = [replace(la, inputs=(before,)) for la, before in zip(layers, names, strict=False)]
    return Graph("chain", (picture, *linked), (names[-1],))


def written_by(graph: Graph, canvases: np.ndarray) -> np.ndarray:
    """What TensorFlow-Lite computes for the first picture."""
    return tflite_predictor(random_tflite(graph, seed=3))(canvases)[0]


def test_pools_pads_and_nearest_upsampling_compute_what_they_say() -> None:
    canvases = random_canvases(1, 16)[:, :8, :12]
    picture = canvases[0].astype(np.float32) / 127.5 - 1
    quarters = picture.reshape(4, 2, 6, 2, 3)
    most = written_by(chain_of(Layer("p", "maxpool", (), (4, 6, 3), 2, 2)), canvases)
    mean = written_by(chain_of(Layer("p", "avgpool", (), (4, 6, 3), 2, 2)), canvases)
    grown = written_by(chain_of(Layer("u", "upsample_nearest", (), (16, 24, 3), 1, 2)), canvases)
    framed = written_by(
        chain_of(Layer("f", "pad", (), (11, 19, 3), padding=(1, 2, 3, 4))), canvases
    )
    np.testing.assert_allclose(most, quarters.max((1, 3)), atol=1e-5)
    np.testing.assert_allclose(mean, quarters.mean((1, 3)), atol=1e-5)
    np.testing.assert_allclose(grown, picture.repeat(2, 0).repeat(2, 1), atol=1e-5)
    np.testing.assert_allclose(framed, np.pad(picture, ((1, 2), (3, 4), (0, 0))), atol=1e-5)


@pytest.mark.parametrize("layer", ["conv", "depthwise", "maxpool"])
def test_activations_of_their_own_follow_the_layer(layer: str) -> None:
    canvases = random_canvases(1, 16)[:, :8, :12]
    plain = Layer("x", layer, (), (8, 12, 3), 3, 1, (1, 1, 1, 1))
    linear = written_by(chain_of(plain), canvases)
    leaky = written_by(chain_of(replace(plain, activation="leaky")), canvases)
    sigmoid = written_by(chain_of(replace(plain, activation="sigmoid")), canvases)
    np.testing.assert_allclose(leaky, np.maximum(linear, LEAK * linear), atol=1e-5)
    np.testing.assert_allclose(sigmoid, 1 / (1 + np.exp(-linear)), atol=1e-5)


@pytest.mark.parametrize("padding", [(0, 0, 0, 0), (2, 2, 2, 2), (0, 1, 0, 1), (3, 0, 1, 2)])
def test_random_weights_read_back_as_the_same_network(
    padding: tuple[int, int, int, int], tmp_path: Path
) -> None:
    height, width = (8 + sum(padding[:2]) - 5) // 2 + 1, (12 + sum(padding[2:]) - 5) // 2 + 1
    graph = chain_of(
        Layer("a", "conv", (), (height, width, 7), 5, 2, padding, "relu", bias=True),
        Layer("b", "conv", (), (height, width, 9), activation="leaky", bias=True),
        Layer("c", "depthwise", (), (height, width, 9), 3, 1, (1,) * 4, "relu6", bias=True),
    )
    path = tmp_path / "chain.tflite"
    path.write_bytes(random_tflite(graph, seed=0))
    found = read_tflite(path)
    unnamed = [replace(layer, name="", inputs=()) for layer in found]
    assert unnamed == [replace(layer, name="", inputs=()) for layer in graph]
    assert random_tflite(graph, seed=0) == path.read_bytes()
    assert random_tflite(graph, seed=1) != path.read_bytes()


def test_a_pool_that_the_format_cannot_say_is_refused() -> None:
    odd = Layer("p", "avgpool", (), (10, 14, 3), 3, 1, (2, 2, 2, 2))
    with pytest.raises(CompilerError, match="pools with padding"):
        random_tflite(chain_of(odd), seed=0)


def test_interpreter_refuses_other_files() -> None:
    from dse.errors import VerificationFailed

    with pytest.raises(VerificationFailed):
        tflite_predictor(b"TFL3 but nothing else, not even a root table")

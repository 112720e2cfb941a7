from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import perf_counter

import keras
import numpy as np
import pytest
from networks_and_pictures import every_operation, random_canvases, random_weights

from dse.errors import CompilerError, WeightsError
from dse.export import to_tflite
from dse.export.tflite_predictor import tflite_predictor
from dse.network.graph import Graph
from dse.network.keras_model import Weights, build, set_weights
from dse.network.mobilenetv2 import detector_graph
from dse.network.tflite_graph import read_tflite
from dse.space import Training


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


def test_writing_takes_no_seconds(graph: Graph, weights: Weights) -> None:
    to_tflite(graph, weights)
    started = perf_counter()
    to_tflite(graph, weights)
    assert perf_counter() - started < 1.0


def test_missing_weight_is_named(graph: Graph, weights: Weights) -> None:
    incomplete = {name: value for name, value in weights.items() if name != "head/bias"}
    with pytest.raises(WeightsError, match="head/bias"):
        to_tflite(graph, incomplete)


@pytest.mark.parametrize(
    ("change", "named"), [({"op": "softmax"}, "softmax"), ({"activation": "swish"}, "swish")]
)
def test_what_cannot_be_written_is_named(change: dict[str, str], named: str) -> None:
    graph = every_operation(24)
    place = {"op": "add", "activation": "fine"}[next(iter(change))]
    layers = tuple(replace(la, **change) if la.name == place else la for la in graph)
    with pytest.raises(CompilerError, match=named):
        to_tflite(Graph("odd", layers, graph.outputs), random_weights(graph))


def test_interpreter_refuses_other_files() -> None:
    from dse.errors import VerificationFailed

    with pytest.raises(VerificationFailed):
        tflite_predictor(b"TFL3 but nothing else, not even a root table")

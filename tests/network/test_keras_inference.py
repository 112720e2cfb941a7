"""Folded networks compute what Keras computes, for every breakpoint, batch and odd size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dse.errors import UnknownName, WeightsError
from dse.network.arrays import Weights
from dse.network.detector import detector_graph
from dse.network.graph import Graph, Layer
from dse.network.keras_inference import compiled, fold, normalised, predictor, run
from dse.network.keras_model import build, get_weights, set_weights
from dse.space import Training

pytestmark = pytest.mark.slow


def network(name: str) -> tuple[Graph, Weights]:
    """A graph and weights whose batch statistics are not those of a fresh model."""
    graph = detector_graph(Training.parse(name))
    rng = np.random.default_rng(7)
    weights = get_weights(build(graph))
    for key, value in weights.items():
        if key.endswith(("gamma", "moving_variance")):
            weights[key] = rng.uniform(0.5, 1.5, value.shape).astype(np.float32)
        elif not key.endswith("kernel"):
            weights[key] = rng.normal(0, 0.3, value.shape).astype(np.float32)
    return graph, weights


def canvases(count: int, size: int) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (count, size, size, 3), np.uint8)


@pytest.mark.parametrize("name", ["A63-a0.35-75", "B63-a0.35-64", "C63-a0.35-64"])
def test_computes_what_keras_computes(name: str) -> None:
    graph, weights = network(name)
    model = build(graph)
    set_weights(model, weights)
    pictures = canvases(3, graph.input.shape[0])
    expected = model.predict_on_batch(pictures / np.float32(127.5) - 1)
    found = predictor(graph, weights)(pictures)
    assert found.shape == (3, *graph["head"].shape)
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_length_and_batches_do_not_matter() -> None:
    graph, weights = network("A63-a0.35-64")
    pictures = canvases(5, 64)
    whole = predictor(graph, weights, batch_size=32)(pictures)
    pieces = predictor(graph, weights, batch_size=2)(pictures)
    np.testing.assert_allclose(pieces, whole, rtol=1e-4, atol=1e-5)
    assert predictor(graph, weights)(pictures[:0]).shape == (0, *whole.shape[1:])


def test_hook_sees_every_layer_in_order_and_replaces_its_output() -> None:
    graph, weights = network("A63-a0.35-64")
    folded = fold(graph, weights)
    seen: list[str] = []

    def hook(layer: Layer, written: NDArray[np.float32]) -> NDArray[np.float32]:
        assert tuple(written.shape[1:]) == layer.shape
        seen.append(layer.name)
        return written * 0 if layer.name == "block_13_expand" else written

    out = np.asarray(run(graph, folded, normalised(canvases(2, 64)), hook))
    assert seen == [layer.name for layer in graph]
    bias = np.broadcast_to(folded["head"][1], out.shape)
    np.testing.assert_allclose(out, bias, atol=1e-6)  # a head that reads zeros writes its bias


def test_folding_leaves_the_weights_alone() -> None:
    graph, weights = network("A63-a0.35-64")
    before = {name: value.copy() for name, value in weights.items()}
    fold(graph, weights)
    for name, value in weights.items():
        np.testing.assert_array_equal(value, before[name])


def test_missing_weight_is_named() -> None:
    graph, weights = network("A63-a0.35-64")
    del weights["bn_Conv1/gamma"]
    with pytest.raises(WeightsError, match="bn_Conv1/gamma"):
        fold(graph, weights)


def test_unknown_operation_and_activation_are_named() -> None:
    start = Layer("input", "input", (), (8, 8, 3))
    pool = Layer("pool", "maxpool", ("input",), (4, 4, 3), kernel=2, stride=2)
    with pytest.raises(UnknownName, match="maxpool"):
        run(Graph("g", (start, pool), ("pool",)), {}, np.zeros((1, 8, 8, 3), np.float32))
    conv = Layer("conv", "conv", ("input",), (8, 8, 3), activation="swish")
    folded: Any = {"conv": (np.ones((1, 1, 3, 3), np.float32), np.zeros(3, np.float32))}
    with pytest.raises(UnknownName, match="swish"):
        run(Graph("g", (start, conv), ("conv",)), folded, np.zeros((1, 8, 8, 3), np.float32))


def test_compiled_function_gets_pixels_unchanged() -> None:
    start = Layer("input", "input", (), (4, 4, 3))
    predict = compiled(lambda pictures: pictures, Graph("g", (start,), ("input",)), batch_size=2)
    pictures = canvases(3, 4)
    np.testing.assert_array_equal(predict(pictures), pictures.astype(np.float32))

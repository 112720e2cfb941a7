"""The walk through both networks, against running them whole."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from dse.chips.k210.quantization import predictor, quantization_noise
from dse.chips.k210.quantization.placement import placement
from dse.chips.noise import QuantizationNoise
from dse.errors import DataError
from dse.evaluation import Prepared, evaluate_canvases
from dse.network.arrays import Weights
from dse.network.graph import Graph, Layer
from dse.network.keras_inference import predictor as float_predictor

pytestmark = pytest.mark.slow

SIZE = 16
SMALL = Graph(
    "small",
    (
        Layer("input", "input", (), (SIZE, SIZE, 3)),
        Layer("first", "conv", ("input",), (SIZE, SIZE, 4), bias=True),
        Layer("second", "depthwise", ("first",), (8, 8, 4), 3, 2, (1, 1, 1, 1), "relu6", bias=True),
        Layer("head", "conv", ("second",), (8, 8, 125), bias=True),
    ),
    ("head",),
)


def small_weights() -> Weights:
    rng = np.random.default_rng(4)
    shapes = {"first": (1, 1, 3, 4), "second": (3, 3, 4, 1), "head": (1, 1, 4, 125)}
    weights = {f"{n}/kernel": rng.normal(size=s).astype(np.float32) for n, s in shapes.items()}
    channels = {"first": 4, "second": 4, "head": 125}
    return {**weights, **{f"{n}/bias": np.zeros(c, np.float32) for n, c in channels.items()}}


def bright() -> Prepared:
    canvases = np.random.default_rng(5).integers(0, 256, (2, SIZE, SIZE, 3), np.uint8)
    return prepared_with(canvases, [np.array([[2, 2, 12, 12]], np.float32)] * 2)


def prepared_with(canvases: NDArray[np.uint8], truth: list[NDArray[np.float32]]) -> Prepared:
    sides = np.full(len(canvases), canvases.shape[1])
    empty = tuple(np.zeros((0, 4), np.float32) for _ in canvases)
    ones = np.ones(len(canvases))
    names = tuple(str(number) for number in range(len(canvases)))
    side = canvases.shape[1]
    return Prepared(side, names, canvases, ones, sides, sides, tuple(truth), empty, None, ())


@pytest.fixture(scope="module")
def prepared(graph: Graph, weights: Weights, canvases: NDArray[np.uint8]) -> Prepared:
    """Faces are where the float network sees any: its AP is high."""
    from dse.detection.decoding import decode_maps

    found = decode_maps(float_predictor(graph, weights)(canvases), canvases.shape[1])
    return prepared_with(canvases, [one.boxes[:3] for one in found])


@pytest.fixture(scope="module")
def noise(
    graph: Graph, weights: Weights, canvases: NDArray[np.uint8], prepared: Prepared
) -> QuantizationNoise:
    return quantization_noise(graph, weights, canvases[:4], prepared)


def test_every_layer_of_the_kpu_has_its_row_in_order(
    graph: Graph, noise: QuantizationNoise
) -> None:
    expected = [layer.name for layer in graph if layer.name in placement(graph)]
    assert [row.name for row in noise.layers] == expected
    assert "head" in expected
    assert graph.input.name not in expected


def test_ap_is_that_of_the_whole_networks(
    graph: Graph,
    weights: Weights,
    canvases: NDArray[np.uint8],
    prepared: Prepared,
    noise: QuantizationNoise,
) -> None:
    exact = evaluate_canvases(predictor(graph, weights, "FP32", canvases[:4]), prepared)
    chip = evaluate_canvases(predictor(graph, weights, "kpu8", canvases[:4]), prepared)
    assert noise.ap_float == pytest.approx(exact.ap, abs=0.01)
    assert noise.ap_model == pytest.approx(chip.ap, abs=0.1)  # a flipped level may move a box
    assert (noise.pictures, noise.faces) == (len(canvases), prepared.faces)


def test_noise_alone_is_less_than_noise_of_all_layers(noise: QuantizationNoise) -> None:
    for row in noise.layers:
        assert row.sqnr_db is not None
        assert row.alone_db is not None
        assert row.alone_db > row.sqnr_db - 1
        assert 10 < row.alone_db < 70
    first, last = noise.layers[0], noise.layers[-1]
    assert (first.sqnr_db or 0) > (last.sqnr_db or 0)


def test_figures_of_a_layer_fit_together(noise: QuantizationNoise) -> None:
    for row in noise.layers:
        assert row.low <= row.high
        assert row.step == pytest.approx((row.calibrated[1] - row.calibrated[0]) / 255, rel=1e-5)
        assert 0 <= row.beyond < 0.1
        assert 0 <= row.weights_share <= 1
        assert 0 <= row.offset_share <= 1.001
        assert row.channel_spread >= 1
        assert row.calibrated[0] <= row.clip[0] <= 0 <= row.clip[1] <= row.calibrated[1]
        assert (row.weight_spread is None) == (row.op != "conv")
    assert noise.costliest.ap_lost == max(row.ap_lost for row in noise.layers)


def test_unseen_brightness_lies_beyond_the_calibrated_range() -> None:
    grey = np.full((2, SIZE, SIZE, 3), 128, np.uint8)
    noise = quantization_noise(SMALL, small_weights(), grey, bright())
    first, second, head = noise.layers
    assert first.beyond > 0.1
    assert first.beyond_share > 0.9
    assert first.high > first.calibrated[1]
    assert (head.name, second.weight_spread) == ("head", None)


def test_a_layer_without_weights_has_its_noise_from_its_step() -> None:
    weights = {**small_weights(), "first/kernel": np.zeros((1, 1, 3, 4), np.float32)}
    weights["first/bias"] = np.array([-1.0, 0.2, 0.33, 1.0], np.float32)
    first = quantization_noise(SMALL, weights, bright().canvases, bright()).layers[0]
    assert (first.beyond, first.weights_share) == (0, 0)
    assert first.alone_db == first.sqnr_db  # nothing before it makes noise that it would see


def test_pictures_without_faces_are_refused() -> None:
    none = (np.zeros((0, 4), np.float32),) * 2
    nothing = dataclasses.replace(bright(), truth=none, classes=())
    with pytest.raises(DataError, match="no labelled object"):
        quantization_noise(SMALL, small_weights(), nothing.canvases, nothing)

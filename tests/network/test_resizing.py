"""Chains of convolutions made wider and narrower."""

import numpy as np
import pytest

from dse.network.detector import detector_graph
from dse.network.graph import Graph
from dse.network.keras_inference import predictor
from dse.network.keras_model import build, get_weights
from dse.network.keras_startup import keras
from dse.network.resizing import resized
from dse.space import Training

pytestmark = pytest.mark.slow

PICTURES = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)


def graph(width: float) -> Graph:
    return detector_graph(Training.parse(f"P5-a{width:g}-64"))


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    keras.utils.set_random_seed(0)
    return get_weights(build(graph(0.5)))


@pytest.mark.parametrize("width", [0.5, 1.0, 1.5])
def test_a_wider_network_computes_the_same(width: float, weights: dict[str, np.ndarray]) -> None:
    small, large = graph(0.5), graph(width)
    expected = predictor(small, weights)(PICTURES)
    found = predictor(large, resized(weights, small, large, seed=3))(PICTURES)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_a_narrower_network_keeps_the_strongest_channels(weights: dict[str, np.ndarray]) -> None:
    large, small = graph(1.0), graph(0.5)
    wide = resized(weights, small, large)
    wide["conv_1/kernel"][..., 8:] = 0  # copies of channels that are there already
    narrowed = resized(wide, large, small)
    np.testing.assert_array_equal(narrowed["conv_1/kernel"], weights["conv_1/kernel"])
    assert narrowed["conv_10/kernel"].shape == (3, 3, 64, 64)
    assert narrowed["head/kernel"].shape == (1, 1, 64, 125)

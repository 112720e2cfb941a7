"""Ranges cover what the layers write, measured where the chip computes it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dse.errors import DataError
from dse.network.graph import Graph, Layer
from dse.network.keras_inference import fold, run
from dse.network.keras_model import Weights
from dse.quantization import activation_ranges, weight_ranges
from dse.quantization.ranges import extreme_pictures

pytestmark = pytest.mark.slow


def test_every_layer_has_the_range_of_what_it_writes(
    graph: Graph, weights: Weights, canvases: NDArray[np.uint8]
) -> None:
    seen: dict[str, tuple[float, float]] = {}

    def hook(layer: Layer, written: NDArray[np.float32]) -> NDArray[np.float32]:
        seen[layer.name] = (float(np.min(written)), float(np.max(written)))
        return written

    pixels = (canvases.astype(np.float32) - 128) * np.float32(2 / 255)
    run(graph, fold(graph, weights), pixels, hook)
    ranges = activation_ranges(graph, weights, canvases, batch_size=3)
    assert list(ranges) == [layer.name for layer in graph]
    for layer in graph:
        found, expected = ranges[layer.name], seen[layer.name]
        if layer.op == "depthwise" and layer.stride == 2:  # all pixels, dropped ones too
            assert found[0] <= expected[0] + 1e-4 and found[1] >= expected[1] - 1e-4
        else:
            assert found == pytest.approx(expected, rel=1e-4, abs=1e-4), layer.name


def test_dropped_pixels_count_in_a_strided_depthwise_convolution() -> None:
    layers = (
        Layer("input", "input", (), (4, 4, 3)),
        Layer("thin", "depthwise", ("input",), (2, 2, 3), 3, 2, (1, 1, 1, 1), bias=True),
        Layer("out", "conv", ("thin",), (2, 2, 2), bias=True),
    )
    graph = Graph("thin", layers, ("out",))
    centre = np.zeros((3, 3, 3, 1), np.float32)
    centre[1, 1] = 1
    weights = {
        "thin/kernel": centre,
        "thin/bias": np.zeros(3, np.float32),
        "out/kernel": np.ones((1, 1, 3, 2), np.float32),
        "out/bias": np.zeros(2, np.float32),
    }
    canvas = np.full((1, 4, 4, 3), 128, np.uint8)
    canvas[0, 1, 1] = 255  # an odd pixel: no output keeps it
    ranges = activation_ranges(graph, weights, canvas)
    assert ranges["thin"][1] == pytest.approx(127 * 2 / 255)
    # a 2x2 output is too small for the accelerator to thin out: it writes all 4x4 pixels
    assert ranges["out"][1] == pytest.approx(3 * 127 * 2 / 255)


def test_more_pictures_never_narrow_a_range(
    graph: Graph, weights: Weights, canvases: NDArray[np.uint8]
) -> None:
    few, all_of_them = (activation_ranges(graph, weights, canvases[:n]) for n in (2, 8))
    for name, (low, high) in few.items():
        assert all_of_them[name][0] <= low + 1e-4 and all_of_them[name][1] >= high - 1e-4


def test_the_extreme_pictures_have_the_ranges_of_all(
    graph: Graph, weights: Weights, canvases: NDArray[np.uint8]
) -> None:
    pictures = np.concatenate([canvases, canvases])
    chosen = extreme_pictures(graph, weights, pictures)
    assert chosen == sorted(set(chosen)) and len(chosen) <= len(canvases)
    few, everything = (
        activation_ranges(graph, weights, some) for some in (pictures[chosen], pictures)
    )
    for name, ends in everything.items():
        assert few[name] == pytest.approx(ends, rel=1e-5, abs=1e-5)


def test_a_network_of_no_numbers_has_extreme_pictures_too(
    graph: Graph, weights: Weights, canvases: NDArray[np.uint8]
) -> None:
    broken = {name: np.full_like(value, np.nan) for name, value in weights.items()}
    assert extreme_pictures(graph, broken, canvases)


def test_no_picture_is_an_error_that_says_so(graph: Graph, weights: Weights) -> None:
    for measure in (activation_ranges, extreme_pictures):
        with pytest.raises(DataError, match="no picture"):
            measure(graph, weights, np.zeros((0, 64, 64, 3), np.uint8))


def test_weight_ranges_are_those_of_the_folded_kernels(graph: Graph, weights: Weights) -> None:
    folded = fold(graph, weights)
    ranges = weight_ranges(graph, weights)
    assert set(ranges) == set(folded)
    assert all(ranges[n] == (k.min(), k.max()) for n, (k, _) in folded.items())

"""Ranges cover what the layers write, measured where the chip computes it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dse.chips.k210.quantization import activation_ranges, weight_ranges
from dse.chips.k210.quantization.grids import Grid
from dse.chips.k210.quantization.placement import placement
from dse.chips.k210.quantization.ranges import extreme_pictures
from dse.errors import DataError
from dse.network.arrays import Weights
from dse.network.graph import Graph, Layer
from dse.network.keras_inference import fold, run
from tests.chips.k210.quantization.kmodel_steps import CompiledNetwork

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
    assert list(ranges.written) == list(ranges.kept) == [layer.name for layer in graph]
    for layer in graph:
        found, expected = ranges.written[layer.name], seen[layer.name]
        if layer.op == "depthwise" and layer.stride == 2:  # all pixels, dropped ones too
            assert found[0] <= expected[0] + 1e-4 and found[1] >= expected[1] - 1e-4
        else:
            assert found == pytest.approx(expected, rel=1e-4, abs=1e-4), layer.name


def thinned(size: int) -> tuple[Graph, Weights]:
    """A depthwise convolution of stride 2 that copies its input, and one that adds channels."""
    half = size // 2
    layers = (
        Layer("input", "input", (), (size, size, 3)),
        Layer("thin", "depthwise", ("input",), (half, half, 3), 3, 2, (1, 1, 1, 1), bias=True),
        Layer("out", "conv", ("thin",), (half, half, 2), bias=True),
    )
    centre = np.zeros((3, 3, 3, 1), np.float32)
    centre[1, 1] = 1
    weights: Weights = {
        "thin/kernel": centre,
        "thin/bias": np.zeros(3, np.float32),
        "out/kernel": np.ones((1, 1, 3, 2), np.float32),
        "out/bias": np.zeros(2, np.float32),
    }
    return Graph("thin", layers, ("out",)), weights


@pytest.mark.parametrize("size", [4, 8])
def test_dropped_pixels_count_in_a_strided_depthwise_convolution(size: int) -> None:
    graph, weights = thinned(size)
    canvas = np.full((1, size, size, 3), 128, np.uint8)
    canvas[0, 1, 1] = 255  # an odd pixel: no output keeps it
    ranges = activation_ranges(graph, weights, canvas)
    assert ranges.written["thin"][1] == pytest.approx(127 * 2 / 255)
    # from 8x8 the accelerator drops the pixel while it writes "out"; a map of 2x2 is padded in
    # front of "out", so that the CPU drops the pixel before
    assert ranges.written["out"] == ranges.kept["out"] == (0, 0)
    assert ranges.kept["thin"][1] == pytest.approx(0 if size == 4 else 127 * 2 / 255)
    assert ranges.read_by(graph["out"]) == ranges.kept["thin"]


def test_pixels_around_a_small_map_count_in_what_is_written_alone() -> None:
    layers = (
        Layer("input", "input", (), (3, 3, 3)),
        Layer("out", "conv", ("input",), (3, 3, 1), 3, 1, (1, 1, 1, 1), bias=True),
    )
    graph = Graph("small", layers, ("out",))
    bias = np.full(1, 9, np.float32)
    corner = np.zeros((3, 3, 3, 1), np.float32)
    corner[1, 1] = corner[0, 0] = -1  # the pixel itself, and the one above it to the left
    weights = {"out/kernel": corner, "out/bias": bias}
    white = np.full((1, 3, 3, 3), 255, np.uint8)
    value = 3 * 127 * 2 / 255  # of a pixel, over its channels
    ranges = activation_ranges(graph, weights, white)
    assert ranges.kept["out"] == pytest.approx((9 - 2 * value, 9 - value))
    assert ranges.written["out"] == pytest.approx((9 - 2 * value, 9))  # where there is no pixel


def test_the_compiled_file_has_these_grids(small_maps: CompiledNetwork) -> None:
    """Every conversion between levels and numbers, in the file and from our ranges."""
    graph = small_maps.graph
    ranges = activation_ranges(graph, small_maps.weights, small_maps.calibration)
    assert any(ranges.written[name] != ranges.kept[name] for name in placement(graph))
    conversions = 0
    for step, (index, lowered) in zip(small_maps.steps, small_maps.lowered, strict=True):
        if step.grid is None:
            continue
        ends = ranges.written[lowered.layer]
        if step.name == "quantize":
            ends = ranges.read_by(graph[small_maps.reader(index)])
        ours = Grid.of_range(*ends)
        assert ours.scale == pytest.approx(step.grid.scale, rel=1e-4), lowered
        assert ours.zero_point == step.grid.zero_point, lowered
        conversions += 1
    assert conversions > 40


def test_more_pictures_never_narrow_a_range(
    graph: Graph, weights: Weights, canvases: NDArray[np.uint8]
) -> None:
    few, all_of_them = (activation_ranges(graph, weights, canvases[:n]) for n in (2, 8))
    for name, (low, high) in few.written.items():
        wide = all_of_them.written[name]
        assert wide[0] <= low + 1e-4 and wide[1] >= high - 1e-4


def test_the_extreme_pictures_have_the_ranges_of_all(
    graph: Graph, weights: Weights, canvases: NDArray[np.uint8]
) -> None:
    pictures = np.concatenate([canvases, canvases])
    chosen = extreme_pictures(graph, weights, pictures)
    assert chosen == sorted(set(chosen)) and len(chosen) <= len(canvases)
    few, everything = (
        activation_ranges(graph, weights, some) for some in (pictures[chosen], pictures)
    )
    for name, ends in everything.written.items():
        assert few.written[name] == pytest.approx(ends, rel=1e-5, abs=1e-5)


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

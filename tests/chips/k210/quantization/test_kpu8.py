"""The chip's arithmetic, against whole-number arithmetic and against the chip's simulator."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dse.chips.k210.quantization import Ranges, activation_ranges, kpu8_predictor, predictor
from dse.chips.k210.quantization.box_scale import unscale_boxes
from dse.errors import DataError, UnknownName
from dse.network.arrays import Weights
from dse.network.detector import detector_graph
from dse.network.graph import Graph, Layer
from dse.network.keras_inference import predictor as float_predictor
from dse.space import FORMATS, Training
from tests.chips.k210.quantization.lively_networks import blobs, weights_for

pytestmark = [pytest.mark.compiler, pytest.mark.slow]

SIZE = 8
LAYERS = (
    Layer("input", "input", (), (SIZE, SIZE, 3)),
    Layer("first", "conv", ("input",), (4, 4, 5), 3, 2, (1, 1, 1, 1), "relu6", bias=True),
    Layer("second", "conv", ("first",), (4, 4, 5), bias=True),
    Layer("sum", "add", ("first", "second"), (4, 4, 5)),
    Layer("head", "conv", ("sum",), (4, 4, 10), bias=True),
)
SMALL = Graph("small", LAYERS, ("head",))


def small_weights() -> Weights:
    rng = np.random.default_rng(0)
    shapes = {"first": (3, 3, 3, 5), "second": (1, 1, 5, 5), "head": (1, 1, 5, 10)}
    kernels = {f"{n}/kernel": rng.normal(size=shape) for n, shape in shapes.items()}
    biases = {f"{n}/bias": rng.normal(size=shape[3]) for n, shape in shapes.items()}
    return {name: value.astype(np.float32) for name, value in {**kernels, **biases}.items()}


def parameters(low: float, high: float) -> tuple[float, int]:
    """Scale and zero point, as in nncase's `get_quant_param`."""
    low, high = min(low, 0), max(high, 0)
    return (high - low) / 255, int(np.floor(-low * 255 / (high - low) + 0.5))


def integer_conv(
    levels: NDArray[np.int64],
    grid: tuple[float, int],
    kernel: NDArray[np.float64],
    bias: NDArray[np.float64],
    out: tuple[float, int],
    stride: int = 1,
) -> NDArray[np.int64]:
    """One KPU convolution, loop by loop: levels (h, w, c) -> levels (h', w', c')."""
    side = kernel.shape[0]
    scales = (2 * np.abs(kernel).max(axis=(0, 1, 2)) / 255).astype(np.float32)
    # in float32, as the compiler: the lowest weight of a channel is a tie
    levels_of_weights = np.rint(kernel.astype(np.float32) / scales + np.float32(128))
    numbers = np.clip(levels_of_weights, 0, 255).astype(np.int64) - 128
    pad = side // 2
    padded = np.pad(levels, ((pad, pad), (pad, pad), (0, 0)), constant_values=grid[1]) - grid[1]
    rows = range(0, levels.shape[0], stride)
    sums = np.array(
        [[np.einsum("hwi,hwio->o", padded[y : y + side, x : x + side], numbers) for x in rows]
         for y in rows]
    )  # fmt: skip
    floats = sums * scales * grid[0] + bias
    return np.clip(np.rint(floats / out[0] + out[1]), 0, 255).astype(np.int64)


def test_whole_number_arithmetic_gives_the_same_levels() -> None:
    pictures = np.random.default_rng(5).integers(0, 256, (6, SIZE, SIZE, 3), np.uint8)
    weights = small_weights()
    ranges = activation_ranges(SMALL, weights, pictures)
    found = kpu8_predictor(SMALL, weights, ranges)(pictures)
    exact = {name: value.astype(np.float64) for name, value in weights.items()}
    grids = {name: parameters(*ends) for name, ends in ranges.written.items()}
    both = (ranges.kept["first"], ranges.kept["second"])
    common = parameters(min(low for low, _ in both), max(high for _, high in both))
    identity = np.concatenate([np.eye(5), np.eye(5)])[None, None]
    for picture, output in zip(pictures, found, strict=True):
        image = picture.astype(np.int64)
        one = integer_conv(
            image, (2 / 255, 128), exact["first/kernel"], exact["first/bias"], grids["first"], 2
        )
        two = integer_conv(
            one, grids["first"], exact["second/kernel"], exact["second/bias"], grids["second"]
        )
        floats = [(one, grids["first"]), (two, grids["second"])]
        joined = np.concatenate([(q - zero) * scale for q, (scale, zero) in floats], axis=-1)
        levels = np.clip(np.rint(joined / common[0] + common[1]), 0, 255).astype(np.int64)
        total = integer_conv(levels, common, identity, np.zeros(5), grids["sum"])
        last = integer_conv(
            total, grids["sum"], exact["head/kernel"], exact["head/bias"], grids["head"]
        )
        np.testing.assert_allclose(output, (last - grids["head"][1]) * grids["head"][0], atol=1e-4)


def test_output_lies_on_256_levels_near_the_float_network(
    graph: Graph, weights: Weights, canvases: NDArray[np.uint8]
) -> None:
    ranges = activation_ranges(graph, weights, canvases)
    found = kpu8_predictor(graph, weights, ranges, batch_size=4)(canvases)
    exact = float_predictor(graph, weights)(canvases)
    assert len(np.unique(found)) <= 256
    assert np.corrcoef(found.ravel(), exact.ravel())[0, 1] > 0.9
    assert np.any(found != exact)


def test_a_missing_range_is_named() -> None:
    with pytest.raises(DataError, match="'first'"):
        kpu8_predictor(SMALL, small_weights(), Ranges({"input": (-1, 1)}, {"input": (-1, 1)}))


def test_an_activation_the_table_does_not_clip_is_refused() -> None:
    layers = (LAYERS[0], Layer("head", "conv", ("input",), (8, 8, 2), 1, 1, activation="sigmoid"))
    graph = Graph("sigmoid", layers, ("head",))
    weights: Weights = {"head/kernel": np.ones((1, 1, 3, 2), np.float32)}
    with pytest.raises(UnknownName, match="sigmoid"):
        ends = {"input": (-1.0, 1.0), "head": (0.0, 1.0)}
        kpu8_predictor(graph, weights, Ranges(ends, ends))(np.zeros((1, 8, 8, 3), np.uint8))


def test_every_format_predicts_and_coarser_ones_are_further_off(
    graph: Graph, weights: Weights, canvases: NDArray[np.uint8]
) -> None:
    exact = float_predictor(graph, weights)(canvases)
    found = {f: predictor(graph, weights, f, canvases)(canvases) for f in FORMATS}
    error = {f: float(np.abs(maps - exact).mean()) for f, maps in found.items()}
    assert error["FP32"] < error["FP16"] < error["Q9"] < error["Q8"] < error["Q7"] < error["Q6"]
    assert error["FP16"] < error["kpu8"] < float(np.abs(exact).mean())


def test_agrees_with_the_simulator_far_better_than_with_float(
    graph: Graph, weights: Weights, canvases: NDArray[np.uint8]
) -> None:
    from dse.chips.k210 import deploy

    with deploy(graph, weights, canvases).predictor(workers=1) as simulator:
        chip = simulator(canvases[:4])
    ours = predictor(graph, weights, "kpu8", canvases)(canvases[:4])
    exact = float_predictor(graph, weights)(canvases[:4])
    assert np.corrcoef(ours.ravel(), chip.ravel())[0, 1] > 0.99
    assert np.abs(ours - chip).mean() < 0.4 * np.abs(exact - chip).mean()


def test_first_layers_match_the_simulator_level_by_level(
    weights: Weights, canvases: NDArray[np.uint8]
) -> None:
    from dse.chips.k210 import deploy

    layers = (
        Layer("input", "input", (), (64, 64, 3)),
        Layer("a", "conv", ("input",), (32, 32, 8), 3, 2, (1, 1, 1, 1), "relu6", bias=True),
        Layer("b", "depthwise", ("a",), (16, 16, 8), 3, 2, (1, 1, 1, 1), "relu6", bias=True),
        Layer("head", "conv", ("b",), (16, 16, 125), bias=True),
    )
    graph = Graph("two", layers, ("head",))
    rng = np.random.default_rng(2)
    shapes = {"a": (3, 3, 3, 8), "b": (3, 3, 8, 1), "head": (1, 1, 8, 125)}
    own: Weights = {f"{n}/kernel": rng.normal(0, 0.5, s).astype("f4") for n, s in shapes.items()}
    own |= {f"{n}/bias": rng.normal(0, 0.5, c).astype("f4") for n, c in (("a", 8), ("b", 8))}
    own["head/bias"] = rng.normal(0, 0.5, 125).astype("f4")
    with deploy(graph, own, canvases).predictor(workers=1) as simulator:
        chip = simulator(canvases)
    ours = predictor(graph, own, "kpu8", canvases)(canvases)
    assert np.mean(np.abs(ours - chip) < 1e-4) > 0.995


def test_maps_under_4x4_match_the_file_level_by_level() -> None:
    """Six layers of this design work on 2x2 maps, which the accelerator computes as 4x4."""
    from dse.chips.k210 import deploy
    from dse.chips.k210.emulator import predictor as emulated

    graph = detector_graph(Training("P", 5, 0.5, 32))
    weights, canvases = weights_for(graph), blobs(8, 32)
    deployed = deploy(graph, weights, canvases)
    maps = emulated(deployed.compiled.kmodel, workers=1)(canvases)
    chip = unscale_boxes(maps, deployed.box_scale)
    ours = predictor(graph, weights, "kpu8", canvases)(canvases)
    exact = float_predictor(graph, weights)(canvases)
    assert np.abs(exact - chip).max() > 0.01
    np.testing.assert_allclose(ours, chip, atol=1e-4)

"""Corrected biases bring the quantized network nearer to the float one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dse.chips.k210.quantization import corrected_biases, predictor
from dse.chips.k210.quantization.box_scale import unscale_boxes
from dse.chips.k210.quantization.kpu8 import as_deployed
from dse.detection.head import FACE_HEAD, Head
from dse.network.arrays import Weights
from dse.network.graph import Graph, Layer
from dse.network.keras_inference import predictor as float_predictor

pytestmark = pytest.mark.slow

TWO_BOXES = Head(((40, 50), (90, 110)))

HEAD = Graph(
    "head",
    (
        Layer("input", "input", (), (8, 8, 3)),
        Layer("head", "conv", ("input",), (8, 8, TWO_BOXES.channels), bias=True),
    ),
    ("head",),
)

CHAIN = Graph(
    "chain",
    (
        Layer("input", "input", (), (16, 16, 3)),
        Layer("wide", "conv", ("input",), (16, 16, 16), activation="relu6", bias=True),
        Layer("each", "depthwise", ("wide",), (16, 16, 16), 3, 1, (1,) * 4, "relu6", bias=True),
        Layer("head", "conv", ("each",), (16, 16, 125), bias=True),
    ),
    ("head",),
)


def offsets(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean difference of each channel."""
    return np.abs((a - b).mean(axis=(0, 1, 2)))


def on_chip(
    graph: Graph, weights: Weights, pictures: NDArray[np.uint8], head: Head = FACE_HEAD
) -> NDArray[np.float32]:
    """What the chip would write with the biases as they are."""
    deployed = as_deployed(graph, weights, pictures, head)
    return unscale_boxes(np.asarray(deployed.chip.forward(pictures)), deployed.box_scale, head)


def test_constant_errors_go_from_layers_that_follow_each_other() -> None:
    rng = np.random.default_rng(1)
    shapes = {"wide": (1, 1, 3, 16), "each": (3, 3, 16, 1), "head": (1, 1, 16, 125)}
    weights = {f"{n}/kernel": rng.normal(size=s).astype(np.float32) for n, s in shapes.items()}
    weights["wide/kernel"] *= 20.0  # sums that cancel: much noise from rounded weights
    channels = {"wide": 16, "each": 16, "head": 125}
    weights |= {f"{n}/bias": rng.normal(size=c).astype(np.float32) for n, c in channels.items()}
    pictures = rng.integers(100, 256, (8, 16, 16, 3), np.uint8)
    exact = float_predictor(CHAIN, weights)(pictures)
    before = on_chip(CHAIN, weights, pictures)
    after = predictor(CHAIN, weights, "kpu8", pictures)(pictures)
    assert offsets(after, exact).mean() < 0.3 * offsets(before, exact).mean()
    assert np.square(after - exact).mean() < np.square(before - exact).mean()


def test_only_what_shifts_a_channel_is_changed(
    graph: Graph, weights: Weights, canvases: NDArray[np.uint8]
) -> None:
    corrected = corrected_biases(graph, weights, canvases[:2])
    assert corrected.keys() == weights.keys()
    changed = {name for name in weights if np.any(corrected[name] != weights[name])}
    assert changed
    assert {name.split("/")[1] for name in changed} <= {"beta", "bias"}
    assert all(corrected[name].dtype == np.float32 for name in weights)


def test_boxes_are_corrected_in_their_own_scale() -> None:
    """Scores span far more than boxes, so boxes are scaled up for the chip."""
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(1, 1, 3, 10)).astype(np.float32)
    kernel[..., ::5] *= 20
    weights = {"head/kernel": kernel, "head/bias": rng.normal(size=10).astype(np.float32)}
    pictures = rng.integers(120, 256, (8, 8, 8, 3), np.uint8)
    exact = float_predictor(HEAD, weights)(pictures)
    before = on_chip(HEAD, weights, pictures, TWO_BOXES)
    after = predictor(HEAD, weights, "kpu8", pictures, TWO_BOXES)(pictures)
    boxes = TWO_BOXES.per_channel(score=0, offset=1) > 0
    assert offsets(after, exact)[boxes].mean() < 0.5 * offsets(before, exact)[boxes].mean()

"""Networks with random weights, and pictures for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dse.data.pictures import DataSet, Picture
from dse.network.graph import CONVOLUTIONS, Graph, Layer
from dse.space import Training

if TYPE_CHECKING:
    from dse.network.arrays import Weights

SIZE = 64
TRAINING = Training("A", 63, 0.35, SIZE)


def random_weights(graph: Graph, seed: int = 0) -> Weights:
    """Weights with which signals neither die nor explode; boxes span less than scores."""
    from dse.network.arrays import batch_norm_name

    rng = np.random.default_rng(seed)
    weights: Weights = {}
    for layer in graph:
        if layer.op not in CONVOLUTIONS:
            continue
        channels = layer.shape[2]
        fan_in = 1 if layer.op == "depthwise" else graph.input_shapes(layer)[0][2]
        tail = (channels, 1) if layer.op == "depthwise" else (fan_in, channels)
        deviation = np.sqrt(2 / (layer.kernel**2 * fan_in))
        kernel = rng.normal(0, deviation, (layer.kernel, layer.kernel, *tail))
        weights[f"{layer.name}/kernel"] = kernel.astype(np.float32)
        if layer.bias:
            weights[f"{layer.name}/bias"] = rng.normal(0, 0.5, channels).astype(np.float32)
        if layer.batch_norm:
            norm = batch_norm_name(layer.name)
            for part, low, high in (
                ("gamma", 0.8, 1.2),
                ("beta", -0.2, 0.5),
                ("moving_mean", -0.1, 0.1),
                ("moving_variance", 0.5, 1.5),
            ):
                values = rng.uniform(low, high, channels)
                weights[f"{norm}/{part}"] = values.astype(np.float32)
    gains = np.tile([2.0, 0.2, 0.2, 0.2, 0.2], graph[graph.outputs[0]].shape[2] // 5)
    head = f"{graph.outputs[0]}/kernel"
    weights[head] = (weights[head] * gains).astype(np.float32)
    return weights


def random_canvases(count: int, size: int, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth coloured noise (count, size, size, 3)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, size // 8, size // 8, 3))
    return coarse.repeat(8, axis=1).repeat(8, axis=2).astype(np.uint8)


def every_operation(size: int) -> Graph:
    """One layer of each kind that networks of the space have, for `size` x `size` pictures."""
    half = -(-size // 2)
    quarter = -(-half // 2)
    small, tiny, ones = (half, half, 8), (quarter, quarter, 8), (1,) * 4
    norm: dict[str, Any] = {"batch_norm": True}
    return Graph(
        "every-operation",
        (
            Layer("input", "input", (), (size, size, 3)),
            Layer("stem", "conv", ("input",), small, 3, 2, ones, "relu6", **norm),
            Layer("mix", "depthwise", ("stem",), small, 3, 1, ones, "relu6", **norm),
            Layer("project", "conv", ("mix",), small, activation="linear", **norm),
            Layer("add", "add", ("stem", "project"), small),
            Layer("down", "depthwise", ("add",), tiny, 3, 2, ones, "relu6", **norm),
            Layer("up", "upsample", ("down",), (quarter * 2, quarter * 2, 8), stride=2),
            Layer("fine", "conv", ("add",), small, 3, 1, ones, "relu6", **norm),
            Layer("both", "concat", ("up", "fine"), (half, half, 16)),
            Layer("head", "conv", ("both",), (half, half, 125), bias=True),
        ),
        ("head",),
    )


def three_pictures() -> DataSet:
    """Three pictures of different shapes, with a face each."""

    def picture(number: int, height: int, width: int) -> Picture:
        pixels = random_canvases(1, 64, seed=number)[0, :height, :width]
        box = np.array([[8, 8, 30, 34]], np.float32)
        return Picture(f"{number}.png", box, lambda: pixels, boxes_square=box + 1)

    shapes = [(64, 48), (40, 64), (64, 64)]
    return DataSet("three", tuple(picture(n, *shape) for n, shape in enumerate(shapes)))

"""Ranges of activations, and of weights, over some pictures.

The compiler measures a tensor where the chip computes it: a strided depthwise convolution
at full size, rows and columns that are dropped later included.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.errors import DataError
from dse.network.graph import Graph, Layer
from dse.network.keras_inference import Hook, compiled, fold, run
from dse.network.keras_model import Weights
from dse.network.keras_startup import keras
from dse.quantization.grids import PICTURE_GRID, Range
from dse.quantization.placement import MIN_SIDE, movable_stride

__all__ = ["Ranges", "activation_ranges", "extreme_pictures", "weight_ranges"]

Ranges = dict[str, Range]
"""Layer -> lowest and highest value that it writes."""

BATCH_SIZE = 8


def activation_ranges(
    graph: Graph, weights: Weights, canvases: NDArray[np.uint8], batch_size: int = BATCH_SIZE
) -> Ranges:
    """Lowest and highest output of every layer over `canvases` (n, size, size, 3).

    Activation included, nothing clipped: the compiler's "no_clip" calibration.
    Raises DataError where there is no picture.
    """
    lows, highs = _picture_ranges(graph, weights, canvases, batch_size)
    ends = zip(graph, lows.min(axis=0), highs.max(axis=0), strict=True)
    return {layer.name: (float(low), float(high)) for layer, low, high in ends}


def extreme_pictures(
    graph: Graph, weights: Weights, canvases: NDArray[np.uint8], batch_size: int = BATCH_SIZE
) -> list[int]:
    """Numbers of some `canvases` whose `activation_ranges` are those of all of them.

    Few will do where activations saturate: a picture that reaches 6 behind every ReLU6 stands
    for all that do. Chosen greedily, by how many ends of ranges a picture adds; ascending.
    Raises DataError where there is no picture.
    """
    lows, highs = _picture_ranges(graph, weights, canvases, batch_size)
    reached = np.hstack([lows == lows.min(axis=0), highs == highs.max(axis=0)])  # (n, 2 * layers)
    chosen: list[int] = []
    missing = np.ones(reached.shape[1], bool)
    while reached[:, missing].any():  # (no picture reaches an end that is no number)
        chosen.append(int(reached[:, missing].sum(axis=1).argmax()))
        missing &= ~reached[chosen[-1]]
    return sorted(chosen)


def _picture_ranges(
    graph: Graph, weights: Weights, canvases: NDArray[np.uint8], batch_size: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lowest and highest output of every layer on every picture, (n, layers) each."""
    if not len(canvases):
        raise DataError("no picture to measure activations on", "give at least one")
    full, sliced = _full_size(graph)
    folded = fold(graph, weights)

    def forward(pictures: Any) -> Any:
        extremes: list[Any] = []
        pixels = keras.ops.cast(pictures, "float32") - PICTURE_GRID.zero_point
        run(full, folded, pixels * PICTURE_GRID.scale, _recorder(extremes, sliced))
        return keras.ops.stack(extremes, axis=1)  # (n, layers, 2)

    ends = compiled(forward, graph, batch_size)(canvases)
    return ends[..., 0], ends[..., 1]


def weight_ranges(graph: Graph, weights: Weights) -> Ranges:
    """Lowest and highest weight of every convolution, batch normalisation folded in."""
    folded = fold(graph, weights)
    return {name: (float(k.min()), float(k.max())) for name, (k, _) in folded.items()}


def _full_size(graph: Graph) -> tuple[Graph, dict[str, bool]]:
    """`graph` without strides in depthwise convolutions, and where to drop pixels instead.

    The dictionary holds the layers behind which every second row and column goes, and
    whether that happens before their output is measured (as part of the convolution).
    """
    layers: list[Layer] = []
    sliced: dict[str, bool] = {}
    for layer in graph:
        if layer.op == "depthwise" and layer.stride == 2:
            layers.append(dataclasses.replace(layer, stride=1))
            if movable_stride(graph, layer):
                sliced[graph.consumers[layer.name][0]] = min(layer.shape[:2]) >= MIN_SIDE
            else:
                sliced[layer.name] = False
        else:
            layers.append(layer)
    return Graph(graph.name, tuple(layers), graph.outputs), sliced


def _recorder(extremes: list[Any], sliced: dict[str, bool]) -> Hook:
    """A hook that appends (lowest, highest) of each layer and picture, (n, 2), to `extremes`."""

    def record(layer: Layer, written: Any) -> Any:
        kept = written[:, ::2, ::2] if layer.name in sliced else written
        seen = kept if sliced.get(layer.name) else written
        ends = [end(seen, axis=(1, 2, 3)) for end in (keras.ops.min, keras.ops.max)]
        extremes.append(keras.ops.stack(ends, axis=1))
        return kept

    return record

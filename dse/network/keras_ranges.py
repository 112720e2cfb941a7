"""What every Keras layer holds and writes, nothing folded: the paper's figure 3.

`ranges` measures the network as the chip computes it, convolution, normalisation and
activation in one. Here each is a layer of its own, counted as Keras counts them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dse.errors import DataError
from dse.network.arrays import Weights
from dse.network.graph import Graph
from dse.network.keras_inference import normalised
from dse.network.keras_model import build, set_weights
from dse.network.keras_startup import keras

__all__ = ["KerasLayer", "keras_ranges"]

Range = tuple[float, float]
"""Lowest and highest value."""

BATCH_SIZE = 4
"""Every activation of a batch is in memory at once: at 500 pixels 1.2 GB."""


@dataclass(frozen=True)
class KerasLayer:
    """One layer of the Keras model. index: its place in `model.layers`, from 0.

    weights: lowest and highest of all its arrays, None where it has none.
    activations: lowest and highest that it wrote.
    """

    index: int
    name: str
    kind: str
    weights: Range | None
    activations: Range


def keras_ranges(
    graph: Graph, weights: Weights, canvases: NDArray[np.uint8], batch_size: int = BATCH_SIZE
) -> list[KerasLayer]:
    """Ranges of every layer of the network over `canvases` (n, h, w, 3).

    Raises DataError where there is no picture, WeightsError for those of another network.
    """
    if not len(canvases):
        raise DataError("no picture to measure activations on", "give at least one")
    model = build(graph)
    set_weights(model, weights)
    every = keras.Model(model.inputs, [layer.output for layer in model.layers])
    low = np.full(len(model.layers), np.inf)
    high = -low
    for start in range(0, len(canvases), batch_size):
        pictures = normalised(canvases[start : start + batch_size])
        outputs = [np.asarray(output) for output in every(pictures, training=False)]
        low = np.minimum(low, [output.min() for output in outputs])
        high = np.maximum(high, [output.max() for output in outputs])
    ends = zip(low.tolist(), high.tolist(), strict=True)
    return [
        KerasLayer(index, layer.name, type(layer).__name__, _held(layer), written)
        for index, (layer, written) in enumerate(zip(model.layers, ends, strict=True))
    ]


def _held(layer: keras.layers.Layer) -> Range | None:
    arrays = [np.asarray(weight) for weight in layer.weights]
    if not arrays:
        return None
    return float(min(a.min() for a in arrays)), float(max(a.max() for a in arrays))

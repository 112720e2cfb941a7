"""Ranges of activations, and of weights, over some pictures.

The compiler measures a tensor where the chip computes it: a strided depthwise convolution
at full size, a map under 4x4 at 4x4, rows and columns that are dropped later included.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.chips.k210.quantization.grids import PICTURE_GRID, Range
from dse.chips.k210.quantization.placement import Place, placement
from dse.errors import DataError
from dse.network.arrays import Weights
from dse.network.graph import Graph, Layer
from dse.network.keras_inference import Hook, compiled, fold, run
from dse.network.keras_startup import keras

__all__ = ["Ranges", "activation_ranges", "extreme_pictures", "weight_ranges"]

BATCH_SIZE = 8


@dataclass(frozen=True)
class Ranges:
    """Layer -> lowest and highest value: of all that it writes, and of what is kept of it.

    The two differ where the CPU drops pixels that the accelerator wrote.
    """

    written: dict[str, Range]
    kept: dict[str, Range]

    def read_by(self, layer: Layer) -> Range:
        """Lowest and highest value that `layer` reads."""
        ends = [self.kept[name] for name in layer.inputs]
        return min(low for low, _ in ends), max(high for _, high in ends)


def activation_ranges(
    graph: Graph, weights: Weights, canvases: NDArray[np.uint8], batch_size: int = BATCH_SIZE
) -> Ranges:
    """Lowest and highest output of every layer over `canvases` (n, h, w, 3).

    Activation included, nothing clipped: the compiler's "no_clip" calibration.
    Raises DataError where there is no picture.
    """
    lows, highs = _picture_ranges(graph, weights, canvases, batch_size)
    ends = list(zip(lows.min(axis=0).tolist(), highs.max(axis=0).tolist(), strict=True))
    names = [layer.name for layer in graph]
    written, kept = ends[: len(names)], ends[len(names) :]
    return Ranges(dict(zip(names, written, strict=True)), dict(zip(names, kept, strict=True)))


def extreme_pictures(
    graph: Graph, weights: Weights, canvases: NDArray[np.uint8], batch_size: int = BATCH_SIZE
) -> list[int]:
    """Numbers of some `canvases` whose `activation_ranges` are those of all of them.

    Few will do where activations saturate: a picture that reaches 6 behind every ReLU6 stands
    for all that do. Chosen greedily, by how many ends of ranges a picture adds; ascending.
    Raises DataError where there is no picture.
    """
    lows, highs = _picture_ranges(graph, weights, canvases, batch_size)
    reached = np.hstack([lows == lows.min(axis=0), highs == highs.max(axis=0)])  # (n, 4 * layers)
    chosen: list[int] = []
    missing = np.ones(reached.shape[1], bool)
    while reached[:, missing].any():  # (no picture reaches an end that is no number)
        chosen.append(int(reached[:, missing].sum(axis=1).argmax()))
        missing &= ~reached[chosen[-1]]
    return sorted(chosen)


def _picture_ranges(
    graph: Graph, weights: Weights, canvases: NDArray[np.uint8], batch_size: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lowest and highest output of every layer on every picture, (n, 2 * layers) each:
    of all that the layers write, then of what is kept of it."""
    if not len(canvases):
        raise DataError("no picture to measure activations on", "give at least one")
    places = placement(graph)
    layers = tuple(_as_computed(layer, places.get(layer.name)) for layer in graph)
    on_chip = Graph(graph.name, layers, graph.outputs)
    folded = fold(graph, weights)

    def forward(pictures: Any) -> Any:
        written: list[Any] = []
        kept: list[Any] = []
        pixels = keras.ops.cast(pictures, "float32") - PICTURE_GRID.zero_point
        run(on_chip, folded, pixels * PICTURE_GRID.scale, _recorder(places, written, kept))
        return keras.ops.stack(written + kept, axis=1)  # (n, 2 * layers, 2)

    ends = compiled(forward, graph, batch_size)(canvases)
    return ends[..., 0], ends[..., 1]


def weight_ranges(graph: Graph, weights: Weights) -> dict[str, Range]:
    """Lowest and highest weight of every convolution, batch normalisation folded in."""
    folded = fold(graph, weights)
    return {name: (float(k.min()), float(k.max())) for name, (k, _) in folded.items()}


def _as_computed(layer: Layer, place: Place | None) -> Layer:
    """`layer` over all the pixels that the chip computes."""
    if place is None:
        return layer
    top, bottom, left, right = layer.padding
    rows, columns = place.grown
    padding = (top, bottom + rows, left, right + columns)
    return replace(layer, stride=place.stride, padding=padding)


def _recorder(places: dict[str, Place], written: list[Any], kept: list[Any]) -> Hook:
    """A hook that appends (lowest, highest) of each layer and picture, (n, 2), to both lists."""

    def record(layer: Layer, computed: Any) -> Any:
        place = places.get(layer.name)
        if place and place.picked > 1:
            computed = computed[:, :: place.picked, :: place.picked]
        written.append(_ends(computed))
        if not (place and place.is_cut):
            kept.append(written[-1])
            return computed
        height, width = place.sides
        remaining = computed[:, :: place.thinned, :: place.thinned][:, :height, :width]
        kept.append(_ends(remaining))
        return remaining

    return record


def _ends(tensor: Any) -> Any:
    """Lowest and highest of each picture (n, 2) of maps (n, h, w, c)."""
    ends = [end(tensor, axis=(1, 2, 3)) for end in (keras.ops.min, keras.ops.max)]
    return keras.ops.stack(ends, axis=1)

"""What the K210 computes: uint8 activations per tensor, uint8 weights per output channel.

Follows nncase 1.9.0's lowering (see `grids` and `placement` for the sources):
* a convolution reads levels counted from the zero point, so padding is exactly 0; its output
  is rounded once onto its own grid;
* an addition puts both inputs on one common grid and runs as a 1x1 convolution whose ones
  are the weight 127 * 2 / 255: every addition loses 0.4 %;
* maps under 4x4 are padded to that by the CPU in front of every convolution, which puts them
  on a grid of their own;
* what the accelerator cannot do (over 1024 channels) runs in float32.

Tensors hold the numbers that levels stand for. Left out: the fixed-point rounding of gains
(21 bits) and the last 0.7 % of the activation table, where a level may be off by one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dse.chips.k210.quantization.box_scale import choose_box_scale, scale_boxes
from dse.chips.k210.quantization.grids import PICTURE_GRID, Grid, quantize_kernel
from dse.chips.k210.quantization.placement import placement
from dse.chips.k210.quantization.ranges import Ranges, activation_ranges
from dse.detection.head import FACE_HEAD, Head
from dse.errors import DataError, UnknownName
from dse.network.arrays import Predict, Weights
from dse.network.graph import CONVOLUTIONS, Graph, Layer
from dse.network.keras_inference import activate, apply, compiled, fold, predictor
from dse.network.keras_startup import keras

__all__ = ["Chip", "Deployed", "activation_ranges", "as_deployed", "kpu8_predictor"]

ADDITION_GAIN = 127 * 2.0 / 255
"""What a weight of 1 becomes (see `quantize_kernel`): level 255 is the highest there is."""

ACTIVATIONS = ("linear", "relu", "relu6")
"""Those that only limit the levels; others would need the chip's table."""


def kpu8_predictor(graph: Graph, weights: Weights, ranges: Ranges, batch_size: int = 32) -> Predict:
    """The network as the chip computes it, given the ranges of its activations.

    Raises DataError where `ranges` lacks a layer, UnknownName for an activation that is no
    clipping.
    """
    return compiled(Chip(graph, weights, ranges).forward, graph, batch_size)


class Deployed(NamedTuple):
    """A network as the exporter hands it over: `chip` computes `weights`, whose boxes are
    `box_scale` times too large, on the ranges that calibration gave."""

    weights: Weights
    chip: Chip
    box_scale: float


def as_deployed(
    graph: Graph, weights: Weights, calibration: NDArray[np.uint8], head: Head = FACE_HEAD
) -> Deployed:
    """calibration: canvases (n, h, w, 3). Raises as `kpu8_predictor` and `scale_boxes`."""
    scale = choose_box_scale(predictor(graph, weights)(calibration), head)
    scaled = scale_boxes(graph, weights, scale, head)
    chip = Chip(graph, scaled, activation_ranges(graph, scaled, calibration))
    return Deployed(scaled, chip, scale)


class Chip:
    """One compiled network: rounded kernels, and the grid of every layer's output.

    Raises as `kpu8_predictor`.
    """

    def __init__(self, graph: Graph, weights: Weights, ranges: Ranges) -> None:
        missing = [layer.name for layer in graph if layer.name not in ranges.written]
        if missing:
            raise DataError(f"no range for layer '{missing[0]}'", "measure ranges on this network")
        self.grids = {name: Grid.of_range(*ends) for name, ends in ranges.written.items()}
        places = placement(graph)
        self.layers = frozenset(places)
        """Names of those that the accelerator computes."""
        self._read_on = {
            name: Grid.of_range(*ranges.read_by(graph[name]))
            for name, place in places.items()
            if place.requantized
        }
        self._graph = graph
        self._folded = fold(graph, weights)
        for layer in graph:
            if layer.name in self.layers and layer.activation not in ACTIVATIONS:
                raise UnknownName("activation", layer.activation, ACTIVATIONS)
            if layer.name in self.layers and layer.op in CONVOLUTIONS:
                kernel, bias = self._folded[layer.name]
                self._folded[layer.name] = (_rounded_kernel(layer, kernel), bias)

    def forward(self, canvases: Any) -> Any:
        """Output map (n, h, w, channels), float32, of uint8 canvases."""
        tensors: dict[str, Any] = {}
        for layer in self._graph:
            if layer.op == "input":
                tensors[layer.name] = self.picture(canvases)
            else:
                read = [tensors[name] for name in layer.inputs]
                tensors[layer.name] = self.rounded(layer, self.computed(layer, read))
        return tensors[self._graph.outputs[0]]

    def picture(self, canvases: Any) -> Any:
        """Pixels as the chip understands them: half a level below what training meant."""
        levels = keras.ops.cast(canvases, "float32") - PICTURE_GRID.zero_point
        return levels * PICTURE_GRID.scale

    def computed(self, layer: Layer, read: list[Any]) -> Any:
        """What `layer` makes of the tensors `read`, before it is put on the layer's own grid."""
        if layer.name not in self.layers:
            return apply(layer, read, *self._folded.get(layer.name, ()))
        if layer.name in self._read_on:
            read = [_nearest(tensor, self._read_on[layer.name]) for tensor in read]
        if layer.op == "add":
            return activate(layer, sum(read[1:], read[0]) * ADDITION_GAIN)
        return apply(layer, read, *self._folded[layer.name])

    def rounded(self, layer: Layer, computed: Any) -> Any:
        """`computed` as the layer writes it: on its grid, or in float32 where it is the CPU's."""
        on_grid = layer.name in self.layers
        return _nearest(computed, self.grids[layer.name]) if on_grid else computed


def _rounded_kernel(layer: Layer, kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """The numbers that the weights' levels stand for."""
    depthwise = layer.op == "depthwise"
    numbers, scales = quantize_kernel(kernel, depthwise=depthwise)
    return numbers * (scales[:, None] if depthwise else scales)


def _nearest(values: Any, grid: Grid) -> Any:
    """The nearest numbers on `grid`, halves to even."""
    levels = keras.ops.clip(keras.ops.round(values / grid.scale), grid.lowest, grid.highest)
    return levels * grid.scale

"""What the K210 computes: uint8 activations per tensor, uint8 weights per output channel.

Follows nncase 1.9.0's lowering (see `grids` and `placement` for the sources):
* a convolution reads levels counted from the zero point, so padding is exactly 0; its sums
  are exact, and its output is rounded once onto its own grid;
* an addition puts both inputs on one common grid and runs as a 1x1 convolution whose ones
  are the weight 127 * 2 / 255: every addition loses 0.4 %;
* what the accelerator cannot do (over 1024 channels, sides below 4) runs in float32.

Left out: the fixed-point rounding of gains (21 bits) and the last 0.7 % of the activation
table, where a level may be off by one.
"""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import numpy as np

from dse.errors import DataError, UnknownName
from dse.network.graph import CONVOLUTIONS, Graph, Layer
from dse.network.keras_inference import Folded, Predict, apply, compiled, fold
from dse.network.keras_model import Weights
from dse.network.keras_startup import keras
from dse.quantization.grids import PICTURE_GRID, Grid, quantize_kernel
from dse.quantization.placement import on_kpu
from dse.quantization.ranges import Ranges, activation_ranges

__all__ = ["activation_ranges", "kpu8_predictor"]

ADDITION_GAIN = 127 * 2.0 / 255
"""What a weight of 1 becomes (see `quantize_kernel`): level 255 is the highest there is."""

_LIMITS = {"linear": (-np.inf, np.inf), "relu": (0.0, np.inf), "relu6": (0.0, 6.0)}
"""What an activation clips to."""


class Tensor(NamedTuple):
    """Values of a layer: levels counted from the zero point of `grid`, or plain floats."""

    values: Any
    grid: Grid | None

    def floats(self) -> Any:
        """The numbers that the values stand for."""
        return self.values if self.grid is None else self.values * self.grid.scale


def kpu8_predictor(graph: Graph, weights: Weights, ranges: Ranges, batch_size: int = 32) -> Predict:
    """The network as the chip computes it, given the ranges of its activations.

    Raises DataError where `ranges` lacks a layer.
    """
    missing = [layer.name for layer in graph if layer.name not in ranges]
    if missing:
        raise DataError(f"no range for layer '{missing[0]}'", "measure ranges on this network")
    chip = _Chip(graph, fold(graph, weights), ranges)
    return compiled(chip.forward, graph, batch_size)


class _Chip:
    """One compiled network: quantized kernels, and the grid of every tensor."""

    def __init__(self, graph: Graph, folded: Folded, ranges: Ranges) -> None:
        self._graph = graph
        self._folded = folded
        self._ranges = ranges
        self._grids = {name: Grid.of_range(*ends) for name, ends in ranges.items()}

    def forward(self, canvases: Any) -> Any:
        """Output map (n, h, w, channels), float32, of uint8 canvases."""
        tensors: dict[str, Tensor] = {}
        for layer in self._graph:
            read = [tensors[name] for name in layer.inputs]
            tensors[layer.name] = self._step(layer, read, canvases)
        return tensors[self._graph.outputs[0]].floats()

    def _step(self, layer: Layer, read: list[Tensor], canvases: Any) -> Tensor:
        if layer.op == "input":
            levels = keras.ops.cast(canvases, "float32") - PICTURE_GRID.zero_point
            return Tensor(levels, PICTURE_GRID)
        if not on_kpu(self._graph, layer):
            floats = [tensor.floats() for tensor in read]
            return Tensor(apply(layer, floats, *self._folded.get(layer.name, ())), None)
        if layer.op in CONVOLUTIONS:
            return self._convolve(layer, read[0])
        return self._add(layer, read)

    def _convolve(self, layer: Layer, read: Tensor) -> Tensor:
        """Products of whole numbers, with both grids' scales folded into the kernel."""
        levels, source = read
        if source is None:
            source = self._grids[layer.inputs[0]]
            levels = _nearest(levels / source.scale, source.lowest, source.highest)
        kernel, bias = self._folded[layer.name]
        depthwise = layer.op == "depthwise"
        numbers, scales = quantize_kernel(kernel, depthwise=depthwise)
        written = self._grids[layer.name]
        gains = (scales.astype(np.float64) * (source.scale / written.scale)).astype(np.float32)
        kernel = numbers * (gains[:, None] if depthwise else gains)
        plain = dataclasses.replace(layer, activation="linear")
        sums = apply(plain, [levels], kernel, bias / np.float32(written.scale))
        return self._written(layer, sums)

    def _add(self, layer: Layer, read: list[Tensor]) -> Tensor:
        """Both inputs on the grid of their common range, then summed."""
        ends = [self._ranges[name] for name in layer.inputs]
        common = Grid.of_range(min(low for low, _ in ends), max(high for _, high in ends))
        levels = [
            _nearest(tensor.floats() / common.scale, common.lowest, common.highest)
            for tensor in read
        ]
        gain = ADDITION_GAIN * common.scale / self._grids[layer.name].scale
        return self._written(layer, sum(levels[1:], levels[0]) * gain)

    def _written(self, layer: Layer, sums: Any) -> Tensor:
        """`sums`, in steps of the layer's grid, as levels; activations only limit them."""
        if layer.activation not in _LIMITS:
            raise UnknownName("activation", layer.activation, _LIMITS)
        grid, (low, high) = self._grids[layer.name], _LIMITS[layer.activation]
        lowest = max(grid.lowest, low / grid.scale)
        return Tensor(_nearest(sums, lowest, min(grid.highest, high / grid.scale)), grid)


def _nearest(steps: Any, lowest: float, highest: float) -> Any:
    """The nearest whole numbers, halves to even, within lowest .. highest."""
    return keras.ops.clip(keras.ops.round(steps), lowest, round(highest))

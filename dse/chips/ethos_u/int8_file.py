"""A network as an int8 TensorFlow-Lite file, with weights and ranges that nobody trained.

The compiler's SRAM and cycles depend on shapes alone, so such a file is enough to price a
network before any training. Flash does not: weights are compressed, and how well depends on them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator

from dse.network.graph import Graph, Layer
from dse.network.tflite_layers import LayerWriter
from dse.network.tflite_writer import Quantization

__all__ = ["int8_file"]

SEED = 0

PIXELS = Quantization((1 / 127.5,), -1)
"""Of the picture, in [-1, 1]."""

ACTIVATIONS = {
    "relu6": Quantization((6 / 255,), -128),
    "relu": Quantization((6 / 255,), -128),
    "sigmoid": Quantization((1 / 256,), -128),
}
"""sigmoid: as TensorFlow Lite's kernel asks for it."""

LINEAR = Quantization((16 / 255,), 0)
"""Of every other map: [-8, 8], about what batch normalisation leaves."""

DEVIATION = 32.0
"""Of the weights, in steps: four deviations are the 127 steps that a channel's largest takes."""


def int8_file(graph: Graph) -> bytes:
    """The file: the same one for the same layers.

    Kernels have a scale for each channel, as TensorFlow Lite's full-integer quantization makes
    them. Raises CompilerError for a layer that has no TensorFlow-Lite form here.
    """
    return _Int8Writer(graph, np.random.default_rng(SEED)).to_bytes()


class _Int8Writer(LayerWriter):
    """Maps and kernels in int8, biases in int32."""

    def __init__(self, graph: Graph, rng: Generator) -> None:
        super().__init__(graph)
        self.rng = rng

    def variable(
        self, name: str, shape: tuple[int, ...], source: int | None = None, activation: str = ""
    ) -> int:
        """See `LayerWriter`."""
        if name == self.graph.input.name:
            return self.writer.variable(name, shape, PIXELS)
        told = self.writer.quantization(source) if source is not None else None
        return self.writer.variable(name, shape, told or ACTIVATIONS.get(activation, LINEAR))

    def parameters(self, layer: Layer, source: int, out: int) -> tuple[int, int]:
        """See `LayerWriter`."""
        channels, depthwise = layer.shape[2], layer.op == "depthwise"
        fan_in = 1 if depthwise else self.graph.input_shapes(layer)[0][2]
        sides = (layer.kernel, layer.kernel)
        shape = (1, *sides, channels) if depthwise else (channels, *sides, fan_in)
        steps = self.rng.normal(0, DEVIATION, shape).round().clip(-127, 127).astype(np.int8)
        scale = math.sqrt(2 / (layer.kernel**2 * fan_in)) / DEVIATION  # He et al. 2015
        read = self.writer.quantization(source)
        assert read is not None, "every map has a quantization"
        kernel = Quantization((scale,) * channels, axis=3 if depthwise else 0)
        bias = Quantization((scale * read.scales[0],) * channels)
        # as large as a weight is beside the sums that it is added to
        values = self.rng.normal(0, 0.1 / bias.scales[0], channels).astype(np.int32)
        return (
            self.writer.constant(f"{layer.name}/kernel", steps, kernel),
            self.writer.constant(f"{layer.name}/bias", values, bias),
        )

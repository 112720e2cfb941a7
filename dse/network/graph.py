"""The layer graph: what a network computes, without any of its weights.

It is the common language of the house. `mobilenetv2` writes it from a candidate, `tflite`
reads it from a file, `keras_model` turns it into a trainable model, and `dse.chips` prices
it. Batch normalisation and activation belong to the convolution before them, as on the
chip; shapes are (height, width, channels) of one picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from dse.network.operators import Operators

__all__ = ["Graph", "Layer", "Padding", "Shape"]

Shape = tuple[int, int, int]
"""(height, width, channels)."""

Padding = tuple[int, int, int, int]
"""Zeros added (top, bottom, left, right)."""

CONVOLUTIONS = ("conv", "depthwise")


@dataclass(frozen=True)
class Layer:
    """One operation and the shape of what it writes.

    op: "input", "conv", "depthwise", "add", "concat", "upsample" (bilinear, by `stride`),
        "pad", "maxpool", "avgpool", "unary" (a function of each number alone), "arithmetic"
        (with a constant for each channel), "mean" (of each channel; "mean_map" keeps a map of
        one pixel), "flatten" (such a map as a row of numbers), "softmax", or any other name, which
        the operators of the file explain.
    inputs: names of the layers it reads, in order.
    kernel, stride, padding: of a convolution or pool; padding is what the layer adds itself.
    activation: "linear", "relu6", "relu", "sigmoid", ...
    batch_norm: a batch normalisation follows (4 numbers a channel, as Keras counts them).
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    shape: Shape
    kernel: int = 1
    stride: int = 1
    padding: Padding = (0, 0, 0, 0)
    activation: str = "linear"
    batch_norm: bool = False
    bias: bool = False


@dataclass(frozen=True)
class Graph:
    """Layers in an order in which each comes after its inputs; `outputs` are layer names.

    operators: of a file that holds more than layers of maps can tell, the operators themselves.
    """

    name: str
    layers: tuple[Layer, ...]
    outputs: tuple[str, ...]
    operators: Operators | None = field(default=None, repr=False, compare=False)
    _index: dict[str, Layer] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_index", {layer.name: layer for layer in self.layers})

    def __getitem__(self, name: str) -> Layer:
        return self._index[name]

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    @property
    def input(self) -> Layer:
        """The picture's layer (the first one whose op is "input")."""
        return next(layer for layer in self.layers if layer.op == "input")

    def input_shapes(self, layer: Layer) -> tuple[Shape, ...]:
        """Shapes that `layer` reads, in the order of its inputs."""
        return tuple(self[name].shape for name in layer.inputs)

    @cached_property
    def consumers(self) -> dict[str, tuple[str, ...]]:
        """Layer name -> names of the layers that read it."""
        readers: dict[str, list[str]] = {layer.name: [] for layer in self.layers}
        for layer in self.layers:
            for name in layer.inputs:
                readers[name].append(layer.name)
        return {name: tuple(found) for name, found in readers.items()}

    def parameters_of(self, layer: Layer) -> int:
        """Numbers that `layer` stores, as Keras' `count_params` counts them."""
        if layer.op not in CONVOLUTIONS:
            return 0
        channels = layer.shape[2]
        fan_in = 1 if layer.op == "depthwise" else self.input_shapes(layer)[0][2]
        per_channel = layer.kernel**2 * fan_in + 4 * layer.batch_norm + layer.bias
        return per_channel * channels

    def macs_of(self, layer: Layer) -> int:
        """Multiply-accumulates of a convolution for one picture (zero for other layers)."""
        if layer.op not in CONVOLUTIONS:
            return 0
        height, width, channels = layer.shape
        fan_in = 1 if layer.op == "depthwise" else self.input_shapes(layer)[0][2]
        return height * width * channels * layer.kernel**2 * fan_in

    @property
    def parameters(self) -> int:
        """Numbers that the network stores."""
        return sum(self.parameters_of(layer) for layer in self.layers)

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one picture."""
        return sum(self.macs_of(layer) for layer in self.layers)

"""The layers of a graph as operators of a TensorFlow-Lite file, whatever its numbers are.

What a convolution adds to its map itself becomes a pad of its own before a 'valid' convolution,
unless TensorFlow's 'same' means it: that is bottom-right where something is odd.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import flatbuffers
import numpy as np
import tflite

from dse.errors import CompilerError
from dse.network.graph import Graph, Layer, Padding, Shape
from dse.network.tflite_writer import Options, TfliteWriter

__all__ = ["LEAK", "LayerWriter", "unwritable"]

_OP = tflite.BuiltinOperator
_TABLE = tflite.BuiltinOptions

_FUSED: dict[str, int] = {
    "linear": tflite.ActivationFunctionType.NONE,
    "relu": tflite.ActivationFunctionType.RELU,
    "relu6": tflite.ActivationFunctionType.RELU6,
}
"""Activations that are a field of the operation before them."""

LEAK = 0.1
"""Slope of a leaky ReLU below zero, as in YOLO's networks (Redmon et al. 2016)."""


class LayerWriter(ABC):
    """A file half written: `tensors` says which tensor holds what a layer writes.

    A subclass says what tensors are made of: `variable` and `parameters`.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.writer = TfliteWriter(f"dse {graph.name}")
        self.tensors: dict[str, int] = {}

    @abstractmethod
    def variable(
        self, name: str, shape: tuple[int, ...], source: int | None = None, activation: str = ""
    ) -> int:
        """Index of a new tensor that an operator writes.

        source: of the tensor whose numbers it holds in another arrangement. activation: of what
        is written.
        """

    @abstractmethod
    def parameters(self, layer: Layer, source: int, out: int) -> tuple[int, int]:
        """Indices of the kernel, stored (out, k, k, in) or (1, k, k, channels) of a depthwise, and
        the bias of the convolution `layer`, which reads tensor `source` and writes `out`."""

    def to_bytes(self) -> bytes:
        """The file: one input a layer "input" of the graph, one output a name in its `outputs`.

        Raises CompilerError for a layer that has no TensorFlow-Lite form here.
        """
        for layer in self.graph:
            read = [self.tensors[name] for name in layer.inputs]
            self.tensors[layer.name] = self.layer(layer, read)
        inputs = [self.tensors[layer.name] for layer in self.graph if layer.op == "input"]
        return self.writer.to_bytes(inputs, [self.tensors[name] for name in self.graph.outputs])

    def layer(self, layer: Layer, read: list[int]) -> int:
        """Adds `layer` and what it needs; returns the index of the tensor that it writes."""
        if layer.op not in _LAYERS:
            raise CompilerError(
                f"layer '{layer.name}' is a '{layer.op}', which the exporter cannot write",
                f"export knows {', '.join(_LAYERS)} layers",
            )
        if layer.activation not in (*_FUSED, *_SEPARATE):
            raise CompilerError(
                f"layer '{layer.name}' has activation '{layer.activation}'",
                f"export knows {', '.join((*_FUSED, *_SEPARATE))}",
            )
        if layer.activation in _FUSED:
            return _LAYERS[layer.op](self, layer, read, self._written_by(layer, read))
        before = self.variable(f"{layer.name}_linear", (1, *layer.shape))
        written = _LAYERS[layer.op](self, layer, read, before)
        code, options = _SEPARATE[layer.activation]
        out = self.variable(layer.name, (1, *layer.shape), activation=layer.activation)
        return self.writer.operator(code, [written], out, options)

    def _written_by(self, layer: Layer, read: list[int]) -> int:
        moved = read[0] if layer.op in _MOVING and layer.activation == "linear" else None
        return self.variable(layer.name, (1, *layer.shape), moved, layer.activation)

    def picture(self, layer: Layer, read: list[int], out: int) -> int:
        return out

    def convolution(self, layer: Layer, read: list[int], out: int) -> int:
        source, padding = self.padding(layer, read[0])
        inputs = [source, *self.parameters(layer, source, out)]
        values = {
            "Padding": padding,
            "StrideH": layer.stride,
            "StrideW": layer.stride,
            "DilationHFactor": 1,
            "DilationWFactor": 1,
            "FusedActivationFunction": _fused(layer),
        }
        if layer.op == "depthwise":
            options = _options("DepthwiseConv2D", DepthMultiplier=1, **values)
            return self.writer.operator(_OP.DEPTHWISE_CONV_2D, inputs, out, options)
        return self.writer.operator(_OP.CONV_2D, inputs, out, _options("Conv2D", **values))

    def padding(self, layer: Layer, read: int) -> tuple[int, int]:
        """The tensor a convolution reads, and its TensorFlow-Lite padding: SAME, or VALID."""
        if layer.padding == (layer.kernel // 2,) * 4 and layer.stride == 1 and layer.kernel % 2:
            return read, tflite.Padding.SAME
        if not any(layer.padding):
            return read, tflite.Padding.VALID
        height, width, channels = self.graph.input_shapes(layer)[0]
        top, bottom, left, right = layer.padding
        shape = (1, height + top + bottom, width + left + right, channels)
        padded = self.variable(f"{layer.name}_pad", shape, read)
        return self.padded(f"{layer.name}_pad", layer.padding, read, padded), tflite.Padding.VALID

    def pad(self, layer: Layer, read: list[int], out: int) -> int:
        return self.padded(layer.name, layer.padding, read[0], out)

    def padded(self, name: str, padding: Padding, read: int, out: int) -> int:
        top, bottom, left, right = padding
        amounts = np.array([(0, 0), (top, bottom), (left, right), (0, 0)], np.int32)
        table = self.writer.constant(f"{name}/paddings", amounts)
        return self.writer.operator(_OP.PAD, [read, table], out, _options("Pad"))

    def pool(self, layer: Layer, read: list[int], out: int) -> int:
        """A pool's padding counts in no mean and no maximum: only the format's own two exist."""
        same = _same(self.graph.input_shapes(layer)[0], layer)
        if any(layer.padding) and layer.padding != same:
            raise CompilerError(
                f"layer '{layer.name}' pools with padding {layer.padding}",
                f"a pool has no padding, or {same} here; pad in a layer of its own",
            )
        options = _options(
            "Pool2D",
            Padding=tflite.Padding.SAME if any(layer.padding) else tflite.Padding.VALID,
            StrideH=layer.stride,
            StrideW=layer.stride,
            FilterHeight=layer.kernel,
            FilterWidth=layer.kernel,
            FusedActivationFunction=_fused(layer),
        )
        code = _OP.MAX_POOL_2D if layer.op == "maxpool" else _OP.AVERAGE_POOL_2D
        return self.writer.operator(code, read, out, options)

    def resize(self, layer: Layer, read: list[int], out: int) -> int:
        size = self.writer.constant(f"{layer.name}/size", np.array(layer.shape[:2], np.int32))
        bilinear = layer.op == "upsample"
        code = _OP.RESIZE_BILINEAR if bilinear else _OP.RESIZE_NEAREST_NEIGHBOR
        kind = "ResizeBilinear" if bilinear else "ResizeNearestNeighbor"
        options = _options(kind, HalfPixelCenters=True)
        return self.writer.operator(code, [*read, size], out, options)

    def addition(self, layer: Layer, read: list[int], out: int) -> int:
        options = _options("Add", FusedActivationFunction=_fused(layer))
        return self.writer.operator(_OP.ADD, read, out, options)

    def concatenation(self, layer: Layer, read: list[int], out: int) -> int:
        options = _options("Concatenation", Axis=3, FusedActivationFunction=_fused(layer))
        return self.writer.operator(_OP.CONCATENATION, read, out, options)


_LAYERS: dict[str, Callable[[LayerWriter, Layer, list[int], int], int]] = {
    "add": LayerWriter.addition,
    "avgpool": LayerWriter.pool,
    "concat": LayerWriter.concatenation,
    "conv": LayerWriter.convolution,
    "depthwise": LayerWriter.convolution,
    "input": LayerWriter.picture,
    "maxpool": LayerWriter.pool,
    "pad": LayerWriter.pad,
    "upsample": LayerWriter.resize,
    "upsample_nearest": LayerWriter.resize,
}


_MOVING = ("avgpool", "concat", "maxpool", "pad", "upsample", "upsample_nearest")
"""What writes numbers of the range that it reads, in the same scale where they are integers."""


def unwritable(layer: Layer) -> str:
    """What of `layer` has no form here: its operation, its activation; "" where nothing is."""
    if layer.op not in _LAYERS:
        return layer.op
    return "" if layer.activation in (*_FUSED, *_SEPARATE) else layer.activation


def _fused(layer: Layer) -> int:
    return _FUSED.get(layer.activation, _FUSED["linear"])


def _same(source: Shape, layer: Layer) -> Padding:
    """TensorFlow's SAME padding: what is odd goes to the bottom and to the right."""
    height, width = (
        max(0, (-(-side // layer.stride) - 1) * layer.stride + layer.kernel - side)
        for side in source[:2]
    )
    return (height // 2, height - height // 2, width // 2, width - width // 2)


def _options(kind: str, **values: Any) -> Options:
    """The options table `kind` of the schema with some fields set."""

    def write(builder: flatbuffers.Builder) -> int:
        getattr(tflite, f"{kind}OptionsStart")(builder)
        for field, value in values.items():
            getattr(tflite, f"{kind}OptionsAdd{field}")(builder, value)
        return int(getattr(tflite, f"{kind}OptionsEnd")(builder))

    return getattr(_TABLE, f"{kind}Options"), write


_SEPARATE: dict[str, tuple[int, Options]] = {
    "sigmoid": (_OP.LOGISTIC, (_TABLE.NONE, lambda builder: 0)),
    "leaky": (_OP.LEAKY_RELU, _options("LeakyRelu", Alpha=LEAK)),
}
"""Activations that are an operation of their own."""

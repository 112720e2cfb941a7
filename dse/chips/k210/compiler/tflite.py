"""A network as a float32 TensorFlow-Lite file, the way the kmodel compiler wants it.

Batch normalisation is folded. A stride-2 convolution becomes a symmetric pad and a 'valid'
convolution, which nncase joins into one KPU convolution; TensorFlow's own bottom-right
padding would run on the CPU in float32 and cost megabytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import flatbuffers
import numpy as np
import tflite
from numpy.typing import NDArray

from dse.chips.k210.compiler.tflite_writer import Options, TfliteWriter
from dse.errors import CompilerError
from dse.network.graph import CONVOLUTIONS, Graph, Layer, Padding, Shape

if TYPE_CHECKING:
    from dse.network.keras_inference import Folded

__all__ = ["folded_to_tflite", "random_tflite", "to_tflite"]

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


def to_tflite(graph: Graph, weights: dict[str, NDArray[np.float32]]) -> bytes:
    """The file: input (1, h, w, 3) in [-1, 1], one output a name in `graph.outputs`.

    weights: by Keras name, see `dse.network.keras_model.Weights`.
    Raises CompilerError for a layer that has no TensorFlow-Lite form here, WeightsError where
    a weight is missing.
    """
    from dse.network.keras_inference import fold  # random weights need no Keras

    return folded_to_tflite(graph, fold(graph, weights))


def random_tflite(graph: Graph, seed: int) -> bytes:
    """The file with random weights: enough to compile, since no size depends on them.

    Kernels are normal with deviation sqrt(2 / fan-in) (He et al. 2015), so that no signal dies
    and no constant repeats; biases are normal, deviation 0.1. Raises CompilerError as above.
    """
    rng = np.random.default_rng(seed)
    folded: Folded = {}
    for layer in graph:
        if layer.op in CONVOLUTIONS:
            depthwise, channels = layer.op == "depthwise", layer.shape[2]
            fan_in = 1 if depthwise else graph.input_shapes(layer)[0][2]
            tail = (channels, 1) if depthwise else (fan_in, channels)
            deviation = np.sqrt(2 / (layer.kernel**2 * fan_in))
            kernel = rng.normal(0, deviation, (layer.kernel, layer.kernel, *tail))
            bias = rng.normal(0, 0.1, channels)
            folded[layer.name] = (kernel.astype(np.float32), bias.astype(np.float32))
    return folded_to_tflite(graph, folded)


def folded_to_tflite(graph: Graph, folded: Folded) -> bytes:
    """As `to_tflite`, from convolutions whose batch normalisation is already folded.

    folded: layer -> (kernel (k, k, in, out), or (k, k, channels, 1) of a depthwise; bias (out,)).
    """
    file = _File(graph, folded)
    for layer in graph:
        read = [file.tensors[name] for name in layer.inputs]
        file.tensors[layer.name] = file.layer(layer, read)
    inputs = [file.tensors[layer.name] for layer in graph if layer.op == "input"]
    return file.writer.to_bytes(inputs, [file.tensors[name] for name in graph.outputs])


class _File:
    """A file half written: `tensors` says which tensor holds what a layer writes."""

    def __init__(self, graph: Graph, folded: Folded) -> None:
        self.graph = graph
        self.folded = folded
        self.writer = TfliteWriter(f"dse {graph.name}")
        self.tensors: dict[str, int] = {}

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
            return _LAYERS[layer.op](self, layer, read, self.variable(layer))
        before = self.variable(layer, "_linear")
        written = _LAYERS[layer.op](self, layer, read, before)
        code, options = _SEPARATE[layer.activation]
        return self.writer.operator(code, [written], self.variable(layer), options)

    def variable(self, layer: Layer, suffix: str = "") -> int:
        return self.writer.variable(layer.name + suffix, (1, *layer.shape))

    def picture(self, layer: Layer, read: list[int], out: int) -> int:
        return out

    def convolution(self, layer: Layer, read: list[int], out: int) -> int:
        """Kernels are stored (out, k, k, in), and (1, k, k, channels) of a depthwise."""
        kernel, bias = self.folded[layer.name]
        source, padding = self.padding(layer, read[0])
        inputs = [
            source,
            self.writer.constant(f"{layer.name}/kernel", kernel.transpose((3, 0, 1, 2))),
            self.writer.constant(f"{layer.name}/bias", bias),
        ]
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
        padded = self.writer.variable(f"{layer.name}_pad", shape)
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


_LAYERS: dict[str, Callable[[_File, Layer, list[int], int], int]] = {
    "add": _File.addition,
    "avgpool": _File.pool,
    "concat": _File.concatenation,
    "conv": _File.convolution,
    "depthwise": _File.convolution,
    "input": _File.picture,
    "maxpool": _File.pool,
    "pad": _File.pad,
    "upsample": _File.resize,
    "upsample_nearest": _File.resize,
}


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

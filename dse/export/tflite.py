"""A trained network as a float32 TensorFlow-Lite file, the way the kmodel compiler wants it.

Batch normalisation is folded. A stride-2 convolution becomes a symmetric pad and a 'valid'
convolution, which nncase joins into one KPU convolution; TensorFlow's own bottom-right
padding would run on the CPU in float32 and cost megabytes.
"""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
import tflite
from numpy.typing import NDArray

from dse.errors import CompilerError
from dse.export.tflite_writer import Options, TfliteWriter
from dse.network.graph import CONVOLUTIONS, Graph, Layer
from dse.network.keras_inference import Folded, fold

__all__ = ["folded_to_tflite", "to_tflite"]

_OP = tflite.BuiltinOperator
_TABLE = tflite.BuiltinOptions

_ACTIVATIONS = {
    "linear": tflite.ActivationFunctionType.NONE,
    "relu": tflite.ActivationFunctionType.RELU,
    "relu6": tflite.ActivationFunctionType.RELU6,
}


def to_tflite(graph: Graph, weights: dict[str, NDArray[np.float32]]) -> bytes:
    """The file: input (1, h, w, 3) in [-1, 1], one output a name in `graph.outputs`.

    weights: by Keras name, see `dse.network.keras_model.Weights`.
    Raises CompilerError for a layer that has no TensorFlow-Lite form here, WeightsError where
    a weight is missing.
    """
    return folded_to_tflite(graph, fold(graph, weights))


def folded_to_tflite(graph: Graph, folded: Folded) -> bytes:
    """As `to_tflite`, from convolutions whose batch normalisation is already folded.

    folded: layer -> (kernel (k, k, in, out), or (k, k, channels, 1) of a depthwise; bias (out,)).
    """
    writer = TfliteWriter(f"dse {graph.name}")
    tensors: dict[str, int] = {}
    for layer in graph:
        read = [tensors[name] for name in layer.inputs]
        tensors[layer.name] = _write(writer, graph, layer, read, folded)
    outputs = [tensors[name] for name in graph.outputs]
    return writer.to_bytes([tensors[graph.input.name]], outputs)


def _write(
    writer: TfliteWriter, graph: Graph, layer: Layer, read: list[int], folded: Folded
) -> int:
    """Adds `layer` and what it needs; returns the index of its output tensor."""
    if layer.op in CONVOLUTIONS:
        source = graph.input_shapes(layer)[0]
        padded, padding = _padding(writer, layer, read[0], source)
        kernel, bias = folded[layer.name]
        return _convolution(writer, layer, padded, padding, kernel, bias)
    out = writer.variable(layer.name, (1, *layer.shape))
    if layer.op == "input":
        return out
    if layer.op == "add":
        return writer.operator(_OP.ADD, read, out, _options("Add"))
    if layer.op == "concat":
        return writer.operator(_OP.CONCATENATION, read, out, _options("Concatenation", Axis=3))
    if layer.op == "upsample":
        size = writer.constant(f"{layer.name}/size", np.array(layer.shape[:2], np.int32))
        options = _options("ResizeBilinear", HalfPixelCenters=True)
        return writer.operator(_OP.RESIZE_BILINEAR, [*read, size], out, options)
    raise CompilerError(
        f"layer '{layer.name}' is a '{layer.op}', which the exporter cannot write",
        "export knows conv, depthwise, add, concat and upsample layers",
    )


def _padding(
    writer: TfliteWriter, layer: Layer, read: int, source: tuple[int, int, int]
) -> tuple[int, int]:
    """The tensor a convolution reads, and its TensorFlow-Lite padding: SAME, or VALID."""
    same = (layer.kernel // 2,) * 4
    if layer.padding == same and layer.stride == 1:
        return read, tflite.Padding.SAME
    if not any(layer.padding):
        return read, tflite.Padding.VALID
    top, bottom, left, right = layer.padding
    height, width, channels = source
    shape = (1, height + top + bottom, width + left + right, channels)
    amounts = np.array([(0, 0), (top, bottom), (left, right), (0, 0)], np.int32)
    padded = writer.variable(f"{layer.name}_pad", shape)
    table = writer.constant(f"{layer.name}_pad/paddings", amounts)
    return writer.operator(_OP.PAD, [read, table], padded, _options("Pad")), tflite.Padding.VALID


def _convolution(
    writer: TfliteWriter,
    layer: Layer,
    read: int,
    padding: int,
    kernel: NDArray[np.float32],
    bias: NDArray[np.float32],
) -> int:
    """Kernels are stored (out, k, k, in), and (1, k, k, channels) of a depthwise."""
    if layer.activation not in _ACTIVATIONS:
        raise CompilerError(
            f"layer '{layer.name}' has activation '{layer.activation}'",
            f"export knows {', '.join(_ACTIVATIONS)}",
        )
    depthwise = layer.op == "depthwise"
    stored = kernel.transpose((3, 0, 1, 2))
    inputs = [
        read,
        writer.constant(f"{layer.name}/kernel", stored.astype(np.float32)),
        writer.constant(f"{layer.name}/bias", bias.astype(np.float32)),
    ]
    values = {
        "Padding": padding,
        "StrideH": layer.stride,
        "StrideW": layer.stride,
        "DilationHFactor": 1,
        "DilationWFactor": 1,
        "FusedActivationFunction": _ACTIVATIONS[layer.activation],
    }
    out = writer.variable(layer.name, (1, *layer.shape))
    if depthwise:
        options = _options("DepthwiseConv2D", DepthMultiplier=1, **values)
        return writer.operator(_OP.DEPTHWISE_CONV_2D, inputs, out, options)
    return writer.operator(_OP.CONV_2D, inputs, out, _options("Conv2D", **values))


def _options(kind: str, **values: Any) -> Options:
    """The options table `kind` of the schema with some fields set."""

    def write(builder: flatbuffers.Builder) -> int:
        getattr(tflite, f"{kind}OptionsStart")(builder)
        for field, value in values.items():
            getattr(tflite, f"{kind}OptionsAdd{field}")(builder, value)
        return int(getattr(tflite, f"{kind}OptionsEnd")(builder))

    return getattr(_TABLE, f"{kind}Options"), write

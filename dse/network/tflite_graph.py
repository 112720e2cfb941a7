"""A TensorFlow-Lite file as a layer graph, without TensorFlow.

Only what costs something is kept: shapes, windows, strides, padding. Weights are counted, not
read. A `PAD` in front of a convolution becomes the convolution's own padding, as the kmodel
compiler folds it; an activation joins the layer before it. An operation that has no place
in a layer graph keeps its name in small letters, so that costs call it unknown.
Schema: TensorFlow's `compiler/mlir/lite/schema/schema.fbs`, version 3, through the `tflite`
package.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tflite

from dse.errors import FileError, InvalidFile
from dse.files import printable, read_bytes
from dse.network.graph import CONVOLUTIONS, Graph, Layer, Padding
from dse.network.tflite_checks import MOST_BYTES, listed
from dse.network.tflite_names import (
    ACTIVATION_OPS,
    ACTIVATIONS,
    CLAMPS,
    RESIZES,
)
from dse.network.tflite_operators import kind_of, read_operators
from dse.network.tflite_tensors import TfliteTensors, options_of
from dse.network.tflite_windows import added, no_padding, same_padding

__all__ = ["parse_tflite", "read_tflite"]

PADDINGS = {tflite.Padding.SAME: same_padding, tflite.Padding.VALID: no_padding}
IDENTIFIER = b"TFL3"
FLOAT = tflite.TensorType.FLOAT32
MALFORMED = (struct.error, IndexError, ValueError, TypeError, AttributeError, KeyError)
"""What the flatbuffer reader raises, at any depth, on a file that is cut or damaged."""


def read_tflite(path: str | Path) -> Graph:
    """The layer graph of the first subgraph of a `.tflite` file, named after the file.

    Raises InvalidFile when it is missing, is none, is damaged, or takes several pictures at once.
    """
    path = Path(path)
    try:
        content = read_bytes(path, MOST_BYTES)
    except FileError as error:
        name = printable(path)
        why = str(error).removeprefix(name).lstrip(": ")
        raise InvalidFile(name, why, hint=error.hint) from None
    return parse_tflite(content, path)


def parse_tflite(content: bytes, path: Path) -> Graph:
    """The same of the content of file `path`."""
    name = printable(path)
    if content[4:8] != IDENTIFIER:
        raise InvalidFile(name, "is not a TensorFlow-Lite file", hint="it must begin with 'TFL3'")
    try:
        reader = _Reader(name, tflite.Model.GetRootAs(content, 0))
        return reader.graph(printable(path.stem))
    except MALFORMED as error:
        hint = "export it again; it may have been cut while copying"
        raise InvalidFile(name, f"is damaged ({error})", hint=hint) from None


class _Reader(TfliteTensors):
    """One pass over the operators; `owner` says which layer wrote a tensor."""

    def __init__(self, path: str, model: Any) -> None:
        super().__init__(path, model)
        self.layers: dict[str, Layer] = {}
        self.owner: dict[int, str] = {}
        self.written_by: dict[str, int] = {}
        self.pads: dict[str, Padding] = {}
        """Layers that only pad with zeros, and by how much."""
        self.readers: Counter[int] = Counter()
        self.pooled: set[tuple[str, int]] = set()
        self.is_more = False
        """The file holds more than layers of maps tell."""

    def graph(self, name: str) -> Graph:
        inputs, outputs = listed(self.subgraph, "Inputs"), listed(self.subgraph, "Outputs")
        operators = [self.subgraph.Operators(i) for i in range(self.subgraph.OperatorsLength())]
        self.readers.update(outputs)
        for operator in operators:
            self.readers.update(set(listed(operator, "Inputs")))
        for tensor in inputs:
            self.append(tensor, "input", ())
            self.is_more |= len(self.dimensions(tensor)) != 4
        for operator in operators:
            self.read(operator)
        given = [self.owner[tensor] for tensor in outputs]
        still_read = {name for layer in self.layers.values() for name in layer.inputs}.union(given)
        folded = set(self.pads) - still_read
        layers = tuple(layer for layer in self.layers.values() if layer.name not in folded)
        told = read_operators(self, self.kept(layers)) if self.is_more else None
        return Graph(name, layers, tuple(given), told)

    def kept(self, layers: Sequence[Layer]) -> dict[int, str]:
        """`owner`; the next layer's for a tensor whose own layer is folded into that."""
        names = {layer.name for layer in layers}
        found, following = {}, layers[-1].name if layers else ""
        for tensor, name in reversed(self.owner.items()):
            following = name if name in names else following
            found[tensor] = following
        return found

    def read(self, operator: Any) -> None:
        """Adds the layer of one operator, or joins it to the layer before."""
        op = kind_of(self.model, operator)
        out = operator.Outputs(0)
        read = [int(t) for t in listed(operator, "Inputs") if t >= 0 and int(t) in self.owner]
        if op == "DEQUANTIZE" and not read:  # half-precision weights, unpacked
            self.is_more = True
            return
        if op in ACTIVATION_OPS:
            if self.join(read[0], out, ACTIVATION_OPS[op]):
                self.is_more |= op == "RELU"  # (no clamp to the compiler, but an operation)
                return
            self.is_more = True
            if ACTIVATION_OPS[op] not in CLAMPS:
                self.append(out, "unary", tuple(read))
                return
        handler = HANDLERS.get(op, _Reader.other) if self.is_float(operator) else _Reader.other
        handler(self, operator, op, read, out)

    def is_float(self, operator: Any) -> bool:
        """Its result is float32: integer files are computed in another way."""
        return bool(self.subgraph.Tensors(operator.Outputs(0)).Type() == FLOAT)

    def append(self, tensor: int, op: str, read: tuple[int, ...], **values: Any) -> str:
        """Adds a layer that writes `tensor`; returns its name."""
        name = self.name(tensor)
        inputs = tuple(self.owner[source] for source in read)
        layer = Layer(name, op, inputs, self.shape(tensor), **values)
        if min(*layer.shape, layer.kernel, layer.stride) < 1:
            raise InvalidFile(self.path, f"'{name}' has an empty map, window or stride")
        self.layers[name] = layer
        self.owner[tensor] = name
        self.written_by[name] = tensor
        return name

    def join(self, source: int, out: int, activation: str) -> bool:
        """Gives the layer that wrote `source` an activation, if it alone is read there."""
        layer = self.layers[self.owner[source]]
        plain = layer.op in (*CONVOLUTIONS, "add") and layer.activation == "linear"
        if not plain or self.readers[source] > 1:
            return False
        fields = {**vars(layer), "activation": activation}
        self.layers[layer.name] = Layer(**fields)
        self.owner[out] = layer.name
        return True

    def other(self, operator: Any, op: str, read: list[int], out: int) -> None:
        """An operation that layer graphs do not know in this form, under the file's own name."""
        self.is_more = True
        self.append(out, op.lower(), tuple(read))
        for index in range(1, operator.OutputsLength()):
            self.owner[operator.Outputs(index)] = self.owner[out]

    def convolution(self, operator: Any, op: str, read: list[int], out: int) -> None:
        depthwise = op == "DEPTHWISE_CONV_2D"
        options = options_of(operator, "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions")
        self.is_more |= operator.InputsLength() < 3 or operator.Inputs(2) < 0
        self.is_more |= options.FusedActivationFunction() not in ACTIVATIONS
        filters, height, width, channels = self.dimensions(operator.Inputs(1))
        source, target = self.shape(read[0]), self.shape(out)
        dilated = max(options.DilationHFactor(), options.DilationWFactor()) > 1
        uneven = height != width or options.StrideH() != options.StrideW()
        plain = (source[2], channels) if depthwise else (channels, filters)
        if dilated or uneven or plain != (source[2], target[2]):
            return self.other(operator, op, read, out)
        self.is_more |= depthwise and source[2] != channels
        stride = options.StrideH()
        padding = PADDINGS[options.Padding()](source, target, height, stride)
        before = self.owner[read[0]]
        if before in self.pads:
            padding = added(padding, self.pads[before])
            read = [self.written_by[self.layers[before].inputs[0]]]
        self.is_more |= min(padding) < height // 2  # (the accelerator pads; the rest is cropped)
        self.append(
            out,
            "depthwise" if depthwise else "conv",
            (read[0],),
            kernel=height,
            stride=stride,
            padding=padding,
            activation=ACTIVATIONS.get(options.FusedActivationFunction(), "unknown"),
            bias=operator.InputsLength() > 2 and operator.Inputs(2) >= 0,
        )
        return None

    def pad(self, operator: Any, op: str, read: list[int], out: int) -> None:
        amounts = self.constant(operator.Inputs(1)).reshape(-1, 2)
        zeros = self.pads_with_zero(operator)
        if len(amounts) != 4 or amounts[[0, 3]].any() or amounts.min() < 0 or not zeros:
            return self.other(operator, op, read, out)
        (top, bottom), (left, right) = amounts[1].tolist(), amounts[2].tolist()
        padding, (height, width, channels) = (top, bottom, left, right), self.shape(read[0])
        if self.shape(out) != (height + top + bottom, width + left + right, channels):
            raise ValueError(f"paddings {padding} make no map {self.shape(out)}")
        self.pads[self.append(out, "pad", tuple(read), padding=padding)] = padding
        return None

    def pads_with_zero(self, operator: Any) -> bool:
        return operator.InputsLength() < 3 or not self.constant(operator.Inputs(2), "<f4").any()

    def addition(self, operator: Any, op: str, read: list[int], out: int) -> None:
        alike = len(read) == 2 and self.dimensions(read[0]) == self.dimensions(read[1])
        if not alike or len(self.dimensions(out)) != 4:
            return self.other(operator, op, read, out)
        activation = ACTIVATIONS.get(options_of(operator, "AddOptions").FusedActivationFunction())
        self.append(out, "add", tuple(read), activation=activation or "unknown")
        return None

    def concatenation(self, operator: Any, op: str, read: list[int], out: int) -> None:
        axis = options_of(operator, "ConcatenationOptions").Axis()
        if len(read) != operator.InputsLength() or axis not in (3, -1):
            return self.other(operator, op, read, out)
        self.append(out, "concat", tuple(read))
        return None

    def resize(self, operator: Any, op: str, read: list[int], out: int) -> None:
        source, target = self.shape(read[0]), self.shape(out)
        factor = target[0] // source[0]
        if (source[0] * factor, source[1] * factor) != target[:2]:
            return self.other(operator, op, read, out)
        self.append(out, RESIZES[op], tuple(read), stride=factor)
        return None

    def dense(self, operator: Any, op: str, read: list[int], out: int) -> None:
        """A 1x1 convolution of a map of one pixel, which is what the compiler makes of it."""
        options = options_of(operator, "FullyConnectedOptions")
        self.is_more = True
        if len(read) != 1 or self.shape(read[0])[:2] != (1, 1) or len(self.dimensions(out)) != 2:
            return self.other(operator, op, read, out)
        self.append(
            out,
            "conv",
            (read[0],),
            activation=ACTIVATIONS.get(options.FusedActivationFunction(), "unknown"),
            bias=operator.InputsLength() > 2 and operator.Inputs(2) >= 0,
        )
        return None

    def pool(self, operator: Any, op: str, read: list[int], out: int) -> None:
        options = options_of(operator, "Pool2DOptions")
        size, stride = options.FilterHeight(), options.StrideH()
        if size != options.FilterWidth() or stride != options.StrideW():
            return self.other(operator, op, read, out)
        window = PADDINGS[options.Padding()]
        padding = window(self.shape(read[0]), self.shape(out), size, stride)
        name = "maxpool" if op == "MAX_POOL_2D" else "avgpool"
        self.is_more |= (op, read[0]) in self.pooled  # the compiler may keep one of two pools
        self.is_more |= options.FusedActivationFunction() != 0  # no layer tells of it
        self.pooled.add((op, read[0]))
        self.append(out, name, tuple(read), kernel=size, stride=stride, padding=padding)
        return None


HANDLERS: dict[str, Callable[..., None]] = {
    "CONV_2D": _Reader.convolution,
    "DEPTHWISE_CONV_2D": _Reader.convolution,
    "PAD": _Reader.pad,
    "PADV2": _Reader.pad,
    "ADD": _Reader.addition,
    "CONCATENATION": _Reader.concatenation,
    "RESIZE_BILINEAR": _Reader.resize,
    "RESIZE_NEAREST_NEIGHBOR": _Reader.resize,
    "FULLY_CONNECTED": _Reader.dense,
    "MAX_POOL_2D": _Reader.pool,
    "AVERAGE_POOL_2D": _Reader.pool,
}

"""An ONNX file as a layer graph: what PyTorch and others export.

Shapes are those that `onnx_preparation` worked out. An operation that has no place in a layer graph
keeps its name in small letters, so that costs call it unknown. Operators:
https://onnx.ai/onnx/operators, versions 7 to 20 of the opset.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from dse.errors import InvalidFile
from dse.files import printable
from dse.network.graph import CONVOLUTIONS, Graph, Layer, Shape
from dse.network.onnx_values import attributes_of, few_numbers, padding_of
from dse.network.tflite_windows import added

__all__ = ["parse_onnx"]

MOST_NODES = 4096
ACTIVATIONS = {"Relu": "relu", "LeakyRelu": "leaky", "Sigmoid": "sigmoid", "Tanh": "tanh"}
PASSED = ("Identity", "Dropout")
MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError, ZeroDivisionError)


def parse_onnx(content: bytes, path: Path) -> Graph:
    """The layer graph of the prepared ONNX file `content`. Raises InvalidFile."""
    import onnx
    from google.protobuf.message import DecodeError

    name = printable(path)
    try:
        model = onnx.load_model_from_string(content)
        return _Reader(model.graph).graph(printable(path.stem))
    except (DecodeError, *MALFORMED) as error:
        hint = "export it again with fixed sizes, and a static batch of 1"
        raise InvalidFile(name, f"cannot be read ({error})", hint=hint) from None


class _Reader:
    """One pass over the nodes; `owner` says which layer wrote a tensor."""

    def __init__(self, graph: Any) -> None:
        if len(graph.node) > MOST_NODES:
            raise ValueError(f"it claims {len(graph.node)} operators")
        self.source = graph
        self.layers: dict[str, Layer] = {}
        self.owner: dict[str, str] = {}
        self.constants = {one.name: one for one in graph.initializer}
        self.sides = {
            one.name: [side.dim_value for side in one.type.tensor_type.shape.dim]
            for one in (*graph.input, *graph.value_info, *graph.output)
        }
        self.readers: Counter[str] = Counter()
        for node in graph.node:
            self.readers.update(set(node.input))
        self.readers.update(one.name for one in graph.output)

    def graph(self, name: str) -> Graph:
        for tensor in self.source.input:
            if tensor.name not in self.constants:
                self.append(tensor.name, "input", ())
        for node in self.source.node:
            self.read(node)
        outputs = tuple(self.owner[tensor.name] for tensor in self.source.output)
        read = {name for layer in self.layers.values() for name in layer.inputs}.union(outputs)
        pads = {n for n, layer in self.layers.items() if layer.op in ("pad", "flatten")} - read
        layers = tuple(layer for layer in self.layers.values() if layer.name not in pads)
        return Graph(name, layers, outputs)

    def read(self, node: Any) -> None:
        """Adds the layer of one node, or joins it to the layer before."""
        kind, out = node.op_type, node.output[0]
        if kind == "Constant":
            self.constants[out] = node.attribute[0].t
            return
        read = [name for name in node.input if name in self.owner]
        if not read:
            raise ValueError(f"nothing is computed for operator '{printable(kind)}'")
        if kind in PASSED:
            self.owner[out] = self.owner[read[0]]
            return
        if kind in ACTIVATIONS or self.is_relu6(node):
            activation = ACTIVATIONS.get(kind, "relu6")
            if not self.join(read[0], out, activation):
                self.append(out, "unary", read[:1])
            return
        handler: Callable[..., None] = HANDLERS.get(kind, _Reader.other)
        handler(self, node, read, out)

    def shape(self, tensor: str) -> Shape:
        """(height, width, channels) of one picture's tensor."""
        sides = self.sides.get(tensor, [])
        if not sides or min(sides) < 1:
            raise ValueError(f"the shape of '{printable(tensor)}' is not known")
        if len(sides) == 4:
            if sides[0] != 1:
                raise ValueError(f"it takes {sides[0]} pictures at once")
            return sides[2], sides[3], sides[1]
        rest = [1, 1, *sides[1:]]
        return math.prod(rest[:-2]), rest[-2], rest[-1]

    def append(self, tensor: str, op: str, read: Any, **values: Any) -> str:
        """Adds a layer that writes `tensor`; returns its name."""
        name = printable(tensor) or f"tensor_{len(self.layers)}"
        if name in self.layers:
            raise ValueError(f"'{name}' is written twice")
        inputs = tuple(self.owner[one] for one in read)
        self.layers[name] = Layer(name, op, inputs, self.shape(tensor), **values)
        self.owner[tensor] = name
        return name

    def join(self, source: str, out: str, activation: str) -> bool:
        """Gives the layer that wrote `source` an activation, if it alone is read there."""
        layer = self.layers[self.owner[source]]
        plain = layer.op in (*CONVOLUTIONS, "add") and layer.activation == "linear"
        if not plain or self.readers[source] > 1:
            return False
        self.layers[layer.name] = replace(layer, activation=activation)
        self.owner[out] = layer.name
        return True

    def is_relu6(self, node: Any) -> bool:
        if node.op_type != "Clip":
            return False
        told = attributes_of(node)
        limits = [told.get("min"), told.get("max")]
        if len(node.input) == 3:
            limits = [float(self.numbers(name)[0]) for name in node.input[1:]]
        return limits == [0, 6]

    def numbers(self, name: str) -> Any:
        """The few numbers that the file holds for a tensor."""
        return few_numbers(self.constants[name])

    def other(self, node: Any, read: list[str], out: str) -> None:
        """An operation that layer graphs do not know in this form."""
        kind = printable(node.op_type).lower()
        name = self.append(
            out, f"{kind} of another kind" if node.op_type in HANDLERS else kind, read
        )
        for further in node.output[1:]:
            self.owner[further] = name

    def convolution(self, node: Any, read: list[str], out: str) -> None:
        told, weights = attributes_of(node), list(self.constants[node.input[1]].dims)
        source, written = self.shape(read[0]), self.shape(out)
        groups, strides = told.get("group", 1), told.get("strides", [1, 1])
        depthwise = groups == source[2] == written[2] and groups > 1
        uneven = len(weights) != 4 or weights[2] != weights[3] or len(set(strides)) > 1
        dilated = max(told.get("dilations", [1, 1])) > 1
        if uneven or dilated or not (depthwise or groups == 1):
            return self.other(node, read, out)
        padding = padding_of(told, source, written, weights[2], strides[0])
        before = self.layers[self.owner[read[0]]]
        inputs: tuple[str, ...] = (before.name,)
        if before.op == "pad":
            padding = added(padding, before.padding)
            inputs = before.inputs
        name = self.append(
            out, "depthwise" if depthwise else "conv", read[:1],
            kernel=weights[2], stride=strides[0], padding=padding, bias=len(node.input) > 2,
        )  # fmt: skip
        self.layers[name] = replace(self.layers[name], inputs=inputs)
        return None

    def normalisation(self, node: Any, read: list[str], out: str) -> None:
        """Joins a convolution, as compilers fold it."""
        layer = self.layers[self.owner[read[0]]]
        plain = layer.op in CONVOLUTIONS and layer.activation == "linear"
        if not plain or self.readers[read[0]] > 1:
            return self.other(node, read, out)
        self.layers[layer.name] = replace(layer, bias=True)
        self.owner[out] = layer.name
        return None

    def pool(self, node: Any, read: list[str], out: str) -> None:
        told = attributes_of(node)
        kernel, strides = told["kernel_shape"], told.get("strides", [1, 1])
        if len(set(kernel)) > 1 or len(set(strides)) > 1 or len(kernel) != 2:
            return self.other(node, read, out)
        source, written = self.shape(read[0]), self.shape(out)
        padding = padding_of(told, source, written, kernel[0], strides[0])
        op = "maxpool" if node.op_type == "MaxPool" else "avgpool"
        self.append(out, op, read, kernel=kernel[0], stride=strides[0], padding=padding)
        return None

    def mean(self, node: Any, read: list[str], out: str) -> None:
        self.append(out, "mean_map", read)

    def addition(self, node: Any, read: list[str], out: str) -> None:
        if len(read) == 1:
            return self.arithmetic(node, read, out)
        if self.shape(read[0]) != self.shape(read[1]):
            return self.other(node, read, out)
        self.append(out, "add", read)
        return None

    def arithmetic(self, node: Any, read: list[str], out: str) -> None:
        """With a number, or with a number for each channel, that the file holds."""
        held = [self.constants[name] for name in node.input if name in self.constants]
        if len(read) != 1 or len(held) != 1:
            return self.other(node, read, out)
        count, channels = math.prod(held[0].dims), self.shape(read[0])[2]
        if count not in (1, channels) or len(held[0].dims) not in (0, 3, 4):
            return self.other(node, read, out)
        self.append(out, "unary" if count == 1 else "arithmetic", read)
        return None

    def concatenation(self, node: Any, read: list[str], out: str) -> None:
        maps = all(len(self.sides.get(name, [])) == 4 for name in read)
        if len(read) != len(node.input) or attributes_of(node)["axis"] not in (1, -3) or not maps:
            return self.other(node, read, out)
        self.append(out, "concat", read)
        return None

    def resize(self, node: Any, read: list[str], out: str) -> None:
        source, written = self.shape(read[0]), self.shape(out)
        factor, mode = written[0] // source[0], attributes_of(node).get("mode", b"nearest")
        exact = (source[0] * factor, source[1] * factor) == written[:2]
        if not exact or mode not in (b"nearest", b"linear"):
            return self.other(node, read, out)
        op = "upsample_nearest" if mode == b"nearest" else "upsample"
        self.append(out, op, read, stride=factor)
        return None

    def flatten(self, node: Any, read: list[str], out: str) -> None:
        """Of a map of one pixel it is nothing; of another the numbers change places."""
        layer = self.layers[self.owner[read[0]]]
        if not layer.shape[:2] == (1, 1) == self.shape(out)[:2]:
            return self.other(node, read, out)
        if layer.op == "mean_map" and self.readers[read[0]] == 1:
            self.layers[layer.name] = replace(layer, op="mean")
            self.owner[out] = layer.name
        else:
            self.append(out, "flatten", read)
        return None

    def dense(self, node: Any, read: list[str], out: str) -> None:
        """A 1x1 convolution of a map of one pixel, which is what the compiler makes of it."""
        source = self.layers[self.owner[read[0]]]
        if source.shape[:2] != (1, 1) or len(self.sides.get(out, [])) != 2:
            return self.other(node, read, out)
        name = self.append(out, "conv", read[:1], bias=len(node.input) > 2)
        if source.op == "flatten":
            self.layers[name] = replace(self.layers[name], inputs=source.inputs)
        row = Layer(f"{name}_row", "flatten", (name,), self.shape(out))
        self.layers[row.name] = row
        self.owner[out] = row.name
        return None

    def softmax(self, node: Any, read: list[str], out: str) -> None:
        if len(self.sides.get(read[0], [])) != 2:
            return self.other(node, read, out)
        self.append(out, "softmax", read)
        return None

    def pad(self, node: Any, read: list[str], out: str) -> None:
        told = attributes_of(node)
        amounts = told.get("pads") or self.numbers(node.input[1]).tolist()
        if told.get("mode", b"constant") != b"constant" or len(amounts) != 8 or min(amounts) < 0 \
                or any(amounts[i] for i in (0, 1, 4, 5)):  # fmt: skip
            return self.other(node, read, out)
        padding = (amounts[2], amounts[6], amounts[3], amounts[7])
        self.append(out, "pad", read[:1], padding=padding)
        return None


HANDLERS: dict[str, Callable[..., None]] = {
    "Conv": _Reader.convolution,
    "BatchNormalization": _Reader.normalisation,
    "MaxPool": _Reader.pool,
    "AveragePool": _Reader.pool,
    "GlobalAveragePool": _Reader.mean,
    "Add": _Reader.addition,
    "Sub": _Reader.arithmetic,
    "Mul": _Reader.arithmetic,
    "Div": _Reader.arithmetic,
    "Concat": _Reader.concatenation,
    "Resize": _Reader.resize,
    "Upsample": _Reader.resize,
    "Flatten": _Reader.flatten,
    "Reshape": _Reader.flatten,
    "Gemm": _Reader.dense,
    "Softmax": _Reader.softmax,
    "Pad": _Reader.pad,
}

"""Layer graphs written as ONNX files, with random weights, as PyTorch exports them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import onnx
from onnx import helper

from dse.network.graph import Graph, Layer
from tests.chips.networks import BOTTOM_RIGHT, chain, conv, depthwise

OPSET = 13
ACTIVATIONS = {"relu": "Relu", "leaky": "LeakyRelu", "sigmoid": "Sigmoid"}


class Writer:
    def __init__(self, graph: Graph) -> None:
        self.graph, self.rng = graph, np.random.default_rng(0)
        self.nodes: list[Any] = []
        self.held: list[Any] = []

    def constant(self, name: str, values: Any) -> str:
        self.held.append(onnx.numpy_helper.from_array(np.asarray(values), name))
        return name

    def layer(self, layer: Layer) -> None:
        out = layer.name if layer.activation == "linear" else f"{layer.name}_linear"
        getattr(self, layer.op)(layer, out)
        if layer.activation == "relu6":
            limits = [self.constant(f"{layer.name}_{n}", np.float32(n)) for n in (0, 6)]
            self.nodes.append(helper.make_node("Clip", [out, *limits], [layer.name]))
        elif layer.activation != "linear":
            kind = ACTIVATIONS[layer.activation]
            self.nodes.append(helper.make_node(kind, [out], [layer.name]))

    def conv(self, layer: Layer, out: str) -> None:
        channels, source = layer.shape[2], self.graph.input_shapes(layer)[0][2]
        groups = source if layer.op == "depthwise" else 1
        kernel = self.rng.normal(0, 0.3, (channels, source // groups, layer.kernel, layer.kernel))
        inputs = [
            layer.inputs[0],
            self.constant(f"{layer.name}_w", kernel.astype("f4")),
            self.constant(f"{layer.name}_b", self.rng.normal(0, 0.1, channels).astype("f4")),
        ]
        top, bottom, left, right = layer.padding
        self.nodes.append(helper.make_node(
            "Conv", inputs, [out], group=groups, strides=[layer.stride] * 2,
            kernel_shape=[layer.kernel] * 2, pads=[top, left, bottom, right],
        ))  # fmt: skip

    depthwise = conv

    def maxpool(self, layer: Layer, out: str) -> None:
        kind = "MaxPool" if layer.op == "maxpool" else "AveragePool"
        self.nodes.append(helper.make_node(
            kind, list(layer.inputs), [out], kernel_shape=[layer.kernel] * 2,
            strides=[layer.stride] * 2,
        ))  # fmt: skip

    avgpool = maxpool

    def add(self, layer: Layer, out: str) -> None:
        self.nodes.append(helper.make_node("Add", list(layer.inputs), [out]))

    def concat(self, layer: Layer, out: str) -> None:
        self.nodes.append(helper.make_node("Concat", list(layer.inputs), [out], axis=1))

    def upsample_nearest(self, layer: Layer, out: str) -> None:
        scales = self.constant(
            f"{layer.name}_s", np.array([1, 1, layer.stride, layer.stride], "f4")
        )
        self.nodes.append(helper.make_node("Resize", [layer.inputs[0], "", scales], [out]))

    def mean_map(self, layer: Layer, out: str) -> None:
        self.nodes.append(helper.make_node("GlobalAveragePool", list(layer.inputs), [out]))

    def input(self, layer: Layer, out: str) -> None:
        """Given by the caller."""


def written(graph: Graph, batch: int | str = 1, more: list[Any] | None = None) -> bytes:
    """The file. more: nodes at the end, the last of which writes "last"."""
    writer = Writer(graph)
    for layer in graph:
        writer.layer(layer)
    height, width, channels = graph.input.shape
    picture = [batch, channels, height, width]
    outputs = ["last"] if more else list(graph.outputs)
    floats = onnx.TensorProto.FLOAT
    made = helper.make_graph(
        [*writer.nodes, *(more or [])],
        graph.name,
        [helper.make_tensor_value_info(graph.input.name, floats, picture)],
        [helper.make_tensor_value_info(name, floats, None) for name in outputs],
        writer.held,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    return bytes(model.SerializeToString())


def branches() -> Graph:
    """All that the reader knows, but for heads."""
    first = chain((32, 48, 3), replace(conv("a", 8, 3, 2), activation="leaky"), depthwise("b"))
    layers = (
        *first.layers,
        Layer("c", "conv", ("b",), (16, 24, 8), bias=True),
        Layer("sum", "add", ("a", "c"), (16, 24, 8), activation="relu"),
        Layer("pool", "maxpool", ("sum",), (8, 12, 8), 2, 2),
        Layer("mean", "avgpool", ("sum",), (8, 12, 8), 2, 2),
        Layer("both", "concat", ("pool", "mean"), (8, 12, 16)),
        Layer("large", "upsample_nearest", ("both",), (16, 24, 16), stride=2),
        Layer("odd", "conv", ("large",), (8, 12, 4), 3, 2, BOTTOM_RIGHT, "sigmoid", bias=True),
    )
    return Graph("branches", layers, ("odd", "large"))


def classifier() -> bytes:
    """A convolution, the mean of its channels, a dense layer, softmax."""
    rng = np.random.default_rng(1)
    held = {"w": rng.normal(size=(8, 4)), "b": np.zeros(4)}
    constants = [
        helper.make_node(
            "Constant", [], [name], value=onnx.numpy_helper.from_array(values.astype("f4"))
        )
        for name, values in held.items()
    ]
    head = [
        *constants,
        helper.make_node("GlobalAveragePool", ["a"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["row"]),
        helper.make_node("Gemm", ["row", "w", "b"], ["dense"]),
        helper.make_node("Softmax", ["dense"], ["last"]),
    ]
    return written(chain((16, 16, 3), conv("a", 8, 3)), more=head)

"""The operators of a network that was read from a file and then changed in its layers.

A layer that is as it was keeps its operators; a convolution, an addition or a mean is written anew
from what the layer says. Shapes follow; where they cannot, nothing is rebuilt.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from dse.network.graph import CONVOLUTIONS, Graph, Layer
from dse.network.operators import Constant, Operator, Operators, Sides, Tensor

__all__ = ["rebuilt"]

VALID = 1
MAP_AXES = 4
CLAMPS = {"linear": 0, "relu": 1, "relu1": 2, "relu6": 3}
FUNCTIONS = {"leaky": "LEAKY_RELU", "sigmoid": "LOGISTIC", "tanh": "TANH"}
ELEMENTWISE = frozenset((
    "ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "POW", "SQUARED_DIFFERENCE", "RELU", "RELU6",
    "LEAKY_RELU", "PRELU", "LOGISTIC", "TANH", "HARD_SWISH", "SOFTMAX", "EXP", "LOG", "NEG", "ABS",
    "SQRT", "RSQRT", "SQUARE",
))  # fmt: skip
"""Operators that write as much as the larger of what they read."""


class _Unclear(Exception):
    """What a changed layer's operators would be."""


def rebuilt(graph: Graph, like: Graph) -> Graph:
    """`graph`, made of `like` by changing layers, with operators of its own; as it is where `like`
    has none, or where it is not clear what they would be."""
    if like.operators is None:
        return graph
    try:
        return replace(graph, operators=_Rebuilding(graph, like, like.operators).operators())
    except _Unclear:
        return graph


class _Rebuilding:
    def __init__(self, graph: Graph, like: Graph, old: Operators) -> None:
        self.graph, self.like, self.old = graph, like, old
        self.known = {one.name: one.op for one in like}
        self.own: dict[str, list[Operator]] = {}
        self.writer: dict[int, str] = {tensor.number: layer for layer, tensor in old.inputs}
        for operator in old.operators:
            self.own.setdefault(operator.layer, []).append(operator)
            self.writer.update((tensor.number, operator.layer) for tensor in operator.outputs)
        self.done: list[Operator] = []
        self.tensors: dict[str, Tensor] = {}
        self.number = 0

    def operators(self) -> Operators:
        inputs = []
        given = dict(self.old.inputs)
        for layer in self.graph:
            if layer.op == "input":
                sides = (1, *layer.shape) if len(given[layer.name].sides) == MAP_AXES else None
                tensor = self.tensor(sides or given[layer.name].sides)
                self.tensors[layer.name] = tensor
                inputs.append((layer.name, tensor))
            else:
                self.tensors[layer.name] = self.layer(layer)
        ends = tuple(self.tensors[name] for name in self.graph.outputs)
        return Operators(tuple(self.done), tuple(inputs), ends)

    def tensor(self, sides: Sequence[int], constant: Constant | None = None) -> Tensor:
        self.number += 1
        return Tensor(self.number, tuple(sides), "float32", constant)

    def emit(
        self, layer: Layer, kind: str, inputs: Iterable[Tensor | None], sides: Sequence[int],
        **options: object,
    ) -> Tensor:  # fmt: skip
        out = self.tensor(sides)
        self.done.append(Operator(kind, layer.name, tuple(inputs), (out,), options))
        return out

    def layer(self, layer: Layer) -> Tensor:
        """The operators of one layer; returns what the last one writes."""
        read = [self.tensors[name] for name in layer.inputs]
        own = self.own.get(layer.name, []) if self.is_of_the_file(layer) else []
        if layer.op in CONVOLUTIONS and all(len(tensor.sides) == MAP_AXES for tensor in read):
            return self.convolution(layer, read[0], own)
        if layer.op == "mean" and not own:
            if len(read[0].sides) != MAP_AXES:
                raise _Unclear
            axes = self.tensor((2,), Constant((1.0, 2.0)))
            return self.emit(layer, "MEAN", (read[0], axes), (1, layer.shape[2]), KeepDims=False)
        if layer.op in CONVOLUTIONS and not _fits(own, read[0]):
            return self.dense(layer, read[0])
        if layer.op == "flatten" and not own:
            return read[0]
        if not own:
            raise _Unclear
        return self.copied(layer, own)

    def is_of_the_file(self, layer: Layer) -> bool:
        """It was there, and did the same."""
        return self.known.get(layer.name) == layer.op

    def convolution(self, layer: Layer, read: Tensor, own: list[Operator]) -> Tensor:
        """A pad and a convolution without one, which the compiler joins; then its function."""
        channels = layer.shape[2]
        if any(layer.padding):
            top, bottom, left, right = layer.padding
            amounts = self.tensor((4, 2), Constant((0, 0, top, bottom, left, right, 0, 0)))
            _, height, width, inside = read.sides
            sides = (1, height + top + bottom, width + left + right, inside)
            read = self.emit(layer, "PAD", (read, amounts), sides)
        depthwise = layer.op == "depthwise"
        filters = (1, layer.kernel, layer.kernel, channels) if depthwise else (
            channels, layer.kernel, layer.kernel, read.sides[3],
        )  # fmt: skip
        weights, bias = self.tensor(filters, Constant()), self.tensor((channels,), Constant())
        out = self.emit(
            layer, "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D", (read, weights, bias),
            (1, *layer.shape), Padding=VALID, StrideH=layer.stride, StrideW=layer.stride,
            DilationHFactor=1, DilationWFactor=1, DepthMultiplier=1,
            FusedActivationFunction=0 if self.has_own_relu(own) else _clamp(layer),
        )  # fmt: skip
        return self.activated(layer, out, own)

    def has_own_relu(self, own: list[Operator]) -> bool:
        return any(operator.kind == "RELU" for operator in own)

    def activated(self, layer: Layer, out: Tensor, own: list[Operator]) -> Tensor:
        kind = "RELU" if self.has_own_relu(own) else FUNCTIONS.get(layer.activation)
        return self.emit(layer, kind, (out,), out.sides) if kind else out

    def dense(self, layer: Layer, read: Tensor) -> Tensor:
        width, out = math.prod(read.sides[1:]), layer.shape[2]
        weights, bias = self.tensor((out, width), Constant()), self.tensor((out,), Constant())
        clamp = _clamp(layer)
        inputs = (read, weights, bias)
        found = self.emit(layer, "FULLY_CONNECTED", inputs, (1, out), FusedActivationFunction=clamp)
        return self.activated(layer, found, [])

    def copied(self, layer: Layer, own: list[Operator]) -> Tensor:
        """The operators that the layer had, reading what its inputs are now."""
        before = dict(zip(self.like[layer.name].inputs, layer.inputs, strict=True))
        inside: dict[int, Tensor] = {}
        out: Tensor | None = None
        for operator in own:
            inputs = tuple(self.now(tensor, before, inside) for tensor in operator.inputs)
            written = tuple(self.tensor(_sides(operator, inputs, old)) for old in operator.outputs)
            self.done.append(replace(operator, inputs=inputs, outputs=written))
            inside.update(
                (old.number, new) for old, new in zip(operator.outputs, written, strict=True)
            )
            out = out or written[0] if len(written) > 1 else written[0]
        assert out is not None
        return out

    def now(
        self, tensor: Tensor | None, before: dict[str, str], inside: dict[int, Tensor]
    ) -> Tensor | None:
        """What stands for a tensor of the file; constants are what they were."""
        if tensor is None:
            return None
        if tensor.number in inside:
            return inside[tensor.number]
        if tensor.constant is not None:
            self.number += 1
            return replace(tensor, number=self.number)
        writer = self.writer[tensor.number]
        if writer not in before:
            raise _Unclear
        return self.tensors[before[writer]]


def _fits(own: Sequence[Operator], read: Tensor) -> bool:
    """A dense layer's weights are for as many numbers as it reads."""
    weights = [one.inputs[1] for one in own if one.kind == "FULLY_CONNECTED"]
    return any(one is not None and one.sides[1] == math.prod(read.sides[1:]) for one in weights)


def _clamp(layer: Layer) -> int:
    return CLAMPS.get(layer.activation, 0)


def _sides(operator: Operator, inputs: Sequence[Tensor | None], old: Tensor) -> Sides:
    """What `operator` writes, having written `old`, now that it reads `inputs`."""
    pairs = [(o, n) for o, n in zip(operator.inputs, inputs, strict=True) if o and n]
    if all(one.sides == other.sides for one, other in pairs):
        return old.sides
    if operator.kind in ELEMENTWISE:
        return tuple(np.broadcast_shapes(*(new.sides for _, new in pairs)))
    first, now = pairs[0]
    if operator.kind in ("MEAN", "REDUCE_MAX") and first.sides[-1] == now.sides[-1]:
        return old.sides
    if operator.kind == "CONCATENATION":
        axis = operator.options["Axis"] % len(now.sides)
        total = sum(new.sides[axis] for _, new in pairs)
        return (*now.sides[:axis], total, *now.sides[axis + 1 :])
    raise _Unclear

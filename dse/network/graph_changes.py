"""Changes of a layer graph that keep it one: a layer left out, an input of another size."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from dse.network.graph import CONVOLUTIONS, Graph, Layer, Shape

__all__ = ["reshaped", "used", "with_layers", "without"]

WINDOWS = (*CONVOLUTIONS, "maxpool", "avgpool")
KEPT = (
    "unary", "arithmetic", "softmax", "sub", "mul", "div", "maximum", "minimum", "prelu", "tanh",
    "hard_swish", "logistic", "relu", "relu6", "exp", "log",
)  # fmt: skip
"""Write maps of the shape of the largest that they read."""


def with_layers(graph: Graph, changed: Mapping[str, Layer]) -> Graph:
    """The graph with other layers in the place of some, by name; shapes are taken as they are."""
    layers = tuple(changed.get(layer.name, layer) for layer in graph)
    return Graph(graph.name, layers, graph.outputs)


def without(graph: Graph, names: Mapping[str, str]) -> Graph:
    """The graph without some layers. names: each of them -> the layer that is read instead."""

    def instead(name: str) -> str:
        while name in names:
            name = names[name]
        return name

    layers = tuple(
        replace(layer, inputs=tuple(map(instead, layer.inputs)))
        for layer in graph
        if layer.name not in names
    )
    return Graph(graph.name, layers, tuple(map(instead, graph.outputs)))


def used(graph: Graph) -> Graph:
    """The graph without layers that nobody reads."""
    needed: set[str] = set(graph.outputs)
    for layer in reversed(graph.layers):
        if layer.name in needed:
            needed.update(layer.inputs)
    layers = tuple(layer for layer in graph if layer.name in needed or layer.op == "input")
    return Graph(graph.name, layers, graph.outputs)


def reshaped(graph: Graph, shape: Shape) -> Graph | None:
    """The graph for an input (height, width, channels); all other shapes follow. None where a
    layer's own weights depend on the size, or maps no longer match."""
    shapes: dict[str, Shape] = {}
    layers = []
    for layer in graph:
        found = shape if layer.op == "input" else _shape(layer, [shapes[n] for n in layer.inputs])
        if found is None or min(found) < 1:
            return None
        shapes[layer.name] = found
        layers.append(replace(layer, shape=found))
    return Graph(graph.name, tuple(layers), graph.outputs)


def _shape(layer: Layer, read: list[Shape]) -> Shape | None:
    """What `layer` writes when it reads maps of those shapes."""
    height, width, channels = read[0]
    if layer.op in WINDOWS:
        top, bottom, left, right = layer.padding
        sides = (height + top + bottom, width + left + right)
        height, width = ((side - layer.kernel) // layer.stride + 1 for side in sides)
        return height, width, layer.shape[2] if layer.op == "conv" else channels
    if layer.op == "pad":
        top, bottom, left, right = layer.padding
        return height + top + bottom, width + left + right, channels
    if layer.op == "add":
        return read[0] if len(set(read)) == 1 else None
    if layer.op == "concat":
        same = len({one[:2] for one in read}) == 1
        return (height, width, sum(one[2] for one in read)) if same else None
    if layer.op in ("upsample", "upsample_nearest"):
        return height * layer.stride, width * layer.stride, channels
    if layer.op in ("mean", "mean_map") and layer.shape == (1, 1, channels):
        return layer.shape
    if layer.op in ("reshape", "flatten") and (height, width) == (1, 1):
        return read[0]
    return max(read, key=math.prod) if layer.op in KEPT else None

"""Small graphs that several tests of this folder use."""

from __future__ import annotations

from dataclasses import replace

from dse.network.graph import CONVOLUTIONS, Graph, Layer, Padding, Shape
from dse.network.mobilenetv2 import backbone_graph

ONE: Padding = (1, 1, 1, 1)
BOTTOM_RIGHT: Padding = (0, 1, 0, 1)


def chain(shape: Shape, *layers: Layer) -> Graph:
    """`layers` one after the other; inputs and shapes are filled in."""
    done = [Layer("input", "input", (), shape)]
    for layer in layers:
        done.append(placed(layer, done[-1]))
    return Graph("chain", tuple(done), (done[-1].name,))


def placed(layer: Layer, before: Layer) -> Layer:
    """`layer` reading `before`, with the shape that follows."""
    top, bottom, left, right = layer.padding
    height = (before.shape[0] + top + bottom - layer.kernel) // layer.stride + 1
    width = (before.shape[1] + left + right - layer.kernel) // layer.stride + 1
    channels = layer.shape[2] if layer.op == "conv" else before.shape[2]
    return replace(layer, inputs=(before.name,), shape=(height, width, channels))


def conv(name: str, channels: int, kernel: int = 1, stride: int = 1, padding: int = -1) -> Layer:
    """A convolution; shape and inputs are set by `chain`. Padding defaults to half a kernel."""
    pad = kernel // 2 if padding < 0 else padding
    return Layer(name, "conv", (), (0, 0, channels), kernel, stride, (pad,) * 4, "relu6", bias=True)


def depthwise(name: str, stride: int = 1) -> Layer:
    """A 3x3 depthwise convolution padded by one; shape and inputs are set by `chain`."""
    return Layer(name, "depthwise", (), (0, 0, 0), 3, stride, ONE, "relu6", bias=True)


def grid_graph(alpha: float, height: int, width: int, padding: str) -> Graph:
    """The networks of the compiled grid: MobileNetV2 up to block 16, an 18-channel head.

    padding: "sym", or "tf" for a row and a column of zeros at the bottom and to the right of
    everything with a stride of 2.
    """
    shapes: dict[str, Shape] = {}
    layers = []
    for layer in backbone_graph(alpha, height, width):
        if layer.name == "Conv_1":
            layer = Layer("head", "conv", layer.inputs, (0, 0, 18), bias=True)
        if padding == "tf" and layer.stride == 2:
            layer = replace(layer, padding=BOTTOM_RIGHT)
        if layer.op in CONVOLUTIONS:
            source = Layer(layer.inputs[0], "input", (), shapes[layer.inputs[0]])
            shape = placed(layer, source).shape
            layer = replace(layer, shape=(*shape[:2], layer.shape[2]))
        elif layer.op == "add":
            layer = replace(layer, shape=shapes[layer.inputs[0]])
        shapes[layer.name] = layer.shape
        layers.append(layer)
    return Graph(f"grid-{alpha:g}-{height}x{width}-{padding}", tuple(layers), ("head",))

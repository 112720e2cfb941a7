"""A training's network: a backbone until its breakpoint, and the detection head there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from dse.canvas import Canvas, InputSize
from dse.detection.head import FACE_HEAD, Head
from dse.detection.heads import channels_of
from dse.network.families import BREAKPOINTS
from dse.network.graph import Graph, Layer
from dse.network.mobilenetv2 import scaled_channels
from dse.space import Training

__all__ = [
    "Network",
    "detector",
    "detector_graph",
    "frozen_layers",
    "head_layer",
]


class Network(NamedTuple):
    """What a detector's cost depends on: not on lambda, which only says what is trained.

    channels: of the map that its head writes.
    """

    breakpoint: str
    width: float
    input_size: InputSize
    channels: int = FACE_HEAD.channels

    @classmethod
    def of(cls, training: Training, classes: int = 1) -> Network:
        """The network of `training` for so many classes."""
        channels = channels_of(training.head, classes)
        return cls(training.breakpoint, training.width, training.input_size, channels)

    @property
    def graph(self) -> Graph:
        """Its layers."""
        scaled = partial(scaled_channels, self.width)
        name = f"{self.breakpoint}-a{self.width:g}-{self.input_size}"
        canvas = Canvas.of(self.input_size)
        return detector(name, self.breakpoint, scaled, canvas, self.channels)


def detector_graph(training: Training, head: Head | None = None, *, classes: int = 1) -> Graph:
    """The detector of `training`: one output, the map of `head`.

    classes: what is known of the head where its anchors are not.
    """
    scaled = partial(scaled_channels, training.width)
    channels = head.channels if head else channels_of(training.head, classes)
    return detector(training.id, training.breakpoint, scaled, training.canvas, channels)


def detector(
    name: str,
    breakpoint: str,
    scaled: Callable[[int], int],
    canvas: Canvas,
    channels: int = FACE_HEAD.channels,
) -> Graph:
    """The detector for pictures of that size; `scaled` gives a layer's channels from alpha 1's.

    channels: of its map.
    """
    layers = BREAKPOINTS[breakpoint].layers(scaled, canvas.height, canvas.width)
    return Graph(name, (*layers, head_layer("head", layers[-1], channels)), ("head",))


def head_layer(name: str, source: Layer, channels: int = FACE_HEAD.channels) -> Layer:
    """The convolution 1 x 1 that writes a map of `channels` from what `source` writes."""
    return Layer(name, "conv", (source.name,), (*source.shape[:2], channels), bias=True)


def frozen_layers(graph: Graph, training: Training) -> frozenset[str]:
    """Names of the layers of its `graph` that keep their starting weights in `training`."""
    first = BREAKPOINTS[training.breakpoint].first_trained[training.frozen_until]
    names = [layer.name for layer in graph]
    return frozenset(names[: names.index(first)])

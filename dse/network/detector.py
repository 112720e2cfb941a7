"""A training's network: a backbone until its breakpoint, and the face-detection head there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from dse.network import mobilenetv2, plain
from dse.network.graph import Graph, Layer
from dse.space import PLAIN, Training

__all__ = [
    "ANCHORS",
    "HEAD_CHANNELS",
    "detector",
    "detector_graph",
    "frozen_layers",
]

ANCHORS = 25
"""Canonical boxes a cell holds (Tiny-Face's templates)."""

HEAD_CHANNELS = ANCHORS * 5
"""One face score and four box numbers for each canonical box."""


def detector_graph(training: Training) -> Graph:
    """The face detector of `training`: one output, a map of `HEAD_CHANNELS` channels."""
    scaled = partial(mobilenetv2.scaled_channels, training.width)
    return detector(training.id, training.breakpoint, scaled, training.input_size)


def detector(name: str, breakpoint: str, scaled: Callable[[int], int], input_size: int) -> Graph:
    """The face detector for square pictures; `scaled` gives a layer's channels from alpha 1's."""
    if breakpoint == PLAIN:
        layers = plain.plain_backbone(scaled, input_size, input_size)
    else:
        layers = mobilenetv2.layers_until(breakpoint, scaled, input_size, input_size)
    source = layers[-1]
    head = Layer("head", "conv", (source.name,), (*source.shape[:2], HEAD_CHANNELS), bias=True)
    return Graph(name, (*layers, head), ("head",))


def frozen_layers(graph: Graph, frozen_until: int) -> frozenset[str]:
    """Names of the layers that keep their starting weights under lambda = `frozen_until`."""
    first = mobilenetv2.FIRST_TRAINED.get(frozen_until, f"conv_{frozen_until}")
    names = [layer.name for layer in graph]
    return frozenset(names[: names.index(first)])

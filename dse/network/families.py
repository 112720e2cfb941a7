"""The networks that there are: families, and the breakpoints that cut them.

A candidate's letter is a breakpoint: where the head leaves a backbone. All that depends on the
letter stands here once; another network is another entry of `BREAKPOINTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from dse.canvas import Canvas
from dse.network import mobilenetv2, plain
from dse.network.graph import Layer

__all__ = ["BREAKPOINTS", "MOBILENETV2", "PLAIN", "Backbone", "Breakpoint", "Family"]

Backbone = Callable[[Callable[[int], int], int, int], tuple[Layer, ...]]
"""(channels at this alpha from those at alpha 1, height, width in pixels) -> the layers."""


@dataclass(frozen=True)
class Family:
    """Breakpoints of one backbone.

    title: for people. widths: values of alpha, the backbone's channel multiplier.
    weights: the stem of the files in `dse/network/weights` that it may start from.
    in_keras: whether `keras.applications` has ImageNet weights of it; if not, it always starts
    from the package's.
    """

    name: str
    title: str
    widths: tuple[float, ...]
    weights: str
    in_keras: bool


@dataclass(frozen=True)
class Breakpoint:
    """One letter: a backbone until the layer that the head reads.

    first_trained: per lambda, counted in layers of the backbone, the first layer that is trained.
    layers: makes the backbone; the head reads the last layer.
    misfit: why there is no such network for pictures of that size, or "".
    shipped: lambda and input size at which whole detectors, head included, come with the
    package, one per width; None where only backbones do.
    """

    letter: str
    family: Family
    first_trained: Mapping[int, str]
    layers: Backbone
    misfit: Callable[[Canvas], str] = lambda canvas: ""
    shipped: tuple[int, int] | None = None

    @property
    def lambdas(self) -> tuple[int, ...]:
        """The values of lambda."""
        return tuple(self.first_trained)


def _maps_do_not_join(canvas: Canvas) -> str:
    if any(-(-side // 16) % 2 for side in (canvas.width, canvas.height)):
        return f"at {canvas} pixels the map of A is not twice as large as that of B"
    return ""


MOBILENETV2 = Family(
    "mobilenetv2", "MobileNetV2", (0.35, 0.5, 0.75, 1.0), "mobilenetv2_face", in_keras=True
)
PLAIN = Family("plain", "the plain network", (0.5, 1.0, 1.5), "plain_face", in_keras=False)

_FIRST_TRAINED = {63: "block_7_expand", 98: "block_11_expand", 133: "block_15_expand"}
"""Narduzzi et al. (arXiv 2208.11011), section III; lambda counts Keras' layers."""

_BEFORE_A = {count: name for count, name in _FIRST_TRAINED.items() if count < 133}

_EVERY = (
    Breakpoint("A", MOBILENETV2, _BEFORE_A, partial(mobilenetv2.layers_until, mobilenetv2.FINE)),
    Breakpoint(
        "B", MOBILENETV2, _FIRST_TRAINED, partial(mobilenetv2.layers_until, mobilenetv2.COARSE)
    ),
    Breakpoint("C", MOBILENETV2, _FIRST_TRAINED, mobilenetv2.joined_layers, _maps_do_not_join),
    Breakpoint(
        "P",
        PLAIN,
        {count: f"conv_{count}" for count in (3, 5, 8)},
        plain.plain_backbone,
        shipped=(5, 256),
    ),
)

BREAKPOINTS = {one.letter: one for one in _EVERY}
"""By letter, in the order in which people are told of them."""

"""A backbone made for the K210: 3 x 3 convolutions and nothing else.

The KPU runs a 3 x 3 convolution in the time of a 1 x 1, and every addition sends two maps
through the CPU and back (`docs/latency.md`). So no layer here is depthwise and none adds; a
map never leaves the accelerator before the head. At 256 pixels every map fills the rows of the
KPU's memory, too.
"""

from __future__ import annotations

from collections.abc import Callable

from dse.network.graph import Layer

__all__ = ["CONVOLUTIONS", "plain_backbone"]

CONVOLUTIONS = (
    (16, 2), (32, 2),                                  # channels, stride
    (64, 2), (64, 1),
    (128, 2), (128, 1), (128, 1), (128, 1), (128, 1), (128, 1),
)  # fmt: skip
"""One row a convolution, at alpha 1; they are called conv_1, conv_2, ..."""


def plain_backbone(scaled: Callable[[int], int], height: int, columns: int) -> tuple[Layer, ...]:
    """The input and every convolution; `scaled` gives a layer's channels from alpha 1's."""
    layers = [Layer("input", "input", (), (height, columns, 3))]
    for number, (channels, stride) in enumerate(CONVOLUTIONS, start=1):
        before = layers[-1]
        rows, width = (-(-side // stride) for side in before.shape[:2])
        shape = (rows, width, scaled(channels))
        layers.append(
            Layer(
                f"conv_{number}", "conv", (before.name,), shape, 3, stride, (1,) * 4, "relu6",
                bias=True,
            )
        )  # fmt: skip
    return tuple(layers)

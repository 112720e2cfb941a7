"""MobileNetV2, as a layer graph.

The backbone is Sandler et al. (arXiv 1801.04381) with the names and channel rounding of
`keras.applications`; heads leave it where Narduzzi et al. (arXiv 2208.11011) had them. Every
stride-2 convolution pads one zero on all four sides, because the K210 cannot do otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from dse.network.graph import Graph, Layer, Shape

__all__ = ["COARSE", "FINE", "backbone_graph", "joined_layers", "layers_until", "scaled_channels"]

STEM_CHANNELS = 32
LAST_CHANNELS = 1280

BLOCKS = (
    (16, 1, 1),  # channels, stride, expansion: block 0 does not expand
    (24, 2, 6), (24, 1, 6),
    (32, 2, 6), (32, 1, 6), (32, 1, 6),
    (64, 2, 6), (64, 1, 6), (64, 1, 6), (64, 1, 6),
    (96, 1, 6), (96, 1, 6), (96, 1, 6),
    (160, 2, 6), (160, 1, 6), (160, 1, 6),
    (320, 1, 6),
)  # fmt: skip
"""Table 2 of arXiv 1801.04381, one row a block."""

FINE, COARSE = "block_13_expand", "Conv_1"
"""The layers that heads read: OutA, of stride 16, and OutB, of stride 32."""


def layers_until(
    end: str, scaled: Callable[[int], int], height: int, columns: int
) -> tuple[Layer, ...]:
    """The layers that lead to the one called `end`, which is the last; `scaled` gives a
    layer's channels from alpha 1's."""
    layers = _backbone(scaled, height, columns)
    last = next(i for i, layer in enumerate(layers) if layer.name == end)
    return tuple(layers[: last + 1])


def joined_layers(scaled: Callable[[int], int], height: int, columns: int) -> tuple[Layer, ...]:
    """The whole backbone and, last, OutC: OutA beside OutB up-sampled to OutA's size."""
    layers = _backbone(scaled, height, columns)
    shapes = {layer.name: layer.shape for layer in layers}
    fine, coarse = shapes[FINE], shapes[COARSE]
    grown = (coarse[0] * 2, coarse[1] * 2, coarse[2])
    upsample = Layer("upsample", "upsample", (COARSE,), grown, stride=2)
    joined = (fine[0], fine[1], fine[2] + coarse[2])
    return (*layers, upsample, Layer("concat", "concat", (FINE, "upsample"), joined))


def backbone_graph(width: float, height: int, columns: int) -> Graph:
    """The whole backbone up to `Conv_1`, for pictures of `height` x `columns` pixels."""
    layers = _backbone(partial(scaled_channels, width), height, columns)
    return Graph(f"mobilenetv2-a{width:g}", tuple(layers), (COARSE,))


def _backbone(scaled: Callable[[int], int], height: int, columns: int) -> list[Layer]:
    """The input and every convolution and addition up to `Conv_1`."""
    layers = [Layer("input", "input", (), (height, columns, 3))]

    def convolve(name: str, op: str, channels: int, kernel: int, stride: int, act: str) -> None:
        before = layers[-1]
        pad = kernel // 2
        shape = _strided(before.shape, stride, channels)
        layers.append(
            Layer(name, op, (before.name,), shape, kernel, stride, (pad,) * 4, act, batch_norm=True)
        )

    convolve("Conv1", "conv", scaled(STEM_CHANNELS), 3, 2, "relu6")
    for number, (channels, stride, expansion) in enumerate(BLOCKS):
        block_input = layers[-1]
        out, inner = scaled(channels), block_input.shape[2] * expansion
        prefix = f"block_{number}_" if number else "expanded_conv_"
        if expansion > 1:
            convolve(f"{prefix}expand", "conv", inner, 1, 1, "relu6")
        convolve(f"{prefix}depthwise", "depthwise", inner, 3, stride, "relu6")
        convolve(f"{prefix}project", "conv", out, 1, 1, "linear")
        if layers[-1].shape == block_input.shape:
            both = (block_input.name, layers[-1].name)
            layers.append(Layer(f"{prefix}add", "add", both, block_input.shape))
    convolve(COARSE, "conv", scaled(LAST_CHANNELS), 1, 1, "relu6")
    return layers


def _strided(shape: Shape, stride: int, channels: int) -> Shape:
    """A same-padded convolution's output: sides divided by `stride`, rounded up."""
    height, width, _ = shape
    return (-(-height // stride), -(-width // stride), channels)


def scaled_channels(alpha: float, channels: int, divisor: int = 8) -> int:
    """`channels` times alpha, as Keras rounds: to a multiple of 8, never more than 10 % down.

    The last convolution is never made narrower.
    """
    wanted = channels * (max(alpha, 1.0) if channels == LAST_CHANNELS else alpha)
    rounded = max(divisor, int(wanted + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * wanted else rounded

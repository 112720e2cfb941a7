"""What the KPU can run: shapes, filters, strides.

Source: nncase v1.9.0, modules/k210/include/nncase/transforms/k210/kpu_utils.h. What these
rules refuse runs on the CPU, in float32, with its weights stored as float32.
"""

from __future__ import annotations

from dse.network.graph import Padding, Shape

__all__ = [
    "MINIMUM_SIDE",
    "is_supported_convolution",
    "is_supported_input",
    "is_supported_pool",
    "why_not",
]

MINIMUM_SIDE = 4
MAXIMUM_HEIGHT = 256
MAXIMUM_WIDTH = 512
MAXIMUM_CHANNELS = 1024
KERNELS = (1, 3)
POOLS = ((2, 1), (2, 2), (4, 4))
"""(window, stride) of a maximum or a mean."""


def is_supported_input(shape: Shape) -> bool:
    """The KPU can read a map of `shape` (height, width, channels)."""
    height, width, channels = shape
    return (
        channels <= MAXIMUM_CHANNELS
        and MINIMUM_SIDE <= height <= MAXIMUM_HEIGHT
        and MINIMUM_SIDE <= width <= MAXIMUM_WIDTH
    )


def is_supported_convolution(source: Shape, channels: int, kernel: int, padding: Padding) -> bool:
    """The KPU can run this convolution, padding beyond its own done by the CPU before."""
    return not why_not(source, channels, kernel, padding)


def is_supported_pool(source: Shape, kernel: int, stride: int, padding: Padding) -> bool:
    """The KPU can pool a convolution's result of shape `source` while it writes it."""
    own = (0, 1, 0, 1) if stride == 1 else (0, 0, 0, 0)
    return (kernel, stride) in POOLS and padding == own and is_supported_input(source)


def why_not(source: Shape, channels: int, kernel: int, padding: Padding) -> str:
    """Why a convolution of `source` to `channels` runs on the CPU; empty when it need not."""
    height, width, input_channels = source
    if kernel not in KERNELS:
        return f"the KPU has 1x1 and 3x3 filters, not {kernel}x{kernel}"
    if max(input_channels, channels) > MAXIMUM_CHANNELS:
        count = max(input_channels, channels)
        return f"{count} channels, the KPU counts to {MAXIMUM_CHANNELS}"
    if min(height, width) < MINIMUM_SIDE:
        return f"{height}x{width} map, the KPU needs {MINIMUM_SIDE}x{MINIMUM_SIDE}"
    top, bottom, left, right = (max(0, side - kernel // 2) for side in padding)
    padded = (height + top + bottom, width + left + right, input_channels)
    if not is_supported_input(source) or not is_supported_input(padded):
        return f"{height}x{width} map, the KPU ends at {MAXIMUM_HEIGHT}x{MAXIMUM_WIDTH}"
    return ""

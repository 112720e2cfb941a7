"""The arrays of a network: what it reads, what it holds, what it answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Predict", "Weights", "batch_norm_name", "normalised"]

Weights = dict[str, NDArray[np.float32]]
"""Arrays by "<layer>/<variable>", such as "Conv1/kernel" or "bn_Conv1/moving_mean"."""

Predict = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""(n, h, w, 3) canvases -> (n, h, w, channels) maps of the head."""


def normalised(pixels: Any) -> Any:
    """Pixels 0..255 as every network here wants them: float32 in [-1, 1], in the same shape.

    pixels: an array of any type, or a Keras tensor of float32.
    """
    if isinstance(pixels, np.ndarray):
        pixels = pixels.astype(np.float32)
    return pixels / np.float32(127.5) - np.float32(1)


def batch_norm_name(layer: str) -> str:
    """Keras' name of the batch normalisation behind convolution `layer`."""
    return {"Conv1": "bn_Conv1", "Conv_1": "Conv_1_bn"}.get(layer, f"{layer}_BN")

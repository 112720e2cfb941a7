"""What a network reads: pixels from -1 to 1."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["normalised"]


def normalised(pixels: Any) -> Any:
    """Pixels 0..255 as every network here wants them: float32 in [-1, 1], in the same shape.

    pixels: an array of any type, or a Keras tensor of float32.
    """
    if isinstance(pixels, np.ndarray):
        pixels = pixels.astype(np.float32)
    return pixels / np.float32(127.5) - np.float32(1)

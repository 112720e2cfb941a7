"""A picture of any shape on the network's square canvas."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["FILL", "fitting_scale", "letterbox"]

FILL = 127
"""Grey of the empty part: next to 0 after the network's normalisation x / 127.5 - 1."""


def letterbox(pixels: NDArray[np.uint8], size: int) -> tuple[NDArray[np.uint8], float]:
    """The picture, uint8 (h, w, 3), top left on a canvas (size, size, 3), and its scale.

    The longer side becomes `size` (antialiased bilinear), the rest is grey.
    A box of the picture times the scale is the box on the canvas.
    """
    height, width = pixels.shape[:2]
    scale = fitting_scale(size, height, width)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    if inner != (width, height):
        resized = Image.fromarray(pixels).resize(inner, Image.Resampling.BILINEAR)
        pixels = np.asarray(resized, np.uint8)
    canvas = np.full((size, size, 3), FILL, np.uint8)
    canvas[: inner[1], : inner[0]] = pixels
    return canvas, scale


def fitting_scale(size: int, height: int, width: int) -> float:
    """The largest at which a picture of `height` x `width` pixels fits on the canvas."""
    return size / max(height, width)

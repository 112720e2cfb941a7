"""A picture of any shape on the network's canvas."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dse.canvas import Canvas, InputSize

__all__ = ["FILL", "fitting_scale", "letterbox"]

FILL = 127
"""Grey of the empty part: next to 0 after the network's normalisation x / 127.5 - 1."""


def letterbox(pixels: NDArray[np.uint8], input_size: InputSize) -> tuple[NDArray[np.uint8], float]:
    """The picture, uint8 (h, w, 3), top left on a canvas (height, width, 3), and its scale.

    It becomes as large as fits (antialiased bilinear), the rest is grey; one that has the
    canvas's size stays as it is. A box of the picture times the scale is the box on the canvas.
    """
    canvas_size = Canvas.of(input_size)
    height, width = pixels.shape[:2]
    scale = fitting_scale(canvas_size, height, width)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    if inner != (width, height):
        resized = Image.fromarray(pixels).resize(inner, Image.Resampling.BILINEAR)
        pixels = np.asarray(resized, np.uint8)
    canvas = np.full(canvas_size.shape, FILL, np.uint8)
    canvas[: inner[1], : inner[0]] = pixels
    return canvas, scale


def fitting_scale(canvas: Canvas, height: int, width: int) -> float:
    """The largest at which a picture of `height` x `width` pixels fits on `canvas`."""
    return min(canvas.height / height, canvas.width / width)

"""Drawing a described scene: background, clutter, plates and digits, then the camera."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from dse.data.synthetic.background import background
from dse.data.synthetic.camera import expose
from dse.data.synthetic_digits.scene import Colour, Digit, Scene

__all__ = ["render"]

FINER = 2
"""Pixels drawn for one of the picture, either way: Pillow draws without smoothing."""


def render(scene: Scene) -> NDArray[np.uint8]:
    """uint8 (height, width, 3) RGB of the scene."""
    back = background(scene.backdrop, scene.blur, scene.seed, scene.width, scene.height)
    fine = (FINER * scene.width, FINER * scene.height)
    canvas = Image.fromarray(back).resize(fine, Image.Resampling.BILINEAR)
    draw = ImageDraw.Draw(canvas)
    for mark in scene.clutter:
        _ink(draw, mark)
    for plate in scene.plates:
        corners = [(float(x), float(y)) for x, y in plate.corners * FINER]
        draw.polygon(corners, fill=_rgb(plate.colour))
    for digit in scene.digits:
        _ink(draw, digit)
    whole = canvas.resize((scene.width, scene.height), Image.Resampling.BOX)
    return expose(np.asarray(whole), scene.camera, scene.seed)


def _ink(draw: ImageDraw.ImageDraw, digit: Digit) -> None:
    """The strokes with round ends."""
    colour, width = _rgb(digit.ink), max(1, round(FINER * digit.width))
    radius = width / 2
    for line in digit.lines:
        points = [(float(x), float(y)) for x, y in line * FINER]
        draw.line(points, fill=colour, width=width, joint="curve")
        for x, y in (points[0], points[-1]):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _rgb(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = (int(np.clip(value, 0, 255)) for value in colour)
    return red, green, blue

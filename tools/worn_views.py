"""Views for trainings that see every picture anew in each epoch: wider zooms, worn pictures.

They change more than those of `dse.training.augmentation`, of which a search keeps a few for
each picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from dse.data.letterbox import FILL
from dse.data.pictures import Picture
from dse.training.augmentation import (
    View,
    at_random,
    laid_out,
    relit,
    shifts,
    sorted_out,
)

__all__ = ["mosaic_view", "zoomed_view"]

WIDE_ZOOM = (0.5, 1.6)
"""Factor on the letterboxed size: a network that sees each view once can afford smaller faces."""

ON_A_FACE_SHARE = 0.6
"""Zoomed views whose scale is chosen for one face; the others keep the sizes that occur."""

FACE_SIDES = (16 / 256, 130 / 256)
"""Sides that the chosen face is given, as shares of the canvas: from one cell of a 16 x 16 map
to half a canvas. Letterboxed, 25 % of our training faces are smaller and 3 % larger."""

LEAST_SCALE = 0.35
"""On the letterboxed size: a close-up made smaller still leaves 88 % of the canvas grey."""

LARGEST_SCALE = 4.0
"""Canvas pixels per picture pixel: beyond, a face of 5 pixels is a blur without eyes."""

GREY_ZOOMED_SHARE = 0.2
"""Twice that of a search: the more views there are, the more of them can be grey."""

BLUR_SHARE = 0.15
BLUR_PIXELS = (0.6, 3.0)
"""Deviation of the Gaussian: from a soft lens to a face in motion or out of focus."""

COARSE_SHARE = 0.1
COARSE_FACTOR = (0.25, 0.6)
"""Sides of the canvas in between: what enlarging a small picture leaves."""

NOISE_SHARE = 0.05
NOISE_LEVELS = (3.0, 15.0)
"""Deviation, of 255 levels: a small sensor by daylight, and in a dim room."""


def zoomed_view(
    pixels: NDArray[np.uint8], picture: Picture, size: int, rng: np.random.Generator
) -> View:
    """A random view for trainings that see each only once: wider zooms, worn pictures.

    In `ON_A_FACE_SHARE` of the views of a picture with faces, one of them is given a side
    drawn uniformly in its logarithm, whatever it was, and stays in view: small and large
    faces come equally often (data-anchor sampling, Tang et al., "PyramidBox", arXiv
    1803.07737, section 3.3).
    """
    if len(picture.boxes) and rng.random() < ON_A_FACE_SHARE:
        face = picture.boxes[rng.integers(len(picture.boxes))]
        scale, shift = _on_a_face(pixels, face, size, rng)
    else:
        scale, shift = at_random(pixels, size, WIDE_ZOOM, rng)
    view = laid_out(pixels, picture, size, scale, shift, rng)
    canvas = relit(_worn(view.canvas, rng), rng, GREY_ZOOMED_SHARE)
    return sorted_out(replace(view, canvas=canvas))


def mosaic_view(
    scenes: Sequence[tuple[NDArray[np.uint8], Picture]], size: int, rng: np.random.Generator
) -> View:
    """Zoomed views of four pictures with their pixels, two by two: crowds from portraits.

    Each takes a quarter of the canvas (Bochkovskiy et al., "YOLOv4", arXiv 2004.10934,
    figure 3). Raises ValueError unless there are four.
    """
    half = size // 2
    canvas = np.full((size, size, 3), FILL, np.uint8)  # an odd size leaves an edge
    corners = [(x, y) for y in (0, half) for x in (0, half)]
    boxes, ignored, classes = [], [], []
    for (x, y), (pixels, picture) in zip(corners, scenes, strict=True):
        view = zoomed_view(pixels, picture, half, rng)
        canvas[y : y + half, x : x + half] = view.canvas
        offset = np.array([x, y, x, y], np.float32)
        boxes.append(view.boxes + offset)
        ignored.append(view.ignored + offset)
        classes.append(view.classes)
    return View(canvas, np.concatenate(boxes), np.concatenate(ignored), np.concatenate(classes))


def _on_a_face(
    pixels: NDArray[np.uint8], face: NDArray[np.float32], size: int, rng: np.random.Generator
) -> tuple[float, NDArray[np.float32]]:
    """The same as `_at_random`, with `face` (x0, y0, x1, y1) in view at a random size."""
    height, width = pixels.shape[:2]
    x0, y0, x1, y1 = (float(value) for value in face)
    side = size * np.exp(rng.uniform(*np.log(FACE_SIDES)))
    least = LEAST_SCALE * size / max(height, width)
    wanted = side / max(1.0, (x1 - x0) * (y1 - y0)) ** 0.5
    scale = float(np.clip(wanted, least, max(least, LARGEST_SCALE)))
    shift = []
    for start, stop, extent in ((x0, x1, width), (y0, y1, height)):
        in_view = shifts(size, start * scale, stop * scale)
        shift.append(rng.uniform(*np.clip(in_view, *shifts(size, 0.0, extent * scale))))
    return scale, np.array(shift, np.float32)


def _worn(canvas: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Now and then blurred, coarse or noisy; mostly as it was."""
    drawn = rng.random()
    if drawn < BLUR_SHARE:
        blur = ImageFilter.GaussianBlur(rng.uniform(*BLUR_PIXELS))
        return np.asarray(Image.fromarray(canvas).filter(blur))
    if drawn < BLUR_SHARE + COARSE_SHARE:
        whole, coarse = len(canvas), max(1, round(len(canvas) * rng.uniform(*COARSE_FACTOR)))
        image = Image.fromarray(canvas)
        for side in (coarse, whole):
            image = image.resize((side, side), Image.Resampling.BILINEAR)
        return np.asarray(image)
    if drawn < BLUR_SHARE + COARSE_SHARE + NOISE_SHARE:
        noise = rng.normal(0, rng.uniform(*NOISE_LEVELS), canvas.shape)
        return np.clip(canvas + noise, 0, 255).astype(np.uint8)
    return canvas

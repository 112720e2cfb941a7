"""A training picture seen differently: zoomed, moved, mirrored, in another light.

`augmented_view` is for searches, which keep a few views of each picture; `zoomed_view` and
`mosaic_view` change more, for trainings that see every picture anew in each epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from dse.data.letterbox import letterbox
from dse.data.pictures import Picture
from dse.detection.geometry import Boxes

__all__ = ["View", "augmented_view", "mosaic_view", "plain_view", "zoomed_view"]

FILL = 127
"""Grey beside the picture: the middle of the input range, as `letterbox` fills."""

ZOOM = (0.6, 1.6)
"""Factor on the letterboxed size, drawn uniformly in its logarithm."""

WIDE_ZOOM = (0.5, 1.6)
"""The same for zoomed views: a network that sees each view once can afford smaller faces."""

ON_A_FACE_SHARE = 0.6
"""Zoomed views whose scale is chosen for one face; the others keep the sizes that occur."""

FACE_SIDES = (16 / 256, 130 / 256)
"""Sides that the chosen face is given, as shares of the canvas: from one cell of a 16 x 16 map
to half a canvas. Letterboxed, 25 % of our training faces are smaller and 3 % larger."""

LEAST_SCALE = 0.35
"""On the letterboxed size: a close-up made smaller still leaves 88 % of the canvas grey."""

LARGEST_SCALE = 4.0
"""Canvas pixels per picture pixel: beyond, a face of 5 pixels is a blur without eyes."""

GREY_SHARE = 0.1
GREY_ZOOMED_SHARE = 0.2
"""Without colour, skin is no hint; the more views there are, the more of them can be grey."""

BLUR_SHARE = 0.15
BLUR_PIXELS = (0.6, 3.0)
"""Deviation of the Gaussian: from a soft lens to a face in motion or out of focus."""

COARSE_SHARE = 0.1
COARSE_FACTOR = (0.25, 0.6)
"""Sides of the canvas in between: what enlarging a small picture leaves."""

NOISE_SHARE = 0.05
NOISE_LEVELS = (3.0, 15.0)
"""Deviation, of 255 levels: a small sensor by daylight, and in a dim room."""

VISIBLE_SHARE = 0.6
"""A face of which less stays in view is ignored: neither found nor missed."""

SMALLEST_FACE_PIXELS = 3.0
"""On the canvas; a smaller face is ignored. The smallest canonical box at 96 pixels is 1.9."""


@dataclass(frozen=True)
class View:
    """canvas: uint8 (size, size, 3); boxes, ignored: (n, 4) canvas pixels."""

    canvas: NDArray[np.uint8]
    boxes: Boxes
    ignored: Boxes


def plain_view(pixels: NDArray[np.uint8], picture: Picture, size: int) -> View:
    """The letterboxed picture, as evaluation and the chip see it."""
    canvas, scale = letterbox(pixels, size)
    return _sorted_out(canvas, picture.boxes * scale, picture.ignored * scale, size)


def augmented_view(
    pixels: NDArray[np.uint8], picture: Picture, size: int, rng: np.random.Generator
) -> View:
    """A random view: zoom, shift, mirror, brightness, contrast, colour cast or grey."""
    view = _laid_out(pixels, picture, size, *_at_random(pixels, size, ZOOM, rng), rng)
    return _sorted_out(_relit(view.canvas, rng, GREY_SHARE), view.boxes, view.ignored, size)


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
        scale, shift = _at_random(pixels, size, WIDE_ZOOM, rng)
    view = _laid_out(pixels, picture, size, scale, shift, rng)
    canvas = _relit(_worn(view.canvas, rng), rng, GREY_ZOOMED_SHARE)
    return _sorted_out(canvas, view.boxes, view.ignored, size)


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
    boxes, ignored = [], []
    for (x, y), (pixels, picture) in zip(corners, scenes, strict=True):
        view = zoomed_view(pixels, picture, half, rng)
        canvas[y : y + half, x : x + half] = view.canvas
        offset = np.array([x, y, x, y], np.float32)
        boxes.append(view.boxes + offset)
        ignored.append(view.ignored + offset)
    return View(canvas, np.concatenate(boxes), np.concatenate(ignored))


def _at_random(
    pixels: NDArray[np.uint8], size: int, zoom: tuple[float, float], rng: np.random.Generator
) -> tuple[float, NDArray[np.float32]]:
    """Canvas pixels per picture pixel, and where the picture starts (x, y) on the canvas."""
    height, width = pixels.shape[:2]
    scale = float(size / max(height, width) * np.exp(rng.uniform(*np.log(zoom))))
    shift = [rng.uniform(*_shifts(size, 0.0, extent * scale)) for extent in (width, height)]
    return scale, np.array(shift, np.float32)


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
        in_view = _shifts(size, start * scale, stop * scale)
        shift.append(rng.uniform(*np.clip(in_view, *_shifts(size, 0.0, extent * scale))))
    return scale, np.array(shift, np.float32)


def _shifts(size: int, start: float, stop: float) -> tuple[float, float]:
    """Shifts along one axis that leave start..stop inside the canvas, or covering it."""
    return min(-start, size - stop), max(-start, size - stop)


def _laid_out(
    pixels: NDArray[np.uint8],
    picture: Picture,
    size: int,
    scale: float,
    shift: NDArray[np.float32],
    rng: np.random.Generator,
) -> View:
    """The picture and all its boxes on the canvas or beyond, mirrored every other time."""
    canvas = _placed(pixels, size, scale, shift)
    offset = np.tile(shift, 2)
    boxes = picture.boxes * np.float32(scale) + offset
    ignored = picture.ignored * np.float32(scale) + offset
    if rng.random() < 0.5:
        canvas, boxes, ignored = _mirrored(canvas, boxes, ignored, size)
    return View(canvas, boxes, ignored)


def _placed(
    pixels: NDArray[np.uint8], size: int, scale: float, shift: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """The picture scaled and moved onto a grey canvas; only the visible part is resized."""
    height, width = pixels.shape[:2]
    start = np.maximum(0, np.floor(shift)).astype(int)
    stop = np.minimum(size, np.ceil(shift + np.array([width, height]) * scale)).astype(int)
    low = np.clip((start - shift) / scale, 0, None)
    high = np.minimum((stop - shift) / scale, [width, height])
    part = Image.fromarray(pixels).resize(
        (int(stop[0] - start[0]), int(stop[1] - start[1])),
        Image.Resampling.BILINEAR,
        box=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
    )
    canvas = np.full((size, size, 3), FILL, np.uint8)
    canvas[start[1] : stop[1], start[0] : stop[0]] = np.asarray(part)
    return canvas


def _mirrored(
    canvas: NDArray[np.uint8], boxes: Boxes, ignored: Boxes, size: int
) -> tuple[NDArray[np.uint8], Boxes, Boxes]:
    def flip(found: Boxes) -> Boxes:
        flipped = found.copy()
        flipped[:, [0, 2]] = size - found[:, [2, 0]]
        return flipped

    return canvas[:, ::-1], flip(boxes), flip(ignored)


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


def _relit(
    canvas: NDArray[np.uint8], rng: np.random.Generator, grey_share: float
) -> NDArray[np.uint8]:
    """Gamma, contrast, brightness and a colour cast, by one look-up table a channel."""
    levels = np.linspace(0, 1, 256) ** np.exp(rng.uniform(-0.35, 0.35))
    contrast, brightness = rng.uniform(0.7, 1.3), rng.uniform(-0.12, 0.12)
    cast = rng.uniform(0.9, 1.1, 3)
    table = ((levels[:, None] - 0.5) * contrast + 0.5 + brightness) * cast
    lookup = (np.clip(table, 0, 1) * 255).astype(np.uint8)
    lit = np.stack([lookup[canvas[..., channel], channel] for channel in range(3)], axis=-1)
    if rng.random() < grey_share:
        grey = lit @ np.array([0.299, 0.587, 0.114])
        lit = np.repeat(grey[..., None], 3, axis=-1).astype(np.uint8)
    return lit


def _sorted_out(canvas: NDArray[np.uint8], boxes: Boxes, ignored: Boxes, size: int) -> View:
    """Clips boxes to the canvas; cut-off and tiny faces become ignored, invisible ones go."""
    clipped = np.clip(boxes, 0, size)
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-6)
    seen = clipped[:, 2:] - clipped[:, :2]
    share = (seen / sides).prod(axis=1)
    good = (share >= VISIBLE_SHARE) & (seen.min(axis=1, initial=np.inf) >= SMALLEST_FACE_PIXELS)
    partly = ~good & (share > 0)
    lost = np.concatenate([clipped[partly], np.clip(ignored, 0, size)])
    return View(np.ascontiguousarray(canvas), clipped[good], lost.astype(np.float32))

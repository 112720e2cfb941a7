"""A training picture seen differently: zoomed, moved, mirrored, in another light."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dse.canvas import Canvas, InputSize
from dse.data.letterbox import FILL, fitting_scale, letterbox
from dse.data.pictures import Classes, Picture
from dse.detection.geometry import Boxes
from dse.training.changes import USUAL, Changes

__all__ = [
    "View",
    "at_random",
    "augmented_view",
    "laid_out",
    "plain_view",
    "relit",
    "shifts",
    "sorted_out",
]

ZOOM = (0.6, 1.6)
"""Factor on the letterboxed size, drawn uniformly in its logarithm."""

GREY_SHARE = 0.1
"""Without colour, skin is no hint."""

VISIBLE_SHARE = 0.6
"""An object of which less stays in view is ignored: neither found nor missed."""

SMALLEST_PIXELS = 3.0
"""On the canvas; a smaller object is ignored. The smallest canonical box at 96 pixels is 1.9."""


@dataclass(frozen=True)
class View:
    """canvas: uint8 (height, width, 3); boxes, ignored: (n, 4) canvas pixels.

    classes: (n,) of `boxes`; all the first one where left out.
    """

    canvas: NDArray[np.uint8]
    boxes: Boxes
    ignored: Boxes
    classes: Classes = None  # type: ignore[assignment]  # made from `boxes`

    def __post_init__(self) -> None:
        if self.classes is None:
            object.__setattr__(self, "classes", np.zeros(len(self.boxes), np.int32))


def plain_view(pixels: NDArray[np.uint8], picture: Picture, size: InputSize) -> View:
    """The letterboxed picture, as evaluation and the chip see it."""
    canvas, scale = letterbox(pixels, size)
    laid = View(canvas, picture.boxes * scale, picture.ignored * scale, picture.classes)
    return sorted_out(laid)


def augmented_view(
    pixels: NDArray[np.uint8],
    picture: Picture,
    size: InputSize,
    rng: np.random.Generator,
    changes: Changes = USUAL,
) -> View:
    """A random view: zoom, shift, mirror, brightness, contrast, colour cast or grey, as far as
    `changes` allows."""
    scale, shift = at_random(pixels, size, ZOOM, rng)
    view = laid_out(pixels, picture, size, scale, shift, rng, mirrored=changes.mirror)
    canvas = relit(view.canvas, rng, GREY_SHARE if changes.grey else 0.0)
    return sorted_out(replace(view, canvas=canvas))


def at_random(
    pixels: NDArray[np.uint8], size: InputSize, zoom: tuple[float, float], rng: np.random.Generator
) -> tuple[float, NDArray[np.float32]]:
    """Canvas pixels per picture pixel, and where the picture starts (x, y) on the canvas."""
    canvas = Canvas.of(size)
    height, width = pixels.shape[:2]
    scale = float(fitting_scale(canvas, height, width) * np.exp(rng.uniform(*np.log(zoom))))
    sides = ((canvas.width, width), (canvas.height, height))
    shift = [rng.uniform(*shifts(side, 0.0, extent * scale)) for side, extent in sides]
    return scale, np.array(shift, np.float32)


def shifts(side: int, start: float, stop: float) -> tuple[float, float]:
    """Shifts along one axis that leave start..stop inside the canvas, or covering it."""
    return min(-start, side - stop), max(-start, side - stop)


def laid_out(
    pixels: NDArray[np.uint8],
    picture: Picture,
    size: InputSize,
    scale: float,
    shift: NDArray[np.float32],
    rng: np.random.Generator,
    *,
    mirrored: bool = True,
) -> View:
    """The picture and all its boxes on the canvas or beyond, mirrored every other time or never.

    pixels: uint8 (h, w, 3). scale: canvas pixels per picture pixel. shift: (x, y) at which the
    picture starts on the canvas.
    """
    canvas = _placed(pixels, size, scale, shift)
    offset = np.tile(shift, 2)
    boxes = picture.boxes * np.float32(scale) + offset
    ignored = picture.ignored * np.float32(scale) + offset
    if rng.random() < 0.5 and mirrored:
        canvas, boxes, ignored = _mirrored(canvas, boxes, ignored)
    return View(canvas, boxes, ignored, picture.classes)


def _placed(
    pixels: NDArray[np.uint8], size: InputSize, scale: float, shift: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """The picture scaled and moved onto a grey canvas; only the visible part is resized."""
    height, width = pixels.shape[:2]
    whole = Canvas.of(size)
    start = np.maximum(0, np.floor(shift)).astype(int)
    edge = (whole.width, whole.height)
    stop = np.minimum(edge, np.ceil(shift + np.array([width, height]) * scale)).astype(int)
    low = np.clip((start - shift) / scale, 0, None)
    high = np.minimum((stop - shift) / scale, [width, height])
    part = Image.fromarray(pixels).resize(
        (int(stop[0] - start[0]), int(stop[1] - start[1])),
        Image.Resampling.BILINEAR,
        box=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
    )
    canvas = np.full(whole.shape, FILL, np.uint8)
    canvas[start[1] : stop[1], start[0] : stop[0]] = np.asarray(part)
    return canvas


def _mirrored(
    canvas: NDArray[np.uint8], boxes: Boxes, ignored: Boxes
) -> tuple[NDArray[np.uint8], Boxes, Boxes]:
    def flip(found: Boxes) -> Boxes:
        flipped = found.copy()
        flipped[:, [0, 2]] = canvas.shape[1] - found[:, [2, 0]]
        return flipped

    return canvas[:, ::-1], flip(boxes), flip(ignored)


def relit(
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


def sorted_out(view: View) -> View:
    """Clips boxes to the canvas; cut-off and tiny objects become ignored, invisible ones go."""
    height, width = view.canvas.shape[:2]
    edges = np.array([width, height, width, height], np.float32)
    boxes = view.boxes
    clipped = np.clip(boxes, 0, edges)
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-6)
    seen = clipped[:, 2:] - clipped[:, :2]
    share = (seen / sides).prod(axis=1)
    good = (share >= VISIBLE_SHARE) & (seen.min(axis=1, initial=np.inf) >= SMALLEST_PIXELS)
    partly = ~good & (share > 0)
    lost = np.concatenate([clipped[partly], np.clip(view.ignored, 0, edges)]).astype(np.float32)
    canvas = np.ascontiguousarray(view.canvas)
    return View(canvas, clipped[good], lost, view.classes[good])

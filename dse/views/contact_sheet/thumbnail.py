"""One picture of the sheet: its boxes, and the scores beside them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from dse.detection.matching import judge
from dse.evaluation import Finding
from dse.views.contact_sheet.lettering import draw_text, place_text, text_size
from dse.views.contact_sheet.marks import (
    EDGE,
    FALSE,
    FOUND,
    LABEL,
    LEFT_OUT,
    MISSED,
    Corners,
    Mark,
    draw_box,
)

__all__ = ["Shape", "corners_of", "shapes", "thumbnail"]

LETTERS = 13
"""Pixels, of the scores."""


class Shape(NamedTuple):
    """A box to draw, and its score as text; only detections that count have one."""

    mark: Mark
    corners: Corners
    text: str


def thumbnail(
    picture: Finding, pixels: NDArray[np.uint8], size: tuple[int, int], score: float
) -> Image.Image:
    """`pixels` (h, w, 3) at `size` (width, height), with what `picture` came to drawn on it.

    score: threshold of the detections that are believed; the others do not appear.
    """
    image = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(image)
    found = shapes(picture, size, score)
    for shape in found:
        draw_box(draw, shape.corners, shape.mark)
    _draw_scores(draw, found, size)
    return image


def shapes(picture: Finding, size: tuple[int, int], score: float) -> list[Shape]:
    """The boxes of `picture` at `size`, in the order of drawing: what matters most comes last."""
    found = picture.detections.above(score)
    judged = judge(found, picture.faces, picture.ignored)
    stretch = np.tile([size[0] / picture.width, size[1] / picture.height], 2)
    written = np.array([f"{value:.2f}" for value in found.scores], "<U4")
    silent = np.full(max(len(picture.faces), len(picture.ignored), len(found)), "")
    groups = (
        (LEFT_OUT, picture.ignored, silent),
        (LEFT_OUT, found.boxes[judged.left_out], silent),
        (LABEL, picture.faces[~judged.missed], silent),
        (MISSED, picture.faces[judged.missed], silent),
        (FALSE, found.boxes[judged.false], written[judged.false]),
        (FOUND, found.boxes[judged.true], written[judged.true]),
    )
    return [
        Shape(mark, corners_of(box, size), str(text))
        for mark, boxes, texts in groups
        for box, text in zip(boxes * stretch, texts, strict=False)
    ]


def _draw_scores(draw: Any, drawn: list[Shape], size: tuple[int, int]) -> None:
    """The scores, where there is room: beside all boxes, or for large ones across a line."""
    boxes = [shape.corners for shape in drawn]
    texts: list[Corners] = []
    for shape in drawn:
        if not shape.text:
            continue
        width, height = text_size(shape.text, LETTERS)
        room = (width + 4, height)
        place = place_text(shape.corners, room, size, boxes + texts)
        if place is None and shape.corners[2] - shape.corners[0] >= width:
            place = place_text(shape.corners, room, size, texts)
        if place:
            texts.append(place)
            draw.rectangle(place, fill=shape.mark.colour)
            draw_text(draw, (place[0] + 2, place[1]), shape.text, LETTERS, EDGE)


def corners_of(box: NDArray[np.float64], size: tuple[int, int]) -> Corners:
    """First and last pixels of a box (x0, y0, x1, y1) inside a picture of `size`."""
    first = [min(max(round(box[axis]), 0), size[axis] - 1) for axis in (0, 1)]
    last = [min(max(round(box[axis + 2]) - 1, first[axis]), size[axis] - 1) for axis in (0, 1)]
    return first[0], first[1], last[0], last[1]

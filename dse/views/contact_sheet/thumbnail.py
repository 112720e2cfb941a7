"""One picture of the sheet: its boxes, and the scores beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from dse.detection.detections import Detections
from dse.detection.matching import judge_classes
from dse.evaluation import Finding
from dse.views.contact_sheet.choosing import Score
from dse.views.contact_sheet.lettering import draw_text, fitted, place_text, text_size
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
    of_class,
)

__all__ = ["Shape", "corners_of", "drawn", "found_shapes", "shapes", "thumbnail"]

LETTERS = 13
"""Pixels, of the scores."""

MOST_NAME = 120
"""Pixels of a class's name beside a score."""


class Shape(NamedTuple):
    """A box to draw, and its score as text, which only detections that count have; of several
    classes its name as well, also beside what was missed."""

    mark: Mark
    corners: Corners
    text: str


def thumbnail(
    picture: Finding,
    pixels: NDArray[np.uint8],
    size: tuple[int, int],
    score: Score,
    names: Sequence[str] = (),
) -> Image.Image:
    """`pixels` (h, w, 3) at `size` (width, height), with what `picture` came to drawn on it.

    score: threshold of the detections that are believed; the others do not appear. names: of the
    classes; of several, each has its colour, and stands beside its boxes.
    """
    image = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
    return drawn(image, shapes(picture, size, score, names))


def drawn(image: Image.Image, found: list[Shape]) -> Image.Image:
    """`image` itself, with these boxes on it."""
    draw = ImageDraw.Draw(image)
    for shape in found:
        draw_box(draw, shape.corners, shape.mark)
    _draw_scores(draw, found, image.size)
    return image


def found_shapes(found: Detections, size: tuple[int, int], names: Sequence[str]) -> list[Shape]:
    """The boxes of `found`, of whom nobody knows whether they are right, on a picture of `size`."""
    return [
        Shape(
            _mark(FOUND, int(kind), names),
            corners_of(box, size),
            f"{_name(names, kind)}{score:.2f}",
        )
        for box, kind, score in zip(found.boxes, found.classes, found.scores, strict=True)
    ]


def shapes(
    picture: Finding, size: tuple[int, int], score: Score, names: Sequence[str] = ()
) -> list[Shape]:
    """The boxes of `picture` at `size`, in the order of drawing: what matters most comes last."""
    found = picture.detections.above(score)
    judged = judge_classes(found, picture.labels)
    stretch = np.tile([size[0] / picture.width, size[1] / picture.height], 2)
    seen, there = found.classes, picture.classes
    written = [f"{_name(names, c)}{s:.2f}" for c, s in zip(seen, found.scores, strict=True)]
    named = [_name(names, number).rstrip() for number in there]
    groups = (
        (LEFT_OUT, picture.ignored, picture.ignored_classes, [""] * len(picture.ignored), None),
        (LEFT_OUT, found.boxes, seen, [""] * len(found), judged.left_out),
        (LABEL, picture.faces, there, [""] * len(named), ~judged.missed),
        (MISSED, picture.faces, there, named, judged.missed),
        (FALSE, found.boxes, seen, written, judged.false),
        (FOUND, found.boxes, seen, written, judged.true),
    )
    return [
        Shape(_mark(mark, int(kind), names), corners_of(box, size), text)
        for mark, boxes, kinds, texts, chosen in groups
        for place, (box, kind, text) in enumerate(zip(boxes * stretch, kinds, texts, strict=True))
        if chosen is None or chosen[place]
    ]


def _name(names: Sequence[str], number: int) -> str:
    """What stands in front of a score; nothing where there is one class."""
    return f"{fitted(names[number], LETTERS, MOST_NAME)} " if len(names) > 1 else ""


def _mark(mark: Mark, number: int, names: Sequence[str]) -> Mark:
    """In the colour of its class, unless it is of none, or has none to be told from."""
    plain = len(names) < 2 or mark in (LEFT_OUT, LABEL)
    return mark if plain else of_class(mark, number)


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

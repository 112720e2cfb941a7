"""One picture as its annotation tells it, and what it is once the picture has been looked at.

Boxes are told in a frame of their own: fractions of the picture, its pixels, those of the file of
a photograph that viewers turn, or those of the larger picture that it was made from. Here they
come into the picture as a viewer shows it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dse.data import assembly
from dse.data.foreign import excerpt
from dse.data.picture_files import TURNED, loader, orientation
from dse.data.pictures import ANY_CLASS, Picture, Skipped
from dse.errors import DataError

__all__ = ["Labelled", "as_picture", "upright"]

Corners = NDArray[np.float64]

NO_SIZE = "annotated at 0 pixels: their boxes are taken as they are"
SCALED = "annotated at another scale: their boxes are scaled to the picture"
TOLD_WRONG = "annotated at a size that their own boxes exceed: the picture's own counts"
RAW = "turned by their camera's note (EXIF), with boxes in the unturned frame: turned, too"


@dataclass(frozen=True)
class Labelled:
    """name: of the picture in its set. picture: where it should be. boxes: (n, 4) corners.

    labels: (n,) names of their classes, None for an object that nobody could name.
    unclear: (n,) those that count neither way. size: of the picture as the annotation tells it,
    (0, 0) where it tells nothing sensible, None where the format has no place for it.
    fractions: boxes are in widths and heights of the picture. skipped: boxes the reader left out.
    """

    name: str
    picture: Path
    boxes: Corners = field(default_factory=lambda: np.zeros((0, 4)))
    labels: tuple[str | None, ...] = ()
    unclear: tuple[bool, ...] = ()
    size: tuple[int, int] | None = None
    fractions: bool = False
    skipped: tuple[Skipped, ...] = ()


def as_picture(
    told: Labelled, numbers: Mapping[str, int], skipped: list[Skipped], seen: Counter[str]
) -> Picture | None:
    """The picture with its boxes after the rules of `box_rules`; None if it cannot be used.

    numbers: of the classes, by their names in lower case. All that is left out is added to
    `skipped`; `seen` counts the pictures of which something is to be said.
    """
    skipped.extend(told.skipped)
    size = assembly.size_or_skip(told.name, told.picture, skipped)
    if size is None:
        return None
    try:
        boxes = _in_pixels(told, size, seen)
    except DataError as error:
        skipped.append(Skipped(told.name, str(error)))
        return None
    named = [(name or "").casefold() for name in told.labels]
    classes = np.array([numbers.get(name, ANY_CLASS) for name in named], np.int32)
    unclear = np.array(told.unclear or [False] * len(boxes), bool) | (classes == ANY_CLASS)
    checked = assembly.boxes_or_skip(told.name, boxes, size, skipped, invalid=unclear)
    if checked is None:
        return None
    return Picture(
        told.name,
        checked.found,
        loader(told.picture),
        checked.ignored,
        file=told.picture,
        classes=classes[checked.kept],
        ignored_classes=classes[checked.unclear],
    )


def upright(boxes: Corners, turn: int, size: tuple[int, int]) -> Corners:
    """Boxes (n, 4) of a file's own frame in the frame that viewers show.

    turn: EXIF's orientation, 1 to 8. size: width and height as viewers show it.
    """
    x0, y0, x1, y1 = boxes.T
    if turn in TURNED:  # the first row of the file is a side of what is shown
        x0, y0, x1, y1 = y0, x0, y1, x1
    width, height = size
    if turn in (2, 3, 6, 7):
        x0, x1 = width - x1, width - x0
    if turn in (3, 4, 7, 8):
        y0, y1 = height - y1, height - y0
    return np.stack((x0, y0, x1, y1), axis=1)


def _in_pixels(told: Labelled, size: tuple[int, int], seen: Counter[str]) -> Corners:
    """Boxes in pixels of the picture. Raises DataError where no frame can be theirs."""
    if told.fractions:
        return told.boxes * (size * 2)
    if told.size is None or told.size == size or not len(told.boxes):
        return told.boxes
    if not all(told.size):
        seen[NO_SIZE] += 1
        return told.boxes
    if told.size == size[::-1] and (turn := orientation(told.picture)) in TURNED:
        seen[RAW] += 1
        return upright(told.boxes, turn, size)
    scale = max(size) / max(told.size)
    if max(abs(own - scale * one) for own, one in zip(size, told.size, strict=True)) > 1:
        first, second = (f"{width} x {height}" for width, height in (told.size, size))
        raise DataError(f"annotated at {excerpt(first)} pixels, the picture is {second}")
    if (told.boxes[:, 2:] > np.add(told.size, 1)).any():
        seen[TOLD_WRONG] += 1
        return told.boxes
    seen[SCALED] += 1
    return told.boxes * scale

"""A data set made ready for a network's input once, for every format that runs on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dse.canvas import Canvas, InputSize
from dse.data.letterbox import letterbox
from dse.data.loading import load_or_none
from dse.data.pictures import ANY_CLASS, FACES, Classes, DataSet, Picture, Skipped
from dse.detection.geometry import Boxes

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True)
class Prepared:
    """Canvases and truth of n pictures.

    names: of the pictures. canvases: uint8 (n, height, width, 3). scales: (n,) canvas pixels per
    picture pixel. heights, widths: (n,) of the pictures, pixels. truth, ignored, truth_square:
    one array of boxes (m, 4) a picture, picture pixels; truth_square is None where the set has
    none. skipped: pictures that could not be read, and why. class_names: of the set. classes,
    ignored_classes: numbers of the boxes in truth and ignored, one array a picture; all the first
    class, and all `ANY_CLASS`, where left out.
    """

    input_size: InputSize
    names: tuple[str, ...]
    canvases: NDArray[np.uint8]
    scales: NDArray[np.float64]
    heights: NDArray[np.int64]
    widths: NDArray[np.int64]
    truth: tuple[Boxes, ...]
    ignored: tuple[Boxes, ...]
    truth_square: tuple[Boxes, ...] | None
    skipped: tuple[Skipped, ...]
    class_names: tuple[str, ...] = FACES
    classes: tuple[Classes, ...] = ()
    ignored_classes: tuple[Classes, ...] = ()

    def __post_init__(self) -> None:
        if not self.classes:
            first = tuple(np.zeros(len(boxes), np.int32) for boxes in self.truth)
            object.__setattr__(self, "classes", first)
        if not self.ignored_classes:
            every = tuple(np.full(len(boxes), ANY_CLASS, np.int32) for boxes in self.ignored)
            object.__setattr__(self, "ignored_classes", every)

    def __len__(self) -> int:
        return len(self.canvases)

    @property
    def faces(self) -> int:
        """Labelled objects that count."""
        return sum(len(boxes) for boxes in self.truth)


def prepare(
    data: DataSet | Iterable[Picture],
    input_size: InputSize,
    class_names: tuple[str, ...] = FACES,
) -> Prepared:
    """Every readable picture of `data` on the canvas that `input_size` names.

    class_names: of pictures that are no `DataSet`, which has its own. Pictures that cannot be
    read are named in `Prepared.skipped`.
    Takes 3 bytes a pixel of the canvas for each picture.
    """
    pictures: list[Picture] = []
    canvases: list[NDArray[np.uint8]] = []
    geometry: list[tuple[float, int, int]] = []
    skipped: list[Skipped] = []
    for picture in data.pictures if isinstance(data, DataSet) else data:
        pixels = load_or_none(picture, skipped)
        if pixels is None:
            continue
        canvas, scale = letterbox(pixels, input_size)
        pictures.append(picture)
        canvases.append(canvas)
        geometry.append((scale, pixels.shape[0], pixels.shape[1]))
    shape = (0, *Canvas.of(input_size).shape)
    scales, heights, widths = zip(*geometry, strict=True) if geometry else ((), (), ())
    return Prepared(
        input_size=input_size,
        names=tuple(picture.name for picture in pictures),
        canvases=np.stack(canvases) if canvases else np.zeros(shape, np.uint8),
        scales=np.array(scales, np.float64),
        heights=np.array(heights, np.int64),
        widths=np.array(widths, np.int64),
        truth=tuple(picture.boxes for picture in pictures),
        ignored=tuple(picture.ignored for picture in pictures),
        truth_square=_squares(pictures),
        skipped=tuple(skipped),
        class_names=data.classes if isinstance(data, DataSet) else class_names,
        classes=tuple(picture.classes for picture in pictures),
        ignored_classes=tuple(picture.ignored_classes for picture in pictures),
    )


def _squares(pictures: list[Picture]) -> tuple[Boxes, ...] | None:
    """Square boxes of each picture, or None unless every picture has them."""
    squares = [picture.boxes_square for picture in pictures]
    found = tuple(boxes for boxes in squares if boxes is not None)
    return found if found and len(found) == len(squares) else None

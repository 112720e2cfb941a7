"""A data set in one folder, as it travels to another machine: `packed:DIR`.

labels.json in a folder for each split lists the pictures, their boxes and classes as a reader
found them; the picture files lie beside it, numbered, byte for byte as they were.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dse.data.foreign import LARGEST_NUMBER, MOST_BOXES, content, inside
from dse.data.picture_files import SUFFIXES, loader
from dse.data.pictures import ANY_CLASS, Classes, DataSet, Picture
from dse.detection.geometry import Boxes
from dse.detection.heads import MOST_CLASSES
from dse.errors import DataError

__all__ = ["packed_files", "read_packed"]

LABELS = "labels.json"

MOST_LABELS_BYTES = 128 << 20
"""Ten times what WIDER FACE takes."""

HINT = "pack the pictures again"


def packed_files(data: DataSet, split: str) -> Iterator[tuple[str, Path | bytes]]:
    """Names below the folder that is to be `packed:DIR`, each with the file or its content.

    Raises DataError for a set that has no files, such as `synthetic`.
    """
    rows = []
    for number, picture in enumerate(data.pictures):
        if picture.file is None:
            raise DataError(f"{data.source}: {picture.name} is no file", "draw it where it is used")
        suffix = picture.file.suffix  # for people: decoders look at the content
        name = f"{number:06d}{suffix if suffix.lower() in SUFFIXES else ''}"
        rows.append(_row(picture, name))
        yield f"{split}/{name}", picture.file
    labels = {"source": data.source, "classes": data.classes, "pictures": rows}
    yield f"{split}/{LABELS}", json.dumps(labels).encode()


def read_packed(folder: Path, split: str) -> DataSet:
    """The set that `packed_files` described: same names, boxes and checksum.

    Raises DataError where the folder was not packed with this split, or not by `packed_files`.
    """
    path = folder / split / LABELS
    try:
        labels = json.loads(content(path, MOST_LABELS_BYTES))
        classes = tuple(_text(name) for name in labels["classes"])
        if not 0 < len(classes) <= MOST_CLASSES:
            raise ValueError("no classes")
        rows = labels["pictures"]
        pictures = tuple(_picture(folder / split, row, len(classes)) for row in rows)
        return DataSet(_text(labels["source"]), pictures, classes=classes)
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise DataError(f"{path}: no list of packed pictures", HINT) from error


def _row(picture: Picture, name: str) -> dict[str, Any]:
    """Boxes as lists: a float32 survives as the shortest decimal of its double."""
    squares = picture.boxes_square
    return {
        "name": picture.name,
        "file": name,
        "boxes": picture.boxes.tolist(),
        "classes": picture.classes.tolist(),
        "ignored": picture.ignored.tolist(),
        "ignored_classes": picture.ignored_classes.tolist(),
        "boxes_square": None if squares is None else squares.tolist(),
    }


def _picture(folder: Path, row: dict[str, Any], classes: int) -> Picture:
    """Raises KeyError, TypeError or ValueError for a row that is no picture's."""
    file, squares = _place(folder, _text(row["file"])), row["boxes_square"]
    boxes, ignored = _boxes(row["boxes"]), _boxes(row["ignored"])
    return Picture(
        _text(row["name"]),
        boxes,
        loader(file),
        ignored,
        None if squares is None else _boxes(squares),
        file,
        _numbers(row["classes"], len(boxes), range(classes)),
        _numbers(row["ignored_classes"], len(ignored), range(ANY_CLASS, classes)),
    )


def _place(folder: Path, name: str) -> Path:
    """The file that a row names. Raises ValueError for one elsewhere."""
    try:
        return inside(folder, name)
    except DataError as error:
        raise ValueError("outside") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _numbers(values: list[int], count: int, allowed: range) -> Classes:
    if len(values) != count or not all(type(one) is int and one in allowed for one in values):
        raise ValueError("no classes of boxes")
    return np.array(values, np.int32)


def _boxes(rows: list[list[float]]) -> Boxes:
    boxes = np.array(rows, np.float64).reshape(-1, 4)
    if len(boxes) > MOST_BOXES or not (np.abs(boxes) <= LARGEST_NUMBER).all():
        raise ValueError("no boxes")
    return boxes.astype(np.float32)

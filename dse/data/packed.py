"""A data set in one folder, as it travels to another machine: `packed:DIR`.

labels.json in a folder for each split lists the pictures and their boxes as a reader found
them; the picture files lie beside it, numbered, byte for byte as they were.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dse.data.picture_files import loader
from dse.data.pictures import DataSet, Picture
from dse.detection.geometry import Boxes
from dse.errors import DataError

__all__ = ["packed_files", "read_packed"]

LABELS = "labels.json"


def packed_files(data: DataSet, split: str) -> Iterator[tuple[str, Path | bytes]]:
    """Names below the folder that is to be `packed:DIR`, each with the file or its content.

    Raises DataError for a set that has no files, such as `synthetic`.
    """
    rows = []
    for number, picture in enumerate(data.pictures):
        if picture.file is None:
            raise DataError(f"{data.source}: {picture.name} is no file", "draw it where it is used")
        name = f"{number:06d}{picture.file.suffix}"
        rows.append(_row(picture, name))
        yield f"{split}/{name}", picture.file
    labels = {"source": data.source, "pictures": rows}
    yield f"{split}/{LABELS}", json.dumps(labels).encode()


def read_packed(folder: Path, split: str) -> DataSet:
    """The set that `packed_files` described: same names, boxes and checksum.

    Raises DataError where the folder was not packed with this split.
    """
    path = folder / split / LABELS
    try:
        labels = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error})", "pack the pictures again") from error
    pictures = tuple(_picture(folder / split, row) for row in labels["pictures"])
    return DataSet(labels["source"], pictures)


def _row(picture: Picture, name: str) -> dict[str, Any]:
    """Boxes as lists: a float32 survives as the shortest decimal of its double."""
    squares = picture.boxes_square
    return {
        "name": picture.name,
        "file": name,
        "boxes": picture.boxes.tolist(),
        "ignored": picture.ignored.tolist(),
        "boxes_square": None if squares is None else squares.tolist(),
    }


def _picture(folder: Path, row: dict[str, Any]) -> Picture:
    file, squares = folder / row["file"], row["boxes_square"]
    return Picture(
        row["name"],
        _boxes(row["boxes"]),
        loader(file),
        _boxes(row["ignored"]),
        None if squares is None else _boxes(squares),
        file,
    )


def _boxes(rows: list[list[float]]) -> Boxes:
    return np.array(rows, np.float32).reshape(-1, 4)

"""YOLO folders: a text file beside, or parallel to, each picture.

A line is `class cx cy w h`, the last four as fractions of the picture's width and height
(https://docs.ultralytics.com/datasets/detect). Known arrangements: `images/<part>` and
`labels/<part>`; `<part>/images` and `<part>/labels`; `images` and `labels` alone; text files
beside the pictures with a `classes.txt`; lists `train.txt`, `val.txt`, `test.txt` of paths,
from the folder on or absolute, but in it: pictures elsewhere are skipped.
A picture without a text file, or with an empty one, has no face.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dse.data.assembly import assemble, path_or_skip, picture_or_skip, size_or_skip
from dse.data.foreign import MOST_LIST_BYTES, excerpt, is_there, lines, numbers
from dse.data.layouts import require
from dse.data.picture_files import SUFFIXES
from dse.data.pictures import DataSet, Picture, Skipped
from dse.data.splits import PART_NAMES, choose_part, hashed_split
from dse.data.yolo_classes import face_ids
from dse.errors import DataError

__all__ = ["read_yolo"]

LARGEST_FRACTION = 2.0
"""A number above is no fraction of a picture, but surely pixels."""


def read_yolo(folder: Path, split: str) -> DataSet:
    """The pictures of `split` ("train", "val" or "eval") below the folder.

    Parts and hashed splits: see `splits`. Where `data.yaml` or `classes.txt` names several
    classes, those that sound like faces count (see `face_classes`), else all. A picture with
    a malformed text file is skipped, with file and line as the reason. Raises DataError if
    the layout is wrong or nothing is left.
    """
    require("yolo", folder)
    source = f"yolo:{folder}"
    faces = face_ids(source, folder)
    part = choose_part(source, split, _parts(folder), folder / "images")
    skipped: list[Skipped] = []
    paths = _pictures(folder, part.place, skipped)
    pictures = [
        _picture(folder, path, faces, skipped)
        for path in paths
        if not part.hashed or hashed_split(_name(folder, path)) == split
    ]
    if paths and not pictures:
        hint = "make parts of your own: images/train, images/val and images/test"
        raise DataError(f"{source}: too few pictures for a '{split}' part", hint)
    return assemble(source, (picture for picture in pictures if picture), skipped)


def _parts(folder: Path) -> dict[str, Path]:
    """Lists or folders of parts; a folder counts if it has labels."""
    parts: dict[str, Path] = {}
    for name in PART_NAMES:
        for images in (folder / "images" / name, folder / name / "images"):
            if images.is_dir() and _label(folder, images).is_dir():
                parts[name] = images
        if is_there(folder / f"{name}.txt"):
            parts[name] = folder / f"{name}.txt"
    return parts


def _pictures(folder: Path, place: Path, skipped: list[Skipped]) -> list[Path]:
    if place.suffix == ".txt":
        names = [line.strip() for line in lines(place, MOST_LIST_BYTES) if line.strip()]
        seen: set[str] = set()
        paths = [path_or_skip(folder, name, skipped, seen) for name in names]
        return [path for path in paths if path is not None]
    root = place if place.is_dir() else folder
    return sorted(path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES)


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _label(folder: Path, path: Path) -> Path:
    """The path with its last folder `images`, below `folder`, as `labels`."""
    parts = list(path.relative_to(folder).parts)
    for index in reversed(range(len(parts))):
        if parts[index] == "images":
            parts[index] = "labels"
            break
    return Path(folder, *parts)


def _picture(
    folder: Path, path: Path, faces: frozenset[int] | None, skipped: list[Skipped]
) -> Picture | None:
    name = _name(folder, path)
    size = size_or_skip(name, path, skipped)
    if size is None:
        return None
    try:
        boxes = _boxes(_label(folder, path).with_suffix(".txt"), faces)
    except DataError as error:
        skipped.append(Skipped(name, str(error)))
        return None
    return picture_or_skip(name, path, boxes * (size * 2), skipped, size=size)


def _boxes(path: Path, faces: frozenset[int] | None) -> NDArray[np.float64]:
    """Corners (n, 4) as fractions. Raises DataError with file and line."""
    if not is_there(path):
        return np.zeros((0, 4))
    rows = [
        _row(f"{path}:{index}", line.split())
        for index, line in enumerate(lines(path), start=1)
        if line.strip()
    ]
    kept = [row[1:] for row in rows if faces is None or int(row[0]) in faces]
    centres, sizes = np.split(np.array(kept).reshape(-1, 4), 2, axis=1)
    return np.hstack((centres - sizes / 2, centres + sizes / 2))


def _row(where: str, fields: list[str]) -> list[float]:
    row = numbers(fields)
    if row is None or len(row) != 5 or row[0] % 1 or row[0] < 0:
        found = excerpt(" ".join(fields[:8]))
        raise DataError(f"{where}: expected 'class cx cy w h', found '{found}'")
    if max(map(abs, row[1:])) > LARGEST_FRACTION:
        raise DataError(f"{where}: a box is given in pixels, not as fractions")
    return row

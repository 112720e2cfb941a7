"""YOLO folders: a text file beside, or parallel to, each picture.

A line is `class cx cy w h`, the last four as fractions of the picture's width and height
(https://docs.ultralytics.com/datasets/detect). Known arrangements: `images/<part>` and
`labels/<part>`; `<part>/images` and `<part>/labels`; `images` and `labels` alone; text files
beside the pictures with a `classes.txt`; lists `train.txt`, `val.txt`, `test.txt` of paths.
A picture without a text file, or with an empty one, has no face.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.data.assembly import assemble, picture_or_skip, size_or_skip
from dse.data.face_classes import face_classes
from dse.data.layouts import require
from dse.data.picture_files import SUFFIXES
from dse.data.pictures import DataSet, Picture, Skipped
from dse.data.splits import PART_NAMES, choose_part, hashed_split
from dse.errors import DataError

__all__ = ["read_yolo"]

LARGEST_FRACTION = 2.0
"""A number above is no fraction of a picture, but surely pixels."""

YAML_FILES = ("data.yaml", "dataset.yaml", "data.yml")
NAME_FILES = ("classes.txt", "obj.names", "labels/classes.txt")
"""Where the names of the classes may be; the first that is there counts."""


def read_yolo(folder: Path, split: str) -> DataSet:
    """The pictures of `split` ("train", "val" or "eval") below the folder.

    Parts and hashed splits: see `splits`. Where `data.yaml` or `classes.txt` names several
    classes, those that sound like faces count (see `face_classes`), else all. A picture with
    a malformed text file is skipped, with file and line as the reason. Raises DataError if
    the layout is wrong or nothing is left.
    """
    require("yolo", folder)
    source = f"yolo:{folder}"
    faces = _face_ids(source, folder)
    part = choose_part(source, split, _parts(folder), folder / "images")
    paths = _pictures(folder, part.place)
    skipped: list[Skipped] = []
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
        if (folder / f"{name}.txt").is_file():
            parts[name] = folder / f"{name}.txt"
    return parts


def _pictures(folder: Path, place: Path) -> list[Path]:
    if place.suffix == ".txt" and place.is_file():
        lines = _text(place).splitlines()
        return [folder / line.strip() for line in lines if line.strip()]
    root = place if place.is_dir() else folder
    return sorted(path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES)


def _name(folder: Path, path: Path) -> str:
    inside = path.relative_to(folder) if path.is_relative_to(folder) else path
    return inside.as_posix()


def _label(folder: Path, path: Path) -> Path:
    """The path with its last folder `images`, below `folder`, as `labels`."""
    inside = path.is_relative_to(folder)
    parts = list(path.relative_to(folder).parts if inside else path.parts)
    for index in reversed(range(len(parts))):
        if parts[index] == "images":
            parts[index] = "labels"
            break
    return Path(folder, *parts) if inside else Path(*parts)


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
    if not path.is_file():
        return np.zeros((0, 4))
    rows = [
        _row(path, number, line.split())
        for number, line in enumerate(_text(path).splitlines(), start=1)
        if line.strip()
    ]
    kept = [row[1:] for row in rows if faces is None or int(row[0]) in faces]
    centres, sizes = np.split(np.array(kept).reshape(-1, 4), 2, axis=1)
    return np.hstack((centres - sizes / 2, centres + sizes / 2))


def _row(path: Path, number: int, fields: list[str]) -> list[float]:
    try:
        row = [float(field) for field in fields]
    except ValueError:
        row = []
    if len(row) != 5 or not all(map(math.isfinite, row)) or row[0] % 1 or row[0] < 0:
        found = " ".join(fields[:8])
        raise DataError(f"{path}:{number}: expected 'class cx cy w h', found '{found}'")
    if max(map(abs, row[1:])) > LARGEST_FRACTION:
        raise DataError(f"{path}:{number}: a box is given in pixels, not as fractions")
    return row


def _face_ids(source: str, folder: Path) -> frozenset[int] | None:
    """Numbers of the classes that are faces; None if no file names the classes."""
    names = _class_names(folder)
    if not names:
        return None
    faces = face_classes(source, set(names.values()))
    return frozenset(number for number, name in names.items() if name in faces)


def _class_names(folder: Path) -> dict[int, str]:
    for path in (folder / name for name in YAML_FILES):
        if path.is_file():
            return _numbered(_yaml_names(path))
    for path in (folder / name for name in NAME_FILES):
        if path.is_file():
            return _numbered([line.strip() for line in _text(path).splitlines() if line.strip()])
    return {}


def _numbered(names: Any) -> dict[int, str]:
    pairs = names.items() if isinstance(names, dict) else enumerate(names)
    return {int(number): str(name) for number, name in pairs}


def _yaml_names(path: Path) -> Any:
    import yaml  # type: ignore[import-untyped]

    try:
        content = yaml.safe_load(_text(path))
        names = content.get("names", []) if isinstance(content, dict) else []
        _numbered(names)
    except (yaml.YAMLError, TypeError, ValueError) as error:
        hint = "write 'names: [face]', or remove the file"
        raise DataError(f"{path}: cannot be understood ({error})", hint) from error
    return names


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})", "repair or remove it") from error

"""WIDER FACE in its official layout.

`wider_face_split/wider_face_<part>_bbx_gt.txt` lists, for each picture, its path below
`WIDER_<part>/images`, the number of faces, and a line `x y w h blur expression illumination
invalid occlusion pose` for each (Yang et al., "WIDER FACE: A Face Detection Benchmark",
CVPR 2016, and the readme that comes with the annotation). Pictures without a face have one
line of zeros; they stay, as background.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dse.data.assembly import assemble, picture_or_skip
from dse.data.layouts import require
from dse.data.pictures import DataSet, Picture, Skipped
from dse.errors import DataError

__all__ = ["read_wider"]

PARTS = {"train": "train", "val": "val", "eval": "val"}
"""WIDER's test part has no published boxes, so its validation part also serves as `eval`."""

INVALID_COLUMN = 7


@dataclass(frozen=True)
class Entry:
    """One picture of the list: faces as x0, y0, x1, y1, and which of them are invalid."""

    name: str
    boxes: list[tuple[float, float, float, float]]
    invalid: list[bool]


def read_wider(folder: Path, split: str) -> DataSet:
    """The pictures of `split` ("train", "val" or "eval") below the folder.

    Faces marked invalid, or with a side under 5 pixels, are `ignored`. Pictures that cannot
    be read are skipped and counted. Raises DataError if the layout is wrong, a line of the
    list is malformed (with file and line), or nothing is left.
    """
    require("wider", folder)
    part = PARTS[split]
    listing = folder / "wider_face_split" / f"wider_face_{part}_bbx_gt.txt"
    images = folder / f"WIDER_{part}" / "images"
    if not images.is_dir():
        raise DataError(f"there is no folder {images}", f"unpack WIDER_{part}.zip into {folder}")
    pictures: list[Picture] = []
    skipped: list[Skipped] = []
    for entry in _entries(listing):
        picture = picture_or_skip(
            entry.name, images / entry.name, entry.boxes, skipped, invalid=entry.invalid
        )
        if picture is not None:
            pictures.append(picture)
    return assemble(f"wider:{folder}", pictures, skipped)


def _entries(listing: Path) -> Iterator[Entry]:
    """Parses the list. After a malformed line nothing can be trusted, so that is refused."""
    lines = _lines(listing)
    position = 0
    while position < len(lines):
        name = lines[position].strip()
        if not name:
            position += 1
            continue
        faces = _count(listing, lines, position + 1)
        first = position + 2
        rows = [_row(listing, lines, first + index) for index in range(faces)]
        yield Entry(
            name,
            [(x, y, x + width, y + height) for x, y, width, height, *_ in rows],
            [len(row) > INVALID_COLUMN and row[INVALID_COLUMN] == 1 for row in rows],
        )
        position = first + faces
        if not faces and position < len(lines) and _is_zeros(lines[position]):
            position += 1


def _lines(listing: Path) -> list[str]:
    try:
        return listing.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        hint = "unpack wider_face_split.zip again"
        raise DataError(f"{listing}: cannot be read ({error})", hint) from error


def _count(listing: Path, lines: list[str], index: int) -> int:
    text = lines[index].strip() if index < len(lines) else ""
    if not text.isascii() or not text.isdigit():
        raise _malformed(listing, index, "the number of faces", text)
    return int(text)


def _row(listing: Path, lines: list[str], index: int) -> list[float]:
    text = lines[index] if index < len(lines) else ""
    try:
        row = [float(field) for field in text.split()]
    except ValueError:
        row = []
    if len(row) < 4 or not all(math.isfinite(value) for value in row):
        raise _malformed(listing, index, "a face 'x y w h ...'", text)
    return row


def _is_zeros(line: str) -> bool:
    fields = line.split()
    return len(fields) >= 4 and all(field == "0" for field in fields)


def _malformed(listing: Path, index: int, expected: str, found: str) -> DataError:
    what = f"found '{found.strip()}'" if found.strip() else "the line is missing"
    hint = "repair the line, or unpack wider_face_split.zip again"
    return DataError(f"{listing}:{index + 1}: expected {expected}, {what}", hint)

"""WIDER FACE in its official layout.

`wider_face_split/wider_face_<part>_bbx_gt.txt` lists, for each picture, its path below
`WIDER_<part>/images`, the number of faces, and a line `x y w h blur expression illumination
invalid occlusion pose` for each (Yang et al., "WIDER FACE: A Face Detection Benchmark",
CVPR 2016, and the readme that comes with the annotation). Pictures without a face have one
line of zeros; they stay, as background.
"""

from __future__ import annotations

from pathlib import Path

from dse.data.assembly import assemble, path_or_skip, picture_or_skip
from dse.data.layouts import require
from dse.data.listing import Entry, read_listing
from dse.data.pictures import DataSet, Picture, Skipped
from dse.errors import DataError

__all__ = ["read_wider"]

PARTS = {"train": "train", "val": "val", "eval": "val"}
"""WIDER's test part has no published boxes, so its validation part also serves as `eval`."""

INVALID_COLUMN = 7
"""Where a line of all ten columns says 1 for a face that should not count."""


def read_wider(folder: Path, split: str) -> DataSet:
    """The pictures of `split` ("train", "val" or "eval") below the folder.

    Faces marked invalid, or with a side under 5 pixels, are `ignored`. Pictures that cannot
    be read are skipped and counted. Raises DataError if the layout is wrong, a line of the
    list is malformed (with file and line), or nothing is left.
    """
    require("wider", folder)
    part = PARTS[split]
    images = folder / f"WIDER_{part}" / "images"
    if not images.is_dir():
        raise DataError(f"there is no folder {images}", f"unpack WIDER_{part}.zip into {folder}")
    skipped: list[Skipped] = []
    listing = folder / "wider_face_split" / f"wider_face_{part}_bbx_gt.txt"
    seen: set[str] = set()
    found = [_picture(images, entry, skipped, seen) for entry in read_listing(listing, "x y w h")]
    return assemble(f"wider:{folder}", (one for one in found if one), skipped)


def _picture(images: Path, entry: Entry, skipped: list[Skipped], seen: set[str]) -> Picture | None:
    path = path_or_skip(images, entry.name, skipped, seen)
    if path is None:
        return None
    boxes = [(x, y, x + width, y + height) for x, y, width, height, *_ in entry.rows]
    invalid = [len(row) > INVALID_COLUMN and row[INVALID_COLUMN] == 1 for row in entry.rows]
    return picture_or_skip(entry.name, path, boxes, skipped, invalid=invalid)

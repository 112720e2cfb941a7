"""FDDB in its official layout: faces as ellipses, for testing only.

`FDDB-folds/FDDB-fold-<nn>-ellipseList.txt` lists, for each picture, its path below
`originalPics` without `.jpg`, the number of faces, and a line `major_axis_radius
minor_axis_radius angle center_x center_y 1` for each; the angle, in radians, is that of the
major axis against the horizontal (Jain and Learned-Miller, "FDDB: A Benchmark for Face
Detection in Unconstrained Settings", UMass Amherst 2010, and its readme).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.data.assembly import assemble, boxes_or_skip, path_or_skip, size_or_skip
from dse.data.box_rules import clip
from dse.data.layouts import require
from dse.data.listing import Entry, read_listing
from dse.data.picture_files import loader
from dse.data.pictures import DataSet, Picture, Skipped
from dse.errors import DataError

__all__ = ["SQUARE_DROP", "SQUARE_SIDE", "ellipse_boxes", "read_fddb", "square_boxes"]

Float32s = NDArray[np.float32]
Floats = NDArray[np.floating[Any]]

SQUARE_SIDE = 1.3
SQUARE_DROP = 0.26
"""The paper's square, in widths of the ellipse: its side a, and how much lower its centre
lies, b (Narduzzi et al., arXiv 2208.11011, section IV)."""

COLUMNS = "major_axis_radius minor_axis_radius angle center_x center_y"


def ellipse_boxes(ellipses: Floats) -> Float32s:
    """Bounding boxes (n, 4) of rotated ellipses (n, 5: major and minor radius, angle, x, y).

    A point of the outline is farthest in x at sqrt((a cos t)^2 + (b sin t)^2) from the
    centre, and likewise in y with sine and cosine exchanged.
    """
    major, minor, angle, x, y = np.asarray(ellipses, np.float64).T
    cosine, sine = np.cos(angle), np.sin(angle)
    half_width = np.hypot(major * cosine, minor * sine)
    half_height = np.hypot(major * sine, minor * cosine)
    edges = (x - half_width, y - half_height, x + half_width, y + half_height)
    return np.stack(edges, axis=1).astype(np.float32)


def square_boxes(
    ellipses: Floats, side: float = SQUARE_SIDE, drop: float = SQUARE_DROP
) -> Float32s:
    """The paper's squares (n, 4) for ellipses (n, 5): side `side` times the ellipse's width
    (twice its minor radius), centre lowered by `drop` times that width, pixels.
    """
    _, minor, _, x, y = np.asarray(ellipses, np.float64).T
    width = 2 * minor
    half, lowered = side * width / 2, y + drop * width
    return np.stack((x - half, lowered - half, x + half, lowered + half), axis=1).astype(np.float32)


def read_fddb(
    folder: Path, split: str, *, side: float = SQUARE_SIDE, drop: float = SQUARE_DROP
) -> DataSet:
    """The pictures of all folds that are there; `boxes` bound the ellipses.

    Both kinds of box are cut at the border of the picture, as WIDER's are: no detector can
    see what lies beyond it. side, drop: see `square_boxes`. Raises
    DataError for a split other than "eval", a wrong layout, or a malformed line.
    """
    require("fddb", folder)
    if split != "eval":
        hint = "give it as --eval-data, and train on something else, such as 'synthetic'"
        raise DataError(f"fddb:{folder} is a test set and has no '{split}' pictures", hint)
    skipped: list[Skipped] = []
    listings = sorted((folder / "FDDB-folds").glob("FDDB-fold-*-ellipseList.txt"))
    entries = [entry for listing in listings for entry in read_listing(listing, COLUMNS)]
    images, seen = _images(folder), set[str]()
    found = [_picture(images, entry, (side, drop), skipped, seen) for entry in entries]
    return assemble(f"fddb:{folder}", (one for one in found if one), skipped)


def _images(folder: Path) -> Path:
    """`originalPics`, or the folder itself where its years were unpacked beside the folds."""
    official = folder / "originalPics"
    return official if official.is_dir() else folder


def _picture(
    images: Path,
    entry: Entry,
    square: tuple[float, float],
    skipped: list[Skipped],
    seen: set[str],
) -> Picture | None:
    path = path_or_skip(images, f"{entry.name}.jpg", skipped, seen)
    size = None if path is None else size_or_skip(entry.name, path, skipped)
    if path is None or size is None:
        return None
    ellipses = np.array([row[:5] for row in entry.rows], np.float64).reshape(-1, 5)
    checked = boxes_or_skip(entry.name, ellipse_boxes(ellipses), size, skipped)
    if checked is None:
        return None
    squares = clip(square_boxes(ellipses, *square)[checked.kept], size)
    return Picture(entry.name, checked.found, loader(path), checked.ignored, squares, path)

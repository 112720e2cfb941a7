"""The 25 face sizes that every cell of the paper's output map looks for."""

from __future__ import annotations

import math
from pathlib import Path

from dse import resources
from dse.errors import InvalidFile

__all__ = ["COUNT", "REFERENCE_SIZE", "canonical_boxes"]

COUNT = 25
"""Of them (arXiv 2208.11011)."""

REFERENCE_SIZE = 500
"""Side in pixels of the picture that the file's sizes are for."""

HEADER = "width_pixels,height_pixels"


def canonical_boxes() -> tuple[tuple[float, float], ...]:
    """Width and height of each, pixels on a canvas of `REFERENCE_SIZE` x `REFERENCE_SIZE`.

    Source: see the head of search_spaces/canonical_boxes.csv. Raises InvalidFile if that
    file is damaged.
    """
    path = resources.folder("search_spaces") / "canonical_boxes.csv"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        hint = "install dse again: the file belongs to it"
        raise InvalidFile(path, f"cannot be read ({error.strerror})", hint=hint) from error
    rows = [
        _size(path, number, line)
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.startswith("#") and line.strip() != HEADER
    ]
    if len(rows) != COUNT:
        raise InvalidFile(path, f"holds {len(rows)} boxes, not {COUNT}")
    return tuple(rows)


def _size(path: Path, number: int, line: str) -> tuple[float, float]:
    try:
        width, height = (float(field) for field in line.split(","))
    except ValueError as error:
        raise InvalidFile(path, f"expected '{HEADER}', found '{line}'", number) from error
    if not (0 < width < math.inf and 0 < height < math.inf):
        raise InvalidFile(path, f"a size must be above 0, found '{line}'", number)
    return width, height

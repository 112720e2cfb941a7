"""The 25 face sizes that every cell of an output map looks for."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dse import resources
from dse.errors import InvalidFile

__all__ = ["COUNT", "REFERENCE_SIZE", "canonical_boxes"]

COUNT = 25
"""Canonical boxes per cell: the head has 25 x 5 = 125 channels (arXiv 2208.11011)."""

REFERENCE_SIZE = 500
"""Side in pixels of the picture that the file's sizes are for."""

HEADER = "width_pixels,height_pixels"


def canonical_boxes(input_size: int) -> NDArray[np.float32]:
    """Widths and heights (25, 2) float32, pixels on a canvas of `input_size` x `input_size`.

    Source: see the head of search_spaces/canonical_boxes.csv. Raises InvalidFile if that
    file is damaged.
    """
    reference = _read(resources.folder("search_spaces") / "canonical_boxes.csv")
    return (np.array(reference) * (input_size / REFERENCE_SIZE)).astype(np.float32)


@lru_cache(maxsize=4)
def _read(path: Path) -> tuple[tuple[float, float], ...]:
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
    if not (0 < width < np.inf and 0 < height < np.inf):
        raise InvalidFile(path, f"a size must be above 0, found '{line}'", number)
    return width, height

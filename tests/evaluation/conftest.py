"""Pictures with known faces, and a detector that knows them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dse.data.pictures import DataSet, Picture
from dse.errors import DataError


def picture(number: int, height: int, width: int) -> Picture:
    """A dark picture with two bright faces; FDDB's squares lie 2 pixels to the right."""
    rng = np.random.default_rng(number)
    side = min(height, width) // 4
    corners = np.array([[0, 0], [width // 2, height // 2]]) + rng.integers(0, side, (2, 2))
    boxes = np.concatenate([corners, corners + side], axis=1).astype(np.float32)
    pixels = np.full((height, width, 3), 20, np.uint8)
    for x0, y0, x1, y1 in boxes.astype(int):
        pixels[y0:y1, x0:x1] = 230
    square = boxes + np.array([2, 0, 2, 0], np.float32)
    return Picture(f"picture {number}", boxes, lambda: pixels, boxes_square=square)


def broken(number: int) -> Picture:
    def load() -> NDArray[np.uint8]:
        raise DataError("truncated file")

    return Picture(f"broken {number}", np.array([[1, 1, 9, 9]], np.float32), load)


@pytest.fixture
def pictures() -> DataSet:
    """Five pictures of different shapes, ten faces."""
    shapes = [(100, 160), (160, 100), (128, 128), (90, 200), (300, 260)]
    return DataSet("five", tuple(picture(n, *shape) for n, shape in enumerate(shapes)))


@pytest.fixture
def broken_among(pictures: DataSet) -> DataSet:
    """The five pictures with two unreadable ones between them."""
    all_of_them = list(pictures.pictures)
    all_of_them[1:1] = [broken(0)]
    return DataSet("seven", (*all_of_them, broken(1)))


@pytest.fixture
def only_broken() -> DataSet:
    return DataSet("broken", (broken(0), broken(1)))

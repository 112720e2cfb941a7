"""A handful of pictures with one plain pattern to find: enough to train on in a second."""

from __future__ import annotations

import numpy as np
import pytest

from dse.data.pictures import DataSet, Picture


def _picture(number: int) -> Picture:
    rng = np.random.default_rng(number)
    pixels = rng.integers(90, 130, (96, 96, 3)).astype(np.uint8)
    side = int(rng.integers(24, 48))
    x, y = rng.integers(0, 96 - side, 2)
    pixels[y : y + side, x : x + side] = 230
    pixels[y + side // 3 : y + side // 2, x + side // 4 : x + 3 * side // 4] = 20
    box = np.array([[x, y, x + side, y + side]], np.float32)
    return Picture(f"pattern {number}", box, lambda: pixels)


@pytest.fixture(scope="session")
def patterns() -> DataSet:
    """48 pictures of 96 x 96 pixels with one labelled pattern each."""
    return DataSet("patterns", tuple(_picture(number) for number in range(48)))

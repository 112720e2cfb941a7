"""Small data folders written on the spot."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

WritePicture = Callable[..., Path]


@pytest.fixture
def write_picture() -> WritePicture:
    """Writes a picture of `size` (width, height) at a path, and the folders above it."""

    def write(path: Path, size: tuple[int, int] = (60, 40), **options: Any) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        seed = sum(os.fsencode(path.name))
        pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3))
        Image.fromarray(pixels.astype(np.uint8)).save(path, **options)
        return path

    return write

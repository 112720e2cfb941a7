"""Pictures that are computed, kept on the disk once they have been."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from dse.data.pictures import DataSet, Picture
from dse.data.sources import Split, open_data

__all__ = ["open_rendered", "rendered_once"]


def open_rendered(spec: str, split: Split, cache: Path, *, limit: int | None = None) -> DataSet:
    """`open_data`, whose synthetic scenes are drawn once for all that use the same `cache`."""
    data = open_data(spec, split, limit=limit)
    return rendered_once(data, cache) if spec.startswith("synthetic") else data


def rendered_once(data: DataSet, cache: Path) -> DataSet:
    """`data` whose pictures are rendered on first use and read from `cache` afterwards.

    The folder is named after the set's checksum and the generator's source code, so that
    neither another set nor an older generator answers.
    """
    folder = cache / "scenes" / f"{data.checksum}-{_generator_id()}"
    return replace(data, pictures=tuple(_kept(picture, folder) for picture in data.pictures))


def _kept(picture: Picture, folder: Path) -> Picture:
    name = hashlib.sha256(picture.name.encode()).hexdigest()[:16]
    return replace(picture, load=partial(_load, folder / f"{name}.png", picture.load))


def _load(path: Path, render: Callable[[], NDArray[np.uint8]]) -> NDArray[np.uint8]:
    with contextlib.suppress(OSError, SyntaxError, UnidentifiedImageError):
        return np.asarray(Image.open(path))
    pixels = render()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    # the lightest compression: a picture is written once and read often
    Image.fromarray(pixels).save(temporary, "PNG", compress_level=1)
    os.replace(temporary, path)
    return pixels


@lru_cache(maxsize=1)
def _generator_id() -> str:
    digest = hashlib.sha256()
    for source in sorted((Path(__file__).parent / "synthetic").glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:8]

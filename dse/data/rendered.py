"""Pictures that are computed, kept on the disk once they have been."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dse.data.picture_files import load_pixels
from dse.data.pictures import FACES, DataSet, Picture
from dse.data.sources import Split, open_data, spread
from dse.data.specification import DRAWN, DataSpec
from dse.errors import DataError, FileError
from dse.files import make_folder, whole_file

__all__ = ["draw_missing", "open_rendered", "rendered_once"]


def open_rendered(spec: str, split: Split, cache: Path, *, limit: int | None = None) -> DataSet:
    """`open_data`, whose synthetic scenes are drawn once for all that use the same `cache`,
    with whatever limit."""
    if DataSpec.parse(spec).kind not in DRAWN:
        return open_data(spec, split, limit=limit)
    return spread(rendered_once(open_data(spec, split), cache), limit)


def rendered_once(data: DataSet, cache: Path) -> DataSet:
    """`data` whose pictures are rendered on first use and read from `cache` afterwards.

    The folder is named after the set's checksum and the generator's source code, so that
    neither another set nor an older generator answers.
    """
    folder = cache / "scenes" / f"{data.checksum}-{_generator_id(data.classes == FACES)}"
    return replace(data, pictures=tuple(_kept(picture, folder) for picture in data.pictures))


def draw_missing(data: DataSet) -> None:
    """Draws what is not on the disk yet of a set that `open_rendered` gave; leaves others alone.

    Every call goes by an order of its own, so that processes which want the same set at the same
    time share the work instead of drawing the same pictures side by side.
    """
    missing = [picture for picture in data.pictures if _is_missing(picture)]
    for place in np.random.default_rng().permutation(len(missing)):
        if _is_missing(missing[place]):
            missing[place].load()


def _is_missing(picture: Picture) -> bool:
    load = picture.load
    return isinstance(load, _Kept) and not load.path.exists()


@dataclass(frozen=True)
class _Kept:
    """Loads a picture from `path`, and draws it where it is not there, or damaged."""

    path: Path
    draw: Callable[[], NDArray[np.uint8]]

    def __call__(self) -> NDArray[np.uint8]:
        with contextlib.suppress(DataError):
            return load_pixels(self.path)
        pixels = self.draw()
        with contextlib.suppress(FileError):  # one that cannot be kept is drawn again
            self._keep(pixels)
        return pixels

    def _keep(self, pixels: NDArray[np.uint8]) -> None:
        make_folder(self.path.parent)
        with whole_file(self.path, durable=False) as file:  # thousands, and damage is noticed
            # not compressed: a picture is written once, and read in every epoch of every training
            Image.fromarray(pixels).save(file, "BMP")


def _kept(picture: Picture, folder: Path) -> Picture:
    name = hashlib.sha256(picture.name.encode()).hexdigest()[:16]
    return replace(picture, load=_Kept(folder / f"{name}.bmp", picture.load))


@lru_cache(maxsize=2)
def _generator_id(of_faces: bool) -> str:
    """Digits are drawn with parts of the faces' generator, but not the other way round."""
    digest, here = hashlib.sha256(), Path(__file__).parent
    for folder in ("synthetic",) if of_faces else ("synthetic", "synthetic_digits"):
        for source in sorted((here / folder).glob("*.py")):
            digest.update(source.read_bytes())
    return digest.hexdigest()[:8]

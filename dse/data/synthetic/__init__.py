"""Procedural face scenes: the data that travels with the program.

Every picture is drawn by rules, none is taken from anywhere: a head is a surface that rays
meet (`head`, `hair`, `surface`), painted (`skin`) and lit (`shading`), set on shoulders (`body`)
into a scene (`people`, `things`, `background`, `scene`), drawn (`render`) and photographed
(`camera`). A scene is a pure function of its seed, split and number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dse.data.pictures import DataSet, Picture
from dse.data.synthetic.scene import SPLITS, sample_scene
from dse.errors import DataError, UnknownName

__all__ = ["synthetic"]


@dataclass(frozen=True)
class _Draw:
    """Picklable loader of one scene."""

    seed: int
    split: str
    index: int
    size: tuple[int, int] | None

    def __call__(self) -> NDArray[np.uint8]:
        from dse.data.synthetic.render import render

        return render(sample_scene(self.seed, self.split, self.index, self.size))


def synthetic(
    split: str, count: int, *, seed: int = 0, size: tuple[int, int] | None = None
) -> DataSet:
    """`count` scenes of a split ("train", "val", "eval"), drawn when they are loaded.

    Scene k is the same whatever `count` is. size: (width, height) in pixels of every picture,
    both at least 32; without it sizes vary from 224 to 384. Faces narrower than 6 pixels or
    hidden by more than 70 % are in `ignored`. Raises UnknownName or DataError.
    """
    if split not in SPLITS:
        raise UnknownName("split", split, SPLITS)
    if count < 1:
        raise DataError(f"{count} synthetic pictures", hint="ask for at least 1: synthetic:1000")
    if size is not None and min(size) < 32:
        raise DataError(f"synthetic pictures of {size} pixels", hint="both sides at least 32")
    pictures = []
    for index in range(count):
        scene = sample_scene(seed, split, index, size)
        name = f"{split}/{index:06d}-seed{seed}"
        pictures.append(Picture(name, scene.boxes, _Draw(seed, split, index, size), scene.ignored))
    return DataSet(f"synthetic:{count}", tuple(pictures))

"""Procedural scenes with digits, of ten classes: the several-class data that travels with the
program.

Every picture is drawn by rules: a digit is a few strokes (`glyphs`), set in groups as displays,
plates and notes have them (`scene`), inked onto a cluttered background, and photographed
(`drawing`). A scene is a pure function of its seed, split and number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dse.data.box_rules import check_boxes
from dse.data.pictures import DataSet, Picture
from dse.data.synthetic_digits.glyphs import DIGITS
from dse.data.synthetic_digits.scene import sample_scene

__all__ = ["synthetic_digits"]


@dataclass(frozen=True)
class _Draw:
    """Picklable loader of one scene."""

    seed: int
    split: str
    index: int

    def __call__(self) -> NDArray[np.uint8]:
        from dse.data.synthetic_digits.drawing import render

        return render(sample_scene(self.seed, self.split, self.index))


def synthetic_digits(split: str, count: int, *, seed: int = 0) -> DataSet:
    """`count` scenes of a split ("train", "val", "eval"), drawn when they are loaded.

    The classes are "0" to "9"; digits narrower than 5 pixels are `ignored`. Scene k is the same
    whatever `count` is.
    """
    pictures = []
    for index in range(count):
        scene = sample_scene(seed, split, index)
        name = f"{split}/{index:06d}-digits-seed{seed}"
        numbers = np.array([digit.value for digit in scene.digits], np.int32)
        boxes = check_boxes(name, scene.boxes, (scene.width, scene.height))
        picture = Picture(
            name,
            boxes.found,
            _Draw(seed, split, index),
            boxes.ignored,
            classes=numbers[boxes.kept],
            ignored_classes=numbers[boxes.unclear],
        )
        pictures.append(picture)
    return DataSet(f"synthetic-digits:{count}", tuple(pictures), classes=DIGITS)

"""The anchors of a study, clustered from its training labels before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dse.canvas import Canvas, InputSize
from dse.data import load_all
from dse.data.letterbox import fitting_scale
from dse.detection.clustering import cluster_anchors
from dse.detection.geometry import Boxes
from dse.detection.head import reference_scale
from dse.detection.heads import HEADS, Heads
from dse.space import SearchSpace
from dse.study.settings import SearchSettings
from dse.training.augmentation import SMALLEST_PIXELS
from dse.workers.training_job import rendered_pictures

__all__ = ["clustered_heads"]

PICTURES = 500
"""Spread over the training set: more change an anchor by less than a tenth."""


def clustered_heads(
    settings: SearchSettings, space: SearchSpace, classes: tuple[str, ...], cache: Path
) -> Heads:
    """Anchors for every head of `space` that has its own, at every input size of `space`.

    cache: folder for drawn pictures. Raises DataError where no picture holds a box, and what
    the readers raise.
    """
    names = [name for name in space.head if HEADS[name].is_clustered]
    if not names:
        return Heads(classes)
    limit = min(settings.recipe.pictures or PICTURES, PICTURES)
    data = rendered_pictures(settings.data, "train", str(cache), limit)
    seen = [(one.boxes, pixels.shape[0], pixels.shape[1]) for one, pixels in load_all(data)]
    sizes = {size: _box_sizes(seen, size) for size in space.input_size}
    return Heads(classes, tuple(
        (name, str(size), cluster_anchors(boxes, HEADS[name].boxes))
        for name in names
        for size, boxes in sizes.items()
    ))  # fmt: skip


def _box_sizes(seen: Sequence[tuple[Boxes, int, int]], size: InputSize) -> NDArray[np.float64]:
    """(n, 2) widths and heights of what is to be found on canvases of that size, as anchors are
    measured. seen: boxes, height and width of each picture."""
    canvas = Canvas.of(size)
    found = [np.zeros((0, 2))]
    for boxes, height, width in seen:
        sides = (boxes[:, 2:] - boxes[:, :2]).astype(np.float64) * fitting_scale(
            canvas, height, width
        )
        found.append(sides[sides.min(axis=1, initial=np.inf) >= SMALLEST_PIXELS])
    return np.concatenate(found) / reference_scale(size)

"""What a detector should have answered, for many pictures, kept sparse.

A dense truth for ten thousand views would take half a gigabyte and be almost all zeros;
objects and ignored boxes are kept as indices and spread out one batch at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dse.canvas import InputSize
from dse.data.pictures import Classes
from dse.detection.geometry import Boxes
from dse.detection.head import FACE_HEAD, Head

__all__ = ["Truth"]

LEAST_IOU = 0.2
"""An object that no anchor overlaps by this much teaches noise, and is left out."""


class Truth:
    """Labels and offsets of every anchor, for n views.

    labels: per view boxes (k, 4), ignored (m, 4), canvas pixels, and the boxes' classes (k,).
    map_shape: (h, w) of the detector's output. input_size: names the canvas.
    """

    def __init__(
        self,
        labels: Sequence[tuple[Boxes, Boxes, Classes]],
        map_shape: tuple[int, int],
        input_size: InputSize,
        head: Head = FACE_HEAD,
    ) -> None:
        self._head, self._map_shape = head, map_shape
        self._grid = head.grid(input_size, *map_shape)
        self._targets = [self._target(*view) for view in labels]

    def __len__(self) -> int:
        return len(self._targets)

    def dense(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """The truth of the views `indices`: (n, h, w, boxes, numbers), as of `Head.numbers`."""
        shape = (*self._map_shape, len(self._head.anchors), self._head.numbers_per_box)
        truth = np.zeros((len(indices), len(self._grid), shape[-1]), np.float32)
        for row, index in enumerate(indices):
            self._head.write_truth(truth[row], *self._targets[index])
        return truth.reshape(len(indices), *shape)

    def _target(self, boxes: Boxes, ignored: Boxes, classes: Classes) -> _Target:
        found = self._head.assign(boxes, ignored, self._grid, least_iou=LEAST_IOU)
        offsets = self._head.encode(
            boxes[found.faces].astype(np.float32), self._grid[found.positive]
        )
        return _Target(found.positive, classes[found.faces], offsets, found.ignored)


class _Target(NamedTuple):
    """Arguments of `Head.write_truth`."""

    positive: NDArray[np.int32]
    classes: NDArray[np.int32]
    offsets: NDArray[np.float32]
    ignored: NDArray[np.int32]

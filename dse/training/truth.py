"""What a detector should have answered, for many pictures, kept sparse.

A dense truth for ten thousand views would take half a gigabyte and be almost all zeros;
faces and ignored boxes are kept as indices and spread out one batch at a time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dse.data.pictures import Boxes
from dse.detection.assignment import assign
from dse.detection.geometry import anchor_grid
from dse.network.detector import ANCHORS

__all__ = ["Truth"]

LEAST_IOU = 0.2
"""A face that no canonical box overlaps by this much teaches noise, and is left out."""


class Truth:
    """Labels and offsets of every canonical box, for n views.

    faces: per view (boxes (k, 4), ignored (m, 4)), canvas pixels.
    map_shape: (h, w) of the detector's output. input_size: side of the canvas, pixels.
    """

    def __init__(
        self, faces: Sequence[tuple[Boxes, Boxes]], map_shape: tuple[int, int], input_size: int
    ) -> None:
        anchors = anchor_grid(input_size, *map_shape)
        self._map_shape = map_shape
        self._assigned = [
            assign(boxes, ignored, anchors, least_iou=LEAST_IOU) for boxes, ignored in faces
        ]

    def __len__(self) -> int:
        return len(self._assigned)

    def dense(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """The truth of the views `indices`: (n, h, w, 25, 5), label then offsets."""
        height, width = self._map_shape
        truth = np.zeros((len(indices), height * width * ANCHORS, 5), np.float32)
        for row, index in enumerate(indices):
            assigned = self._assigned[index]
            truth[row, assigned.ignored, 0] = -1
            truth[row, assigned.positive, 0] = 1
            truth[row, assigned.positive, 1:] = assigned.offsets
        return truth.reshape(len(indices), height, width, ANCHORS, 5)

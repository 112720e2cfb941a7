"""Batches of views that no epoch repeats: for networks of which little is frozen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dse.detection.head import Head
from dse.network.arrays import normalised
from dse.training.trainer import Batches
from dse.training.truth import Truth
from dse.training.views import ViewSet

__all__ = ["FreshViews"]


class FreshViews(Batches):
    """Each picture once an epoch, in a view of its own: number `epoch` of `views`.

    Nothing is stored, so that a small set is not learnt by heart, and the disk holds nothing.
    """

    def __init__(
        self, views: ViewSet, map_shape: tuple[int, int], head: Head, batch_size: int, seed: int
    ) -> None:
        self._views, self._map_shape, self._head = views, map_shape, head
        super().__init__(len(views.data), batch_size, seed)

    def __getitem__(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Pictures (n, height, width, 3) in [-1, 1], and their truth."""
        seen = [self._views.view(int(number), self.epoch) for number in self.chosen(step)]
        labels = [(view.boxes, view.ignored, view.classes) for view in seen]
        truth = Truth(labels, self._map_shape, self._views.input_size, self._head)
        canvases = np.stack([view.canvas for view in seen])
        return normalised(canvases), truth.dense(np.arange(len(seen)))

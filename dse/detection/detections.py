"""What a detector says about one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dse.detection.geometry import Boxes

__all__ = ["Detections"]


@dataclass(frozen=True)
class Detections:
    """Boxes (k, 4) in pixels and their scores (k,) in 0..1, best first.

    classes: (k,) places in the head's classes; all the first one where left out.
    """

    boxes: Boxes
    scores: NDArray[np.float32]
    classes: NDArray[np.int32] = None  # type: ignore[assignment]  # made from `scores`

    def __post_init__(self) -> None:
        if self.classes is None:
            object.__setattr__(self, "classes", np.zeros(len(self.scores), np.int32))

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def joined(cls, several: Sequence[Detections]) -> Detections:
        """Those of `several`, one after the other."""
        return cls(
            np.concatenate([one.boxes for one in several]),
            np.concatenate([one.scores for one in several]),
            np.concatenate([one.classes for one in several]),
        )

    def __getitem__(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Detections:
        """Those that `chosen` marks, (k,), or numbers."""
        return Detections(self.boxes[chosen], self.scores[chosen], self.classes[chosen])

    def above(self, score: float | Sequence[float]) -> Detections:
        """Those with `score` or more; of several scores each class has its own."""
        least = np.asarray(score, np.float32)
        return self[self.scores >= (least[self.classes] if least.ndim else least)]

    def on_picture(self, scale: float, height: int, width: int) -> Detections:
        """These detections of a canvas in the pixels of its picture (height x width).

        scale: canvas pixels per picture pixel. Boxes are clipped to the picture; those that
        lie in the empty part of the canvas are left out.
        """
        boxes = np.clip(self.boxes / np.float32(scale), 0.0, [width, height, width, height])
        visible = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        return Detections(boxes.astype(np.float32), self.scores, self.classes)[visible]
